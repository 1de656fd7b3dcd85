package sim

import (
	"container/heap"
	"slices"
	"strings"
	"testing/synctest"
	"time"
)

// until performs steps until done says so. It asks between steps.
func (w *world) until(done func() bool) {
	for {
		synctest.Wait()
		w.admit()
		if w.steps > maxSteps {
			w.fault("the world does not come to rest: %d steps", w.steps)
			return
		}
		if done() {
			return
		}
		if !w.step() {
			w.idle()
		}
	}
}

// op is something that waits for its turn.
type op struct {
	label string
	in    *life // whose it is
	ready time.Time
	gone  bool   // nobody waits for it any more
	act   func() // performed by the world in the op's turn; may be nil
	lost  func() // performed instead when the node crashes; may be nil
	done  chan struct{}
	dead  bool
}

// park waits for the turn of what label says and act does. It is false when the
// node has died.
func (w *world) park(o *op) (alive bool) {
	if !w.submit(o) {
		return false
	}
	<-o.done
	return !o.dead
}

func (w *world) submit(o *op) bool {
	o.done = make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	if o.in.dead {
		return false
	}
	w.inbox = append(w.inbox, o)
	w.ring()
	return true
}

func (w *world) ring() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// admit takes in what was parked since the last step.
func (w *world) admit() {
	w.mu.Lock()
	fresh := w.inbox
	w.inbox = nil
	w.mu.Unlock()
	slices.SortStableFunc(fresh, func(a, b *op) int { return strings.Compare(a.label, b.label) })
	now := time.Now()
	for i, o := range fresh {
		if i > 0 && o.label == fresh[i-1].label {
			w.fault("the simulation cannot tell two operations apart: %s", o.label)
		}
		if o.ready.IsZero() {
			o.ready = now.Add(w.latency())
		}
	}
	w.parked = append(w.parked, fresh...)
	w.parked = slices.DeleteFunc(w.parked, func(o *op) bool { return o.gone })
}

// latency is how long something takes that waits for nobody.
func (w *world) latency() time.Duration {
	r := w.rng.Float64()
	switch {
	case w.calm, r < 0.5:
		return 0
	case r < 0.8:
		return w.upTo(2 * time.Millisecond)
	case r < 0.97:
		return w.upTo(80 * time.Millisecond)
	case r < 0.995:
		return w.upTo(time.Second)
	}
	return w.upTo(6 * time.Second)
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d) + 1)) }

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

// choice is one thing that can happen now.
type choice struct {
	op   *op
	link *link
	up   bool // of link: from the phone
}

// step performs one of the things that can happen now; false: there is none.
func (w *world) step() bool {
	now := time.Now()
	w.choices = w.choices[:0]
	for _, o := range w.parked {
		if !o.ready.After(now) {
			w.choices = append(w.choices, choice{op: o})
		}
	}
	for _, l := range w.links {
		if len(l.down) > 0 && !l.down[0].at.After(now) {
			w.choices = append(w.choices, choice{link: l})
		}
		if len(l.up) > 0 && !l.busy && !l.up[0].at.After(now) {
			w.choices = append(w.choices, choice{link: l, up: true})
		}
	}
	if len(w.events) > 0 && !w.events[0].at.After(now) {
		w.choices = append(w.choices, choice{})
	}
	if len(w.choices) == 0 {
		return false
	}
	w.steps++
	w.perform(w.choices[w.rng.IntN(len(w.choices))])
	return true
}

func (w *world) perform(c choice) {
	switch {
	case c.op != nil:
		w.parked = slices.DeleteFunc(w.parked, func(o *op) bool { return o == c.op })
		if c.op.act != nil {
			c.op.act()
		}
		close(c.op.done)
	case c.link == nil:
		heap.Pop(&w.events).(*event).do()
	case c.up:
		c.link.fromPhone()
	default:
		c.link.toPhone()
	}
}

// idle lets time pass until something can happen.
func (w *world) idle() {
	next := time.Now().Add(time.Hour)
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	for _, o := range w.parked {
		sooner(o.ready)
	}
	for _, l := range w.links {
		if len(l.down) > 0 {
			sooner(l.down[0].at)
		}
		if len(l.up) > 0 && !l.busy {
			sooner(l.up[0].at)
		}
	}
	if len(w.events) > 0 {
		sooner(w.events[0].at)
	}
	t := time.NewTimer(time.Until(next))
	defer t.Stop()
	select {
	case <-w.wake:
	case <-t.C:
	}
}

// event is something that the world does at a time.
type event struct {
	at  time.Time
	seq int
	do  func()
}

type events []*event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(*event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

// after does something in a while.
func (w *world) after(d time.Duration, do func()) {
	w.eventSeq++
	heap.Push(&w.events, &event{time.Now().Add(d), w.eventSeq, do})
}
