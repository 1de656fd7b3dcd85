// Package client is the Go client of OpenRBM, and of anything else that speaks the
// RCS for Business API.
//
// [Client] sends: messages, events, capability checks and revocations, as one agent,
// with a service account key file:
//
//	c, err := client.New(client.Options{KeyFile: "key.json", AgentID: "demo_agent"})
//	m := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "Parcel ready"}}
//	sent, err := c.CreateAgentMessage(ctx, "+12223334444", "", m)
//
// It gets and renews its access tokens by itself. A call that meets 429, a failure of
// the server or a broken connection is repeated, with the same id, after pauses that
// double from about 0.25 s and honour Retry-After, until it is answered, ctx ends or
// Options.MaxAttempts is used up. What the server refuses is a *rbm.Error, with every
// violation in it; a key that it refuses is a [*TokenError].
//
// Files are sent with UploadFile, over bad connections with UploadFileResumable, or
// fetched by the platform with CreateFile.
//
// [Webhook] receives: it is the http.Handler of an agent's webhook.
//
// [Management] manages brands, agents, their verification and launch, integrations,
// testers and the partner.
//
// [Admin] administers a server: agents, keys, webhooks, testers, phones, the clock.
package client
