package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/cluster"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/store"
)

// errLost is what a caller knows of a call that has no answer.
var errLost = errors.New("no answer")

// node is a machine on which the platform runs; between two lives it is down.
type node struct {
	w     *world
	name  string
	lives int
	life  *life // nil: down
}

// life is the platform on a node from its start to its crash.
type life struct {
	w    *world
	node *node
	name string
	dead bool // guarded by world.mu

	clock  *clock.Clock
	engine *engine.Engine
	outbox *outbox.Outbox
	peer   *cluster.Node    // nil: it knows of no others
	ears   chan string      // takes hints; nil: it does not listen
	wires  map[string]*link // the connections that count, by phone; guarded by world.mu
	cancel context.CancelFunc
	loops  sync.WaitGroup

	last    uint64               // for mistakes: its own number
	scanned map[string]store.Key // and how far it has seen of mailboxes

	up, accepting bool
	calls         []*call // under way at the server
}

// call is a request of an agent or a phone to a life.
type call struct {
	answered bool // the caller goes on, with the answer or without
	then     func(payload []byte, err error)
}

// boot starts the platform. Only one that finds no send under way may accept: it
// reads the place of the last one from the store, once.
func (n *node) boot() {
	w := n.w
	if n.life != nil || w.over || w.calm && !w.opts.BothAccept && w.anyLife() {
		return
	}
	if !w.opts.BothAccept {
		for _, o := range w.nodes {
			if o.life != nil {
				o.life.accepting = false
				if len(o.life.calls) > 0 || !o.life.up {
					w.after(50*time.Millisecond, n.boot)
					return
				}
			}
		}
	}
	w.disk.resolve()
	n.lives++
	l := &life{w: w, node: n, name: fmt.Sprintf("%s.%d", n.name, n.lives), clock: clock.New(), scanned: make(map[string]store.Key), wires: make(map[string]*link)}
	n.life = l
	skew := w.upTo(w.script.skew)
	l.clock.Advance(skew)
	w.oracle.turned(l.clock)
	l.clock.Conduct(func(who, of string, nth uint32) {
		w.park(&op{in: l, label: fmt.Sprint(l.name, " turn ", who, " ", of, " ", nth)})
	})
	w.say(l.name, "starts, its clock is %v ahead", skew.Round(time.Millisecond))
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go l.run(ctx, rand.New(rand.NewPCG(w.seed, uint64(n.lives))))
}

func (w *world) anyLife() bool {
	return slices.ContainsFunc(w.nodes, func(n *node) bool { return n.life != nil })
}

// run is what a process does.
func (l *life) run(ctx context.Context, rng *rand.Rand) {
	led, err := ledger.Open(ctx, &view{d: l.w.disk, in: l}, l.clock)
	if err == nil && l.w.opts.Cluster {
		err = l.join(ctx, led)
	}
	if err != nil {
		l.w.park(&op{in: l, label: l.name + " gives up", act: func() { l.node.crash(err.Error()) }})
		return
	}
	l.build(led, rng)
	if !l.w.park(&op{in: l, label: l.name + " is up", act: l.opened}) {
		return
	}
	l.loops.Go(func() { l.engine.Run(ctx) })
	l.loops.Go(func() { l.outbox.Run(ctx) })
	if l.peer != nil {
		l.loops.Go(func() { l.peer.Run(ctx) })
	}
}

func (l *life) build(led *ledger.Ledger, rng *rand.Rand) {
	s := &l.w.script
	oo := outbox.Options{Client: &http.Client{Transport: caller{l}}, Jitter: rng.Float64, Drain: 2 * time.Second, Logger: quiet}
	eo := engine.Options{Shared: l.w.opts.BothAccept, LoseHints: s.loseHints, Logger: quiet}
	if l.peer != nil {
		l.among(&eo, &oo)
	}
	if tamper := l.w.mistake.options; tamper != nil {
		tamper(&eo, &oo)
	}
	l.outbox = outbox.New(led, l.w, oo)
	eo.Notify = l.outbox.Hint
	l.engine = engine.New(led, l.w, eo)
}

func (l *life) opened() {
	l.up, l.accepting = true, true
	l.w.say(l.name, "is up")
}

// crash ends a life at once.
func (n *node) crash(why string) {
	l := n.life
	if l == nil {
		return
	}
	w := n.w
	n.life = nil
	w.say(l.name, "crashes: %s", why)
	w.mu.Lock()
	l.dead = true
	w.mu.Unlock()
	l.up, l.accepting = false, false
	w.admit()
	mine := w.parked
	w.parked = nil
	for _, o := range mine {
		if o.in != l {
			w.parked = append(w.parked, o)
			continue
		}
		if o.lost != nil {
			o.lost()
		}
		o.dead = true
		close(o.done)
	}
	l.cancel()
	for _, k := range w.links {
		if k.in == l {
			k.cut("the node died")
		}
	}
	for _, c := range l.calls {
		l.w.answer(c, nil, errLost)
	}
	if !w.over {
		w.after(w.upTo(5*time.Second), n.boot)
	}
}

// retire stops a life as a service manager does: what is under way may finish.
func (n *node) retire() {
	l := n.life
	if l == nil || !l.up {
		return
	}
	l.up, l.accepting = false, false
	n.w.say(l.name, "is told to stop")
	for _, k := range n.w.links {
		if k.in == l {
			k.cut("the node stops")
		}
	}
	l.cancel()
	go func() {
		l.loops.Wait()
		l.engine.Close()
		if l.peer != nil {
			l.peer.Leave(context.Background())
		}
		n.w.park(&op{in: l, label: l.name + " has stopped", act: func() { n.crash("it has stopped") }})
	}()
}

// call asks a life for something; then gets the answer, or errLost.
func (w *world) call(l *life, what string, do func(context.Context) ([]byte, error), then func([]byte, error)) *call {
	c := &call{then: then}
	l.calls = append(l.calls, c)
	go func() {
		payload, err := do(context.Background())
		w.park(&op{in: l, label: l.name + " answers " + what, act: func() {
			l.ended(c)
			w.answer(c, payload, err)
		}})
	}()
	return c
}

// answer lets the caller go on, once.
func (w *world) answer(c *call, payload []byte, err error) {
	if !c.answered {
		c.answered = true
		c.then(payload, err)
	}
}

func (l *life) ended(c *call) {
	for i, o := range l.calls {
		if o == c {
			l.calls = append(l.calls[:i:i], l.calls[i+1:]...)
			return
		}
	}
}

// acceptor is a life that takes sends; nil: none does now.
func (w *world) acceptor() *life {
	return w.pick(func(l *life) bool { return l.accepting })
}

func (w *world) pick(ok func(*life) bool) *life {
	var all []*life
	for _, n := range w.nodes {
		if n.life != nil && n.life.up && ok(n.life) {
			all = append(all, n.life)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[w.rng.IntN(len(all))]
}

// HasAgent implements engine.Directory.
func (w *world) HasAgent(context.Context, string) (bool, error) { return true, nil }

// Carrier implements engine.Directory.
func (w *world) Carrier(context.Context, string) (string, error) { return "Sim Mobile", nil }

// Webhook implements outbox.Targets.
func (w *world) Webhook(_ context.Context, agent string) (outbox.Webhook, bool, error) {
	return outbox.Webhook{URL: "http://" + agent + ".test/", Token: "secret"}, true, nil
}
