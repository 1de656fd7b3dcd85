package engine

import (
	"bytes"
	"errors"
	"slices"
	"sync"
)

// phone is a phone as the engine meets it, with a habit for each thing that it
// may be asked. It keeps what it has been sent over its connections.
type phone struct {
	w      *world
	number string
	window int

	mu       sync.Mutex
	line     *line          // the connection; an older one is dead
	ids      []string       // what it was sent, in order, repeats left out
	arrivals map[string]int // how often it was sent each
	acked    map[string]bool
	hidden   map[string]bool // taken off the screen
	asked    map[string]int  // questions whether it can be taken back
	finals   map[string]int  // decisions that it is taken back
	confirms map[string]int
	sure     map[string]bool // confirmed since it was last sent
	typing   []string
	mute     bool // does not acknowledge
	deaf     bool // does not answer questions
}

func (w *world) phone(number string) *phone {
	return &phone{
		w: w, number: number, arrivals: map[string]int{}, acked: map[string]bool{}, hidden: map[string]bool{},
		asked: map[string]int{}, finals: map[string]int{}, confirms: map[string]int{}, sure: map[string]bool{},
	}
}

// line is one connection of a phone.
type line struct {
	p     *phone
	box   *Mailbox
	ready chan struct{} // box is set
	gate  chan struct{} // not nil: Send waits for it
	dead  bool          // guarded by p.mu, as is sends
	sends int
}

var errDead = errors.New("the connection is dead")

// connect brings the phone online, whatever connection it had.
func (p *phone) connect() *line {
	l := p.dial(nil)
	quiet()
	return l
}

// dial is connect without waiting; Send waits for gate if there is one.
func (p *phone) dial(gate chan struct{}) *line {
	l := &line{p: p, ready: make(chan struct{}), gate: gate}
	p.mu.Lock()
	if p.line != nil {
		p.line.dead = true
	}
	p.line = l
	p.mu.Unlock()
	l.box = p.w.Attach(p.number, p.window, l)
	close(l.ready)
	return l
}

// disconnect ends the connection as a gateway does.
func (p *phone) disconnect() {
	p.mu.Lock()
	l := p.line
	l.dead = true
	p.mu.Unlock()
	l.box.Detach()
	quiet()
}

// Send implements Link.
func (l *line) Send(effects []Effect) error {
	<-l.ready
	if l.gate != nil {
		<-l.gate
	}
	p := l.p
	p.mu.Lock()
	l.sends++
	if l.dead {
		p.mu.Unlock()
		return errDead
	}
	var acks, gone []Ref
	for _, e := range effects {
		acks, gone = p.take(e, acks, gone)
	}
	p.mu.Unlock()
	if len(acks) > 0 {
		l.box.Report(Acked, acks...)
	}
	if len(gone) > 0 {
		l.box.Report(Withdrawn, gone...)
	}
	return nil
}

// take does what e asks for and adds what is to be reported. The caller holds mu.
func (p *phone) take(e Effect, acks, gone []Ref) ([]Ref, []Ref) {
	id := e.Ref.ID
	switch e.Kind {
	case DeliverMessage, DeliverEvent:
		if e.Kind == DeliverEvent && isTyping(e) {
			p.typing = append(p.typing, id)
			break
		}
		if p.arrivals[id]++; p.arrivals[id] == 1 {
			p.ids = append(p.ids, id)
		}
		delete(p.hidden, id)
		delete(p.sure, id)
		if !p.mute {
			p.acked[id] = true
			acks = append(acks, e.Ref)
		}
	case Confirm:
		p.confirms[id]++
		p.sure[id] = true
	case Revoke:
		switch {
		case e.Final:
			p.finals[id]++
			p.hidden[id] = true
		case p.deaf:
			p.asked[id]++
		case p.acked[id]:
			p.asked[id]++
			acks = append(acks, e.Ref)
		default:
			p.asked[id]++
			p.hidden[id] = true
			gone = append(gone, e.Ref)
		}
	}
	return acks, gone
}

func isTyping(e Effect) bool { return bytes.Contains(e.Payload, []byte(`"eventType":"IS_TYPING"`)) }

// ack acknowledges messages now.
func (p *phone) ack(ids ...string) {
	p.mu.Lock()
	refs := make([]Ref, len(ids))
	for i, id := range ids {
		refs[i] = ref(id)
		p.acked[id] = true
	}
	box := p.line.box
	p.mu.Unlock()
	box.Report(Acked, refs...)
	quiet()
}

// report says something of messages now.
func (p *phone) report(kind ReportKind, ids ...string) {
	refs := make([]Ref, len(ids))
	for i, id := range ids {
		refs[i] = ref(id)
	}
	p.line.box.Report(kind, refs...)
	quiet()
}

// has is what the phone was sent, in order.
func (p *phone) has() []string {
	quiet()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ids)
}

// on changes habits and what is counted under the lock.
func (p *phone) on(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

// wants fails the test unless the phone was sent exactly these, in this order.
func (p *phone) wants(ids ...string) {
	p.w.t.Helper()
	if got := p.has(); !slices.Equal(got, ids) {
		p.w.t.Errorf("the phone was sent %v, want %v", got, ids)
	}
}

// revokes fails the test unless the phone was asked for, and told to hide, the
// message that often.
func (p *phone) revokes(id string, asked, finals int) {
	p.w.t.Helper()
	quiet()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked[id] != asked || p.finals[id] != finals {
		p.w.t.Errorf("%s: asked %d times, want %d; final %d times, want %d", id, p.asked[id], asked, p.finals[id], finals)
	}
}

func (l *line) done() bool {
	quiet()
	select {
	case <-l.box.Done():
		return true
	default:
		return false
	}
}
