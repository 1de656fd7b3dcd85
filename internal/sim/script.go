package sim

import (
	"fmt"
	"time"
)

// script is what is decided of a world before it begins.
type script struct {
	storm     time.Duration // then faults stop
	skew      time.Duration // how far a node's clock is ahead at most
	lateness  time.Duration // of writes that were given up
	syncDelay time.Duration // with the mistake of saying success too early
	loseHints bool
	flaky     float64 // of the store's operations that fail at any time
	lossy     float64 // of answers to agents that are lost
	twoNodes  bool
}

// write decides what the world is like, and who does what when.
func (w *world) write() {
	r := w.rng
	w.script = script{
		storm: 20*time.Second + w.upTo(60*time.Second), skew: w.upTo(5 * time.Second), lateness: 5 * time.Second, syncDelay: 3 * time.Second,
		loseHints: r.IntN(10) == 0, flaky: []float64{0, 0.01, 0.04}[r.IntN(3)], lossy: []float64{0, 0.05, 0.2}[r.IntN(3)],
		twoNodes: w.opts.BothAccept || r.IntN(3) == 0,
	}
	w.disk.broken = w.script.flaky
	nodes := 1
	if w.script.twoNodes {
		nodes = 2
	}
	if w.opts.BothAccept {
		nodes += r.IntN(2)
	}
	for i := range nodes {
		w.nodes = append(w.nodes, &node{w: w, name: fmt.Sprint("node", i+1)})
	}
	for i := range 2 + r.IntN(3) {
		w.phones = append(w.phones, newPhone(w, fmt.Sprintf("+4917000000%02d", i)))
	}
	for i := range 1 + r.IntN(2) {
		w.agents = append(w.agents, newAgent(w, fmt.Sprintf("agent%d", i)))
	}
	w.say("world", "seed %d: %d nodes, %d phones, %d agents, a storm of %v; store fails %v, answers lost %v, hints lost %t",
		w.seed, len(w.nodes), len(w.phones), len(w.agents), w.script.storm.Round(time.Second), w.script.flaky, w.script.lossy, w.script.loseHints)
	w.nodes[0].boot()
	if w.opts.BothAccept {
		for _, n := range w.nodes[1:] {
			n.boot()
		}
	}
	for _, p := range w.phones {
		p.live()
	}
	for _, a := range w.agents {
		a.live()
	}
	w.weather()
	w.after(w.script.storm, w.settle)
}

// sometime does something n times, at times in the storm.
func (w *world) sometime(n int, do func()) {
	for range n {
		w.after(w.upTo(w.script.storm), do)
	}
}

// weather is what the world does to the platform.
func (w *world) weather() {
	r := w.rng
	w.sometime(r.IntN(3), w.storeTrouble)
	for _, n := range w.nodes {
		w.sometime(r.IntN(3), func() { n.crash("killed") })
		w.sometime(r.IntN(2), n.retire)
		w.sometime(r.IntN(3), n.jump)
	}
	w.sometime(r.IntN(2), w.blackout)
	if w.script.twoNodes && !w.opts.BothAccept {
		w.sometime(1+r.IntN(2), w.handOver)
	}
	for _, a := range w.agents {
		w.sometime(r.IntN(4), a.hook.misbehave)
	}
}

// storeTrouble makes the store fail for a while.
func (w *world) storeTrouble() {
	p := []float64{0.2, 0.5, 1}[w.rng.IntN(3)]
	d := w.upTo(15 * time.Second)
	w.say("store", "fails %v of what it is asked, for %v", p, d.Round(time.Millisecond))
	w.disk.broken = p
	w.after(d, func() {
		w.disk.broken = w.script.flaky
		w.say("store", "works again")
	})
}

// jump turns a node's clock ahead.
func (n *node) jump() {
	if n.life == nil || n.w.calm {
		return
	}
	d := n.w.upTo([]time.Duration{3 * time.Second, 40 * time.Second}[n.w.rng.IntN(2)])
	n.w.say(n.life.name, "its clock jumps %v ahead", d.Round(time.Millisecond))
	n.life.clock.Advance(d)
	n.w.oracle.turned(n.life.clock)
}

// blackout takes the power from everything.
func (w *world) blackout() {
	w.say("world", "the power fails")
	for _, n := range w.nodes {
		n.crash("no power")
	}
	w.disk.power()
}

// handOver makes the other node the one that accepts. The old one does not know:
// it keeps its phones, and expires, and calls webhooks.
func (w *world) handOver() {
	for _, n := range w.nodes {
		if n.life == nil {
			w.say("world", "hands over to %s", n.name)
			n.boot()
			return
		}
	}
	w.nodes[w.rng.IntN(2)].crash("deposed")
}

// settle ends the storm: from now on everything works.
func (w *world) settle() {
	w.say("world", "the storm is over")
	w.calm = true
	w.disk.broken = 0
	w.disk.resolve()
	for _, n := range w.nodes {
		if n.life != nil && !n.life.accepting && n.life.up {
			n.crash("deposed for good")
		}
	}
	if w.acceptor() == nil && !w.opts.BothAccept { // whoever is starting, or the first
		w.nodes[0].boot()
	}
	for _, a := range w.agents {
		a.hook.recover()
	}
	for _, p := range w.phones {
		p.calm()
	}
	for _, o := range w.parked { // nothing hangs any more
		o.ready = time.Now()
	}
}

// drained says that nobody waits for anything.
func (w *world) drained() bool {
	for _, a := range w.agents {
		if a.waiting > 0 {
			return false
		}
	}
	for _, p := range w.phones {
		if !p.content() {
			return false
		}
	}
	return w.oracle.empty()
}
