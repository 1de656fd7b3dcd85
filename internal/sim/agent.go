package sim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/rbm"
)

// agent sends messages in threads: each message when the one before was answered.
// What has no answer it sends again, under the same id.
type agent struct {
	w       *world
	id      string
	hook    *hook
	n       int // messages so far
	waiting int // messages and revocations whose answer is open
}

func newAgent(w *world, id string) *agent {
	return &agent{w: w, id: id, hook: &hook{w: w, agent: id}}
}

// live plans what the agent does in the storm.
func (a *agent) live() {
	for range 5 + a.w.rng.IntN(20) {
		p := a.w.phones[a.w.rng.IntN(len(a.w.phones))]
		left := 1 + a.w.rng.IntN(6)
		a.w.sometime(1, func() { a.next(p, left) })
	}
}

// next sends the first of left messages to p, and then the others.
func (a *agent) next(p *phone, left int) {
	if left == 0 || a.w.calm {
		return
	}
	a.n++
	m := &message{
		ref: ref{Agent: a.id, ID: fmt.Sprintf("%s-%d", strings.TrimPrefix(a.id, "agent"), a.n)}, phone: p, kind: "message",
		patient: !a.w.chance(0.1), receipts: make(map[string]int), then: func() { a.w.after(a.w.latency(), func() { a.next(p, left-1) }) },
	}
	switch r := a.w.rng.Float64(); {
	case r < 0.10:
		m.kind = "READ"
	case r < 0.15:
		m.kind = "IS_TYPING"
	case r < 0.45:
		m.ttl = time.Duration(1+a.w.rng.IntN(40)) * time.Second
	}
	a.w.oracle.add(m)
	a.waiting++
	a.send(m, false)
	if m.kind == "message" && a.w.chance(0.2) {
		a.w.after(a.w.upTo(15*time.Second), func() { a.revoke(m, 1) })
	}
	if a.w.chance(0.1) {
		a.w.after(a.w.upTo(30*time.Second), func() { a.send(m, true) })
	}
}

// send sends m, or, as an agent that has forgotten its answer, repeats it.
func (a *agent) send(m *message, again bool) {
	w := a.w
	m.tries++
	try, in := m.tries, w.acceptor()
	if m.first == 0 {
		m.first = w.steps
	}
	answered := func(payload []byte, err error) { a.answered(m, again, try, payload, err) }
	if in == nil {
		w.say(a.id, "finds nobody to send %s to", m.ref.ID)
		answered(nil, errLost)
		return
	}
	w.say(a.id, "sends %s %s for %s to %s, ttl %v, try %d", m.kind, m.ref.ID, m.phone.number, in.name, m.ttl, try)
	c := w.call(in, fmt.Sprint("send ", m.ref.ID, " ", try), func(ctx context.Context) ([]byte, error) {
		res, err := in.accept(ctx, m)
		if err != nil {
			return nil, err
		}
		w.oracle.accepted(in, m)
		return res.Payload, nil
	}, answered)
	if w.chance(w.script.lossy) { // the answer gets lost, or the agent does not wait for it
		w.after(w.upTo(4*time.Second), func() { w.answer(c, nil, errLost) })
	}
}

func (l *life) accept(ctx context.Context, m *message) (*engine.Accepted, error) {
	switch m.kind {
	case "READ":
		return l.engine.AcceptEvent(ctx, m.ref, m.phone.number, &rbm.AgentEvent{EventType: rbm.AgentEventRead, MessageID: "u"})
	case "IS_TYPING":
		return l.engine.AcceptEvent(ctx, m.ref, m.phone.number, &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
	}
	content := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: m.ref.ID}}
	if m.ttl > 0 {
		ttl := rbm.Duration(m.ttl)
		content.TTL = &ttl
	}
	return l.engine.AcceptMessage(ctx, m.ref, m.phone.number, content)
}

func (a *agent) answered(m *message, again bool, try int, payload []byte, err error) {
	w := a.w
	w.say(a.id, "hears of %s, try %d: %s", m.ref.ID, try, outcome(err))
	if err == nil {
		w.oracle.answered(m, payload)
	} else if !temporary(err) {
		w.fault("sending %v is answered %v", m.ref, err)
	}
	switch {
	case again:
	case err == nil || !m.patient:
		a.waiting--
		m.then()
	default:
		w.after(200*time.Millisecond+w.upTo(2*time.Second), func() { a.send(m, false) })
	}
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case err == errLost:
		return "nothing"
	}
	return rbm.CodeOf(err).String()
}

// revoke takes m back, and asks again when it does not hear what became of that.
func (a *agent) revoke(m *message, try int) {
	w := a.w
	in := w.pick(func(l *life) bool { return l.accepting || w.chance(0.5) })
	if in == nil {
		w.after(time.Second, func() { a.revoke(m, try) })
		return
	}
	m.revoking = true
	a.waiting++
	w.say(a.id, "revokes %s at %s, try %d", m.ref.ID, in.name, try)
	w.call(in, fmt.Sprint("revoke ", m.ref.ID, " ", try), func(ctx context.Context) ([]byte, error) {
		err := in.engine.Revoke(ctx, m.ref, m.phone.number)
		if err == nil {
			w.oracle.revoked(in, m)
		}
		return nil, err
	}, func(_ []byte, err error) {
		a.waiting--
		w.say(a.id, "hears of the revocation of %s: %s", m.ref.ID, outcome(err))
		switch {
		case temporary(err) && (w.calm || try < 5):
			w.after(w.upTo(3*time.Second), func() { a.revoke(m, try+1) })
		case err != nil && rbm.CodeOf(err) != rbm.CodeNotFound && !temporary(err):
			w.fault("revoking %v is answered %v", m.ref, err)
		}
	})
}
