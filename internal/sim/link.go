package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

var errLink = errors.New("the connection is broken")

// link is one connection of a phone with a life of a node. What is sent on it
// arrives in order, or not at all once it is cut.
type link struct {
	w    *world
	name string
	p    *phone
	in   *life
	box  *engine.Mailbox

	down []downFrame
	up   []upFrame
	busy bool // the node is handling a frame, and reads no other

	broken bool // nothing more arrives at either end
	left   bool // the phone has turned away
	shut   bool // the node knows, too

	withdrawn map[ref]bool // what the node has heard of on this link
	flying    map[ref]bool // what the node has sent and has not heard of
}

// fly counts what is sent against the window.
func (l *link) fly(e engine.Effect, m *message) {
	switch {
	case e.Kind == engine.DeliverMessage, e.Kind == engine.DeliverEvent && m.kind != "IS_TYPING":
		l.flying[e.Ref] = true
	case e.Kind == engine.Revoke && e.Final:
		delete(l.flying, e.Ref)
	}
}

type downFrame struct {
	engine.Effect
	at     time.Time
	answer string // instead of an effect: the post that is answered
	err    error
}

type upFrame struct {
	at   time.Time
	kind engine.ReportKind
	refs []engine.Ref
	post *post // instead of a report
}

func (w *world) connect(p *phone, in *life) *link {
	w.eventSeq++
	l := &link{w: w, name: fmt.Sprintf("%s#%d", p.number, w.eventSeq), p: p, in: in, withdrawn: make(map[ref]bool), flying: make(map[ref]bool)}
	w.say(p.number, "connects to %s as %s, window %d", in.name, l.name, p.window)
	for _, o := range w.links {
		if o.p == p && o.in == in {
			o.cut("connected again")
		}
	}
	w.links = append(w.links, l)
	in.wired(p.number, l)
	l.box = in.engine.Attach(p.number, p.window, l)
	go func() { // as the gateway does
		<-l.box.Done()
		w.park(&op{in: in, label: in.name + " lets go of " + l.name, act: func() { l.cut("the node has let it go") }})
	}()
	return l
}

// Send implements engine.Link.
func (l *link) Send(effects []engine.Effect) error {
	l.w.oracle.sent(l, effects)
	if tamper := l.w.mistake.effects; tamper != nil {
		effects = tamper(effects)
	}
	what := inWords(effects)
	alive := l.w.park(&op{in: l.in, label: l.in.name + " sends " + l.name + what, act: func() {
		if l.broken {
			l.w.say(l.in.name, "cannot send to %s:%s", l.name, what)
			return
		}
		l.w.say(l.in.name, "sends to %s:%s", l.name, what)
		for _, e := range effects {
			l.push(downFrame{Effect: e})
		}
	}})
	if !alive || l.broken {
		return errLink
	}
	return nil
}

func inWords(effects []engine.Effect) string {
	var b strings.Builder
	for _, e := range effects {
		fmt.Fprintf(&b, " %s %s", verbs[e.Kind], e.Ref.ID)
		if e.Final {
			b.WriteString("!")
		}
	}
	return b.String()
}

var verbs = map[engine.EffectKind]string{
	engine.DeliverMessage: "message", engine.DeliverEvent: "event", engine.Revoke: "revoke", engine.Confirm: "confirm",
}

func (l *link) push(f downFrame) {
	f.at = time.Now().Add(l.w.latency())
	if n := len(l.down); n > 0 && f.at.Before(l.down[n-1].at) {
		f.at = l.down[n-1].at
	}
	l.down = append(l.down, f)
}

// say sends a frame of the phone.
func (l *link) say(f upFrame) {
	if l.broken || l.left {
		return
	}
	f.at = time.Now().Add(l.w.latency())
	if n := len(l.up); n > 0 && f.at.Before(l.up[n-1].at) {
		f.at = l.up[n-1].at
	}
	l.up = append(l.up, f)
}

// toPhone lets the next frame arrive.
func (l *link) toPhone() {
	f := l.down[0]
	l.down = l.down[1:]
	if !l.left {
		l.p.receive(l, f)
	}
}

// fromPhone lets the next frame of the phone arrive.
func (l *link) fromPhone() {
	f := l.up[0]
	l.up = l.up[1:]
	if f.post != nil {
		l.take(f.post)
		return
	}
	if l.w.mistake.hasty && f.kind != engine.Withdrawn { // confirmed before it is durable
		for _, r := range f.refs {
			l.push(downFrame{Effect: engine.Effect{Kind: engine.Confirm, Ref: r}})
		}
	}
	for _, r := range f.refs {
		delete(l.flying, r)
		if f.kind == engine.Withdrawn {
			l.withdrawn[r] = true
		}
	}
	l.box.Report(f.kind, f.refs...)
}

// take handles what the user has sent, one at a time, as the gateway does.
func (l *link) take(po *post) {
	l.busy = true
	l.w.call(l.in, "post "+po.id+" of "+l.name, func(ctx context.Context) ([]byte, error) {
		err := l.in.engine.PostMessage(ctx, l.p.number, po.agent, po.id, &rbm.UserMessage{Text: po.text})
		if err == nil {
			l.w.oracle.posted(l.in, l.p, po)
		}
		return nil, err
	}, func(_ []byte, err error) {
		l.busy = false
		if !l.broken {
			l.push(downFrame{answer: po.id, err: err})
		}
	})
}

// cut breaks the connection. Both ends learn of it later.
func (l *link) cut(why string) {
	if l.broken {
		return
	}
	l.broken = true
	l.w.say("net", "%s breaks: %s", l.name, why)
	l.down, l.up = nil, nil
	l.w.after(l.w.patience(), func() { l.leave() })
	l.w.after(l.w.patience(), l.close)
}

// patience is how long an end of a connection does not notice that it is broken.
func (w *world) patience() time.Duration {
	switch {
	case w.calm:
		return 0
	case w.chance(0.5):
		return w.upTo(100 * time.Millisecond)
	}
	return w.upTo(20 * time.Second)
}

// leave makes the phone turn away from the connection.
func (l *link) leave() {
	if !l.left {
		l.left = true
		l.p.lostLink(l)
		l.forget()
	}
}

// close makes the node let the connection go.
func (l *link) close() {
	if !l.shut {
		l.shut = true
		l.broken = true
		if l.in.wires[l.p.number] == l {
			l.in.wired(l.p.number, nil)
		}
		l.box.Detach()
		l.forget()
	}
}

func (l *link) forget() {
	if !l.left || !l.shut {
		return
	}
	for i, o := range l.w.links {
		if o == l {
			l.w.links = append(l.w.links[:i:i], l.w.links[i+1:]...)
			return
		}
	}
}

// temporary says that a post is to be sent again.
func temporary(err error) bool {
	return rbm.CodeOf(err) == rbm.CodeUnavailable || errors.Is(err, errLost)
}

type ref = ledger.Ref
