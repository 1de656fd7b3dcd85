// Package phone is a phone in code: it connects to OpenRBM over the device
// protocol (docs/device-protocol.md), receives what agents send, acknowledges it,
// and sends what its user does. It connects again by itself and repeats what the
// server has not confirmed, so nothing is lost and nothing is shown twice.
//
//	p, err := phone.Dial(ctx, phone.Options{URL: ready.DeviceURL, Number: "+12223334444", Token: token})
//	m, err := p.WaitMessage(ctx, func(m *phone.Message) bool { return m.MessageID == id })
//	_, err = p.Tap(ctx, m.AgentID, m.MessageID, "suggestions[0]")
//
// A method that sends something returns when the server has made it durable. If
// its context ends first, it is still sent when the phone is next connected.
//
// A phone that forgets nothing, even when its process is killed, has a State from
// OpenState.
package phone
