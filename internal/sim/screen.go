package sim

import (
	"slices"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
)

// receive handles one frame of the server.
func (p *phone) receive(l *link, f downFrame) {
	w := p.w
	if f.answer != "" {
		p.answered(l, f)
		return
	}
	if len(f.Payload) > 0 && w.oracle.find(f.Ref) == nil {
		w.fault("%s gets %v, which nobody sent", p.number, f.Ref)
		return
	}
	w.say(p.number, "gets %s %s%s on %s", verbs[f.Kind], f.Ref.ID, map[bool]string{true: "!"}[f.Final], l.name)
	switch f.Kind {
	case engine.DeliverMessage, engine.DeliverEvent:
		p.come(l, f.Effect)
	case engine.Revoke:
		p.revoke(l, f.Effect)
	case engine.Confirm:
		p.confirm(l, f.Ref)
	}
}

// come shows a message, unless it has come before; in any case it is acknowledged.
func (p *phone) come(l *link, f engine.Effect) {
	m := p.w.oracle.find(f.Ref)
	if m.kind == "IS_TYPING" {
		return
	}
	e := p.entries[f.Ref]
	if e != nil && e.said != engine.Withdrawn {
		p.repeated(l, e)
		return
	}
	if e != nil {
		p.forget(e)
	}
	e = &entry{ref: f.Ref, m: m, shown: true}
	p.entries[f.Ref] = e
	p.order = append(p.order, e)
	p.w.oracle.shown(p, m, f.Payload)
	if p.mute {
		return
	}
	p.w.after(p.w.upTo(p.slow), func() { p.sayOf(e, engine.Acked) })
	if m.kind == "message" && p.w.chance(0.3) {
		p.w.after(p.w.upTo(10*time.Second), func() { p.sayOf(e, engine.Read) })
	}
}

// repeated answers a message that has come before.
func (p *phone) repeated(l *link, e *entry) {
	p.w.oracle.repeated(p, l, e)
	if e.said != 0 {
		e.durable = false
		p.report(l, e)
	}
}

// sayOf reports a message; one report at a time is under way.
func (p *phone) sayOf(e *entry, kind engine.ReportKind) {
	switch {
	case p.entries[e.ref] != e, e.said == kind, e.said == engine.Read, e.said == engine.Withdrawn && kind != engine.Withdrawn:
		return
	case e.said == engine.Acked && !e.durable && kind == engine.Read:
		e.then = kind
		return
	}
	e.said, e.durable, e.then = kind, false, 0
	for _, l := range p.links {
		p.report(l, e)
	}
}

func (p *phone) report(l *link, e *entry) {
	p.w.say(p.number, "reports %s %s on %s", reports[e.said], e.ref.ID, l.name)
	p.w.oracle.reported(e)
	l.say(upFrame{kind: e.said, refs: []ref{e.ref}})
}

var reports = map[engine.ReportKind]string{engine.Acked: "ack of", engine.Read: "read of", engine.Withdrawn: "withdrawn"}

// revoke gives a message back, or takes it off the screen.
func (p *phone) revoke(l *link, f engine.Effect) {
	e := p.entries[f.Ref]
	if !f.Final && e != nil && (e.said == engine.Acked || e.said == engine.Read) {
		e.durable = false // a report under way on another link is said here, too
		p.report(l, e)
		return
	}
	if e != nil {
		p.forget(e)
	}
	if !f.Final {
		e = &entry{ref: f.Ref, m: p.w.oracle.find(f.Ref)}
		p.entries[f.Ref] = e
		p.order = append(p.order, e)
		p.sayOf(e, engine.Withdrawn)
	}
}

func (p *phone) forget(e *entry) {
	if e.shown {
		p.w.say(p.number, "no longer shows %s", e.ref.ID)
	}
	p.w.oracle.hidden(p, e.m)
	delete(p.entries, e.ref)
	p.order = slices.DeleteFunc(p.order, func(o *entry) bool { return o == e })
}

func (p *phone) confirm(l *link, r ref) {
	e := p.entries[r]
	switch {
	case e == nil || e.said == 0 || e.durable:
	case e.said == engine.Withdrawn:
		p.forget(e)
	case e.then != 0:
		e.said, e.then, e.confirmed = e.then, 0, true
		p.report(l, e)
	default:
		e.durable, e.confirmed = true, true
	}
}

// answered ends a post, or repeats it.
func (p *phone) answered(l *link, f downFrame) {
	i := slices.IndexFunc(p.posts, func(po *post) bool { return po.id == f.answer })
	if i < 0 {
		return
	}
	po := p.posts[i]
	p.w.say(p.number, "hears of %s: %s", po.id, outcome(f.err))
	switch {
	case f.err == nil:
		p.posts = slices.Delete(p.posts, i, i+1)
	case temporary(f.err):
		p.w.after(time.Second, func() {
			if slices.Contains(p.posts, po) && !l.left {
				l.say(upFrame{post: po})
			}
		})
	default:
		p.w.fault("%s of %s is answered %v", po.id, p.number, f.err)
	}
}
