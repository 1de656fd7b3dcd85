package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// oracle knows what each side was promised, and compares. It reads the durable
// records through a ledger of its own, which writes nothing.
type oracle struct {
	w        *world
	witness  *ledger.Ledger
	ahead    time.Duration // the most that any clock ever was
	messages map[ref]*message
	order    []*message
	posts    []*userMessage
	calls    map[string]string // the body of the last call of a webhook, by agent and event

	mu   sync.Mutex
	rows map[string]bool // outbox rows that ever were durable, by agent and event
}

// message is one message or event of an agent, and all that is known of it.
type message struct {
	ref     ref
	phone   *phone
	kind    string // "message", or the type of an event
	ttl     time.Duration
	patient bool // the agent sends it until it has an answer
	then    func()
	tries   int

	first, acked int // the steps of the first send and the first good answer; 0: none
	payload      string
	revoking     bool  // the agent has tried to take it back
	revokedBy    *life // said that it is revoked
	gone         bool  // a revocation was answered with success

	screen   int  // the step in which the phone began to show it; 0: it does not
	ever     bool // it was shown
	saidAck  bool // the phone has acknowledged it, or reported it as read
	saidRead bool
	receipts map[string]int // by type, at the webhook
}

// userMessage is what a user wrote.
type userMessage struct {
	phone *phone
	post  *post
	told  int // calls of the webhook that took it in
}

func newOracle(w *world) *oracle {
	o := &oracle{w: w, messages: make(map[ref]*message), rows: make(map[string]bool), calls: make(map[string]string)}
	o.reopen()
	return o
}

// reopen reads the durable store anew.
func (o *oracle) reopen() {
	witness, err := ledger.Open(context.Background(), o.w.disk.durable, clock.New())
	if err != nil {
		o.w.fault("opening the store: %v", err)
		return
	}
	o.witness = witness
}

func (o *oracle) add(m *message) {
	o.messages[m.ref] = m
	o.order = append(o.order, m)
}

func (o *oracle) find(r ref) *message { return o.messages[r] }

func (o *oracle) turned(c *clock.Clock) { o.ahead = max(o.ahead, c.Offset()) }

// state is where a message stands durably; 0: it does not exist.
func (o *oracle) state(r ref) delivery.State {
	st, err := o.witness.Status(context.Background(), r)
	if errors.Is(err, store.ErrNotFound) {
		return 0
	}
	if err != nil {
		o.w.fault("reading the state of %v: %v", r, err)
		return 0
	}
	return st.State
}

// alive says that what a life does still counts.
func (o *oracle) alive(l *life) bool {
	o.w.mu.Lock()
	defer o.w.mu.Unlock()
	return !l.dead
}

// written is told of every batch that has become durable.
func (o *oracle) written(b *store.Batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range b.Puts {
		if agent, event, ok := outboxRow(p.Key); ok {
			o.rows[agent+"/"+event] = true
		}
	}
}

// outboxRow takes the key of an outbox row apart: o, agent, 0, eight bytes, event.
func outboxRow(k store.Key) (agent, event string, ok bool) {
	i := slices.Index([]byte(k), 0)
	if k.Kind() != 'o' || i < 0 || len(k) < i+9 {
		return "", "", false
	}
	return string(k[1:i]), string(k[i+9:]), true
}

// Law 1, commit, then act: what leaves a node is looked up in the durable records
// at the moment at which it leaves.

// accepted is told that a node is about to answer a send with success.
func (o *oracle) accepted(in *life, m *message) {
	if o.alive(in) && o.state(m.ref) == 0 {
		o.w.fault("%v is answered with success and is not durable", m.ref)
	}
}

// revoked is told that a node is about to answer a revocation with success.
func (o *oracle) revoked(in *life, m *message) {
	if !o.alive(in) {
		return
	}
	if s := o.state(m.ref); s != delivery.Revoked {
		o.w.fault("the revocation of %v is answered with success, and it is %v", m.ref, s)
	}
	m.revokedBy, m.gone = in, true
}

// sent is told what a node is about to send to a phone.
func (o *oracle) sent(l *link, effects []engine.Effect) {
	if !o.alive(l.in) {
		return
	}
	for _, e := range effects {
		s := o.state(e.Ref)
		m := o.find(e.Ref)
		if m == nil {
			o.w.fault("%s %v is sent to %s, and nobody sent it", verbs[e.Kind], e.Ref, l.p.number)
			continue
		}
		if l.fly(e, m); len(l.flying) > l.p.window {
			o.w.fault("%s is sent %v beyond its window of %d", l.p.number, e.Ref, l.p.window)
		}
		switch {
		case s == 0:
			o.w.fault("%s %v is sent to %s and is not durable", verbs[e.Kind], e.Ref, l.p.number)
		case e.Kind == engine.DeliverMessage && m.revokedBy == l.in:
			o.w.fault("%v is sent by %s, which has answered that it is revoked", e.Ref, l.in.name)
		case e.Kind == engine.DeliverMessage && o.expired(m.ref, l.in.clock.Now()):
			o.w.fault("%v is sent by %s, by whose clock its time is over", e.Ref, l.in.name)
		case e.Kind == engine.Confirm && s.Waiting() && !l.withdrawn[e.Ref]:
			o.w.fault("a report of %v is confirmed while it is durably %v", e.Ref, s)
		case e.Kind == engine.Revoke && e.Final && s != delivery.Revoked && s != delivery.Expired && s != delivery.Dropped:
			o.w.fault("%v is taken off the screen while it is durably %v", e.Ref, s)
		}
	}
}

// posted is told that a node is about to answer a user's message with success.
func (o *oracle) posted(in *life, p *phone, po *post) {
	if o.alive(in) && !o.durable(&notice{agent: po.agent, SenderPhoneNumber: p.number, MessageID: po.id}) {
		o.w.fault("%s is answered with success, and there is no durable row for it", po.id)
	}
}

// durable says that there was a durable row for n. Calls of webhooks begin side by
// side: this is asked when they do, and called is told when it is their turn.
func (o *oracle) durable(n *notice) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rows[n.row()]
}

// called is told that a node has called a webhook.
func (o *oracle) called(n *notice, durable bool) {
	row := n.row()
	if !durable {
		o.w.fault("the webhook of %s is told %v, and there was no durable row for it", n.agent, n)
	}
	if before, repeat := o.calls[row]; repeat && before != n.body {
		o.w.fault("the webhook of %s is told %v once more in other words: it happened twice", n.agent, n)
	}
	o.calls[row] = n.body
}

// empty says that nothing waits in the store.
func (o *oracle) empty() bool { return o.remains() == "" }

// remains lists what waits in the durable store: mailboxes, expiries and notices.
func (o *oracle) remains() string {
	rest := ""
	for _, kind := range []store.Key{"q", "d", "o"} {
		n := 0
		for range o.w.disk.durable.Scan(context.Background(), store.Prefix(kind)) {
			n++
		}
		if n > 0 {
			rest += fmt.Sprintf(" %d rows %q", n, string(kind))
		}
	}
	return rest
}
