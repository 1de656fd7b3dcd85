package phone

import (
	"time"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/rbm"
)

// retryAfter is how long a frame waits that the server could not take.
const retryAfter = time.Second

// read handles what the server sends until the connection ends.
func (l *link) read() error {
	for {
		f, err := l.next()
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case *frame.AgentMessage:
			l.message(f)
		case *frame.AgentEvent:
			l.event(f)
		case *frame.Revoke:
			l.revoke(f)
		case *frame.Confirm:
			l.confirm(f.Messages)
		case *frame.OK:
			l.answered(f.Ref, nil)
		case *frame.Error:
			l.error(f)
		}
	}
}

func (l *link) message(f *frame.AgentMessage) {
	p := l.p
	if l.repeated(f.MessageRef) {
		return
	}
	came := change{Op: opCame, Ref: f.MessageRef, Message: f.Message, Media: p.media(f.Media), Time: time.Now()}
	p.mu.Lock()
	p.state.apply(came)
	m := p.state.entries[f.MessageRef].msg
	p.mu.Unlock()
	// Shown, then kept, then acknowledged: a phone that is killed in between may
	// show it twice, but never not at all.
	p.emit(m)
	changes := []change{came}
	if !p.opts.NoAck {
		changes = append(changes, change{Op: opSaid, Ref: f.MessageRef, Report: frame.TypeAck})
	}
	if p.opts.AutoRead {
		changes = append(changes, change{Op: opSaid, Ref: f.MessageRef, Report: frame.TypeRead})
	}
	l.kept(f.MessageRef, changes)
}

// kept keeps what came first in changes, and reports what the rest says of it.
func (l *link) kept(r ref, changes []change) {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range changes[1:] {
		p.state.apply(c)
	}
	if p.keep(changes...) && len(changes) > 1 {
		l.report(r)
	}
}

func (l *link) event(f *frame.AgentEvent) {
	r := ref{AgentID: f.AgentID, MessageID: f.EventID}
	if l.repeated(r) {
		return
	}
	ev := AgentEvent{AgentID: f.AgentID, EventID: f.EventID, Raw: f.Event, Event: new(rbm.AgentEvent)}
	if err := rbm.Unmarshal(f.Event, ev.Event); err != nil {
		l.p.log.Warn("event not understood", "agent", f.AgentID, "eventId", f.EventID, "err", err)
	}
	l.p.emit(ev)
	if ev.Event.EventType == rbm.AgentEventIsTyping {
		return // never repeated, and not acknowledged
	}
	came := change{Op: opCame, Ref: r, Time: time.Now()}
	l.p.mu.Lock()
	l.p.state.apply(came)
	l.p.mu.Unlock()
	l.kept(r, []change{came, {Op: opSaid, Ref: r, Report: frame.TypeAck}})
}

// repeated says that r has come before, and makes sure that the server hears that.
func (l *link) repeated(r ref) bool {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.state.entries[r]
	if e == nil || e.said == frame.TypeWithdrawn {
		return false
	}
	p.log.Debug("repeat dropped", "agent", r.AgentID, "messageId", r.MessageID)
	if p.state.resay(r) {
		l.report(r)
	} else if e.said == "" && (!p.opts.NoAck || e.msg == nil) && p.change(change{Op: opSaid, Ref: r, Report: frame.TypeAck}) {
		l.report(r)
	}
	return true
}

// revoke gives a message back, or takes it off the screen (docs/device-protocol.md,
// "Taking messages back").
func (l *link) revoke(f *frame.Revoke) {
	p, r := l.p, f.MessageRef
	p.mu.Lock()
	e := p.state.entries[r]
	shown := e != nil && e.msg != nil
	if !f.Final && e != nil && (e.said == frame.TypeAck || e.said == frame.TypeRead) {
		if p.state.resay(r) {
			l.report(r)
		}
		p.mu.Unlock()
		return
	}
	if e != nil {
		p.change(change{Op: opGone, Ref: r})
	}
	if !f.Final && p.change(change{Op: opSaid, Ref: r, Report: frame.TypeWithdrawn}) {
		l.report(r)
	}
	p.mu.Unlock()
	if shown {
		p.emit(Revoked{AgentID: r.AgentID, MessageID: r.MessageID})
	}
}

func (l *link) confirm(refs []ref) {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range refs {
		e := p.state.entries[r]
		if e == nil {
			continue
		}
		if p.change(change{Op: opConfirmed, Ref: r}); !e.durable && e.said != frame.TypeWithdrawn {
			l.report(r) // the next one
		}
	}
}

// answered ends the post with that ref.
func (l *link) answered(id string, err error) {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, po := range p.state.posts {
		if po.id == id {
			po.err = err
			close(po.done)
			p.change(change{Op: opAnswered, ID: id})
			return
		}
	}
}

// error ends the post that the server refuses for good; one that it could not take
// now is sent again.
func (l *link) error(f *frame.Error) {
	if f.Ref == "" {
		l.p.log.Warn("the server refuses", "err", f)
		l.refused = f
		return
	}
	if !f.Temporary() {
		l.answered(f.Ref, failure(f))
		return
	}
	l.p.log.Info("not taken yet", "ref", f.Ref, "err", f)
	time.AfterFunc(retryAfter, func() {
		p := l.p
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.link != l {
			return // the next connection sends it
		}
		for _, po := range p.state.posts {
			if po.id == f.Ref {
				l.post(po)
			}
		}
	})
}
