package sim

import (
	"context"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
)

// What agents, phones and webhooks see of the platform: the ends of both ways.

// answered is told that an agent has heard of a send.
func (o *oracle) answered(m *message, payload []byte) {
	if m.acked == 0 {
		m.acked, m.payload = o.w.steps, string(payload)
	} else if string(payload) != m.payload {
		o.w.fault("the repeat of %v is answered with something else: %s, before %s", m.ref, payload, m.payload)
	}
}

// wrote is told that a user wrote something.
func (o *oracle) wrote(p *phone, po *post) {
	o.posts = append(o.posts, &userMessage{phone: p, post: po})
}

// shown is told that a phone shows a message, or takes in an event, that it did not have.
func (o *oracle) shown(p *phone, m *message, payload []byte) {
	w := o.w
	switch {
	case m.phone != p:
		w.fault("%v was sent to %s and comes to %s", m.ref, m.phone.number, p.number)
	case m.screen > 0:
		w.fault("%v is on the screen of %s twice", m.ref, p.number)
	case m.payload != "" && string(payload) != m.payload:
		w.fault("%v comes to %s with another content than was answered", m.ref, p.number)
	}
	m.screen, m.ever = w.steps, true
	// Who failed to take a message back has taken it out of its turn; and by some
	// clock that ever was its time may be over, by which a node passed it over.
	if m.acked == 0 || m.revoking || o.expired(m.ref, time.Now().Add(o.ahead)) {
		return
	}
	for _, b := range o.order {
		if b.phone == p && b.screen > 0 && b != m && b.first > m.acked {
			w.fault("order: %v comes to %s after %v, which was sent when its own send had been answered", m.ref, p.number, b.ref)
		}
	}
}

// expired says that the expireTime of a message has come.
func (o *oracle) expired(r ref, now time.Time) bool {
	st, err := o.witness.Status(context.Background(), r)
	return err == nil && !st.ExpireTime.IsZero() && now.After(st.ExpireTime)
}

// hidden is told that a message has left the screen.
func (o *oracle) hidden(_ *phone, m *message) {
	if m != nil {
		m.screen = 0
	}
}

// repeated is told that a phone got something again that it shows.
func (o *oracle) repeated(p *phone, l *link, e *entry) {
	if e.confirmed && !o.w.script.twoNodes {
		o.w.fault("%v comes to %s again after %s had been told that it is confirmed", e.ref, p.number, p.number)
	}
}

// reported is told what a phone says of a message.
func (o *oracle) reported(e *entry) {
	if e.m != nil {
		e.m.saidAck = e.m.saidAck || e.said == engine.Acked || e.said == engine.Read
		e.m.saidRead = e.m.saidRead || e.said == engine.Read
	}
}

// reset is told that a phone has lost its screen.
func (o *oracle) reset(p *phone) {
	for _, m := range o.order {
		if m.phone == p {
			m.screen = 0
		}
	}
}

// told is told that a webhook has taken in a call.
func (o *oracle) told(n *notice) {
	if n.EventType == "" {
		o.toldPost(n)
		return
	}
	m := o.find(ref{Agent: n.agent, ID: n.MessageID})
	if m == nil || m.kind != "message" {
		o.w.fault("the webhook of %s is told %v, which is nothing it sent", n.agent, n)
		return
	}
	m.receipts[n.EventType]++
	if why := o.untrue(m, n); why != "" {
		o.w.fault("the webhook is told %v: %s", n, why)
	}
}

// untrue says why a receipt cannot be true.
func (o *oracle) untrue(m *message, n *notice) string {
	switch n.EventType {
	case "DELIVERED":
		if !m.ever || !m.saidAck {
			return "the phone has not acknowledged it"
		}
		if n.SenderPhoneNumber != m.phone.number {
			return "it was for another phone"
		}
	case "READ":
		if !m.saidRead {
			return "nobody has read it"
		}
	case "TTL_EXPIRATION_REVOKED", "TTL_EXPIRATION_REVOKE_FAILED":
		if m.ttl == 0 {
			return "it never expires"
		}
		if now := time.Now().Add(o.ahead); m.first == 0 || now.Before(o.w.began.Add(m.ttl)) {
			return "its time had not come"
		}
	default:
		return "there is no such receipt"
	}
	return ""
}

func (o *oracle) toldPost(n *notice) {
	for _, u := range o.posts {
		if u.post.id == n.MessageID && u.post.agent == n.agent {
			if u.phone.number != n.SenderPhoneNumber || u.post.text != n.Text {
				o.w.fault("the webhook is told %v with another sender or text", n)
			}
			u.told++
			return
		}
	}
	o.w.fault("the webhook is told %v, which nobody wrote", n)
}
