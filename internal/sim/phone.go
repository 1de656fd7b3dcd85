package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
)

// phone is a phone as docs/device-protocol.md says it must be. It remembers what it
// has shown in a journal, unless it is reset.
type phone struct {
	w      *world
	number string
	window int
	double bool // keeps an old connection beside the new one

	links   []*link
	away    bool
	dialing bool
	slow    time.Duration // until it acknowledges, at most
	mute    bool          // until the calm it acknowledges nothing
	entries map[ref]*entry
	order   []*entry // of arrival
	posts   []*post
	n       int
}

// entry is what a phone remembers of a message.
type entry struct {
	ref       ref
	m         *message
	shown     bool
	said      engine.ReportKind // 0: nothing yet
	durable   bool              // said is confirmed
	then      engine.ReportKind // to be said after that
	confirmed bool              // an acknowledgement ever was
}

// post is something the user sent.
type post struct {
	id, agent, text string
}

func newPhone(w *world, number string) *phone {
	return &phone{
		w: w, number: number, window: []int{1, 2, 4, 32}[w.rng.IntN(4)], entries: make(map[ref]*entry),
		double: w.script.twoNodes && w.chance(0.5), slow: []time.Duration{0, 200 * time.Millisecond, 4 * time.Second}[w.rng.IntN(3)], mute: w.chance(0.1),
	}
}

// live plans what the phone and its user do in the storm.
func (p *phone) live() {
	w := p.w
	w.after(w.upTo(20*time.Second), p.dial)
	w.sometime(w.rng.IntN(6), p.vanish)
	w.sometime(w.rng.IntN(4), func() { p.cutAll("the network fails") })
	w.sometime(w.rng.IntN(8), p.write)
	if p.double {
		w.sometime(3, p.dial)
	}
	if w.chance(0.2) {
		w.sometime(1, p.reset)
	}
}

// dial connects to some node that is up.
func (p *phone) dial() {
	if p.away || p.dialing || p.w.over {
		return
	}
	in := p.w.pick(func(l *life) bool { return !p.w.calm || l.accepting })
	if in == nil {
		p.redial()
		return
	}
	for _, l := range slices.Clone(p.links) {
		if !p.double || l.in == in {
			l.leave()
			p.w.after(p.w.patience(), l.close)
		}
	}
	l := p.w.connect(p, in)
	p.links = append(p.links, l)
	for _, e := range p.order {
		if e.then != 0 {
			e.said, e.then = e.then, 0
		}
	}
	p.repeat(l)
}

// repeat says on l what is not confirmed.
func (p *phone) repeat(l *link) {
	for _, e := range p.order {
		if e.said != 0 && !e.durable {
			p.report(l, e)
		}
	}
	for _, po := range p.posts {
		l.say(upFrame{post: po})
	}
}

func (p *phone) redial() {
	p.dialing = true
	p.w.after(100*time.Millisecond+p.w.upTo(2*time.Second), func() {
		p.dialing = false
		if len(p.links) == 0 {
			p.dial()
		}
	})
}

// lostLink is told when the phone notices that a connection has ended.
func (p *phone) lostLink(l *link) {
	p.links = slices.DeleteFunc(p.links, func(o *link) bool { return o == l })
	p.w.say(p.number, "notices the end of %s", l.name)
	for _, other := range p.links { // what was said on l only may be lost
		p.repeat(other)
	}
	if len(p.links) == 0 && !p.dialing {
		p.redial()
	}
}

func (p *phone) cutAll(why string) {
	for _, l := range slices.Clone(p.links) {
		l.cut(why)
	}
}

// vanish takes the phone out of reach for a while.
func (p *phone) vanish() {
	if p.away || p.w.calm {
		return
	}
	p.away = true
	p.w.say(p.number, "is out of reach")
	p.cutAll("out of reach")
	p.w.after(p.w.upTo(30*time.Second), p.appear)
}

func (p *phone) appear() {
	p.away = false
	p.dial()
}

// reset is a phone that loses its journal and its screen.
func (p *phone) reset() {
	if p.w.calm {
		return
	}
	p.w.say(p.number, "is reset: it remembers nothing")
	p.cutAll("reset")
	for _, l := range slices.Clone(p.links) {
		l.leave()
	}
	p.w.oracle.reset(p)
	p.entries, p.order = make(map[ref]*entry), nil
}

// calm makes it a good phone: online and prompt. A connection that works stays.
func (p *phone) calm() {
	p.away, p.double, p.mute, p.slow = false, false, false, 0
	for _, l := range slices.Clone(p.links) {
		if l.broken || !l.in.accepting {
			l.cut("the phone prefers another node")
		}
	}
	for _, e := range slices.Clone(p.order) {
		if e.said == 0 {
			p.sayOf(e, engine.Acked)
		}
	}
	if len(p.links) == 0 {
		p.dial()
	}
}

// content says that the phone waits for nothing.
func (p *phone) content() bool {
	for _, e := range p.order {
		if e.said == 0 || !e.durable || e.then != 0 {
			return false
		}
	}
	return len(p.posts) == 0 && len(p.links) > 0
}

// write sends a message of the user.
func (p *phone) write() {
	if p.w.calm {
		return
	}
	p.n++
	a := p.w.agents[p.w.rng.IntN(len(p.w.agents))]
	po := &post{id: fmt.Sprintf("u%s-%d", p.number[len(p.number)-2:], p.n), agent: a.id}
	if po.text = "text " + po.id; p.w.chance(0.2) {
		po.text = []string{"STOP", "start"}[p.w.rng.IntN(2)] // which also says what the user wants
	}
	p.w.say(p.number, "its user writes %s to %s", po.id, a.id)
	p.w.oracle.wrote(p, po)
	p.posts = append(p.posts, po)
	for _, l := range p.links {
		l.say(upFrame{post: po})
	}
}
