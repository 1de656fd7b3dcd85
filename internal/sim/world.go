package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Options say what kind of worlds to make.
type Options struct {
	// BothAccept has two or three nodes, which all accept for the same phones at the
	// same time. What they share is the store.
	BothAccept bool
	// Cluster makes them know each other (internal/cluster), with BothAccept.
	Cluster bool
	// Store makes the store under each world; nil: Memory. It may be asked for several
	// at once.
	Store func() (Ground, error)

	mistake *mistake // planted, by tests
}

// Outcome is what became of one world.
type Outcome struct {
	Seed uint64
	// Wrong is what the oracle found, each in one line; empty: all is well.
	Wrong []string
	// Transcript tells what happened, one line an event.
	Transcript []byte
	// Steps is how many operations were performed. Lasted is how long that took in
	// the world's own time, and Drained how much of it was after the storm.
	Steps           int
	Lasted, Drained time.Duration
}

// The bounds of a world.
const (
	maxSteps  = 300_000          // a world that needs more runs in circles
	calmBound = 15 * time.Minute // from the end of the storm until everything is drained
)

// world is one world. Its fields belong to the goroutine that lives it, which
// works only while all others wait.
type world struct {
	seed     uint64
	opts     Options
	mistake  mistake
	rng      *rand.Rand
	began    time.Time
	steps    int
	calm     bool
	over     bool
	script   script
	disk     *disk
	oracle   *oracle
	nodes    []*node
	phones   []*phone
	agents   []*agent
	links    []*link // open at either end
	parked   []*op   // in the order in which they came
	events   events
	eventSeq int
	choices  []choice

	mu    sync.Mutex // guards what goroutines of the platform touch
	inbox []*op      // parked since the last step
	log   []byte
	wrong []string
	wake  chan struct{} // holds one: something was parked
}

// World lives the world of seed.
func World(seed uint64, o Options) *Outcome {
	found := o.Store
	if found == nil {
		found = Memory
	}
	g, err := found()
	if err != nil {
		return &Outcome{Seed: seed, Wrong: []string{"making a store: " + err.Error()}}
	}
	d, err := openDisk(g)
	if err != nil {
		return &Outcome{Seed: seed, Wrong: []string{"opening an empty store: " + err.Error()}}
	}
	out := live(seed, o, d)
	if err := d.remove(); err != nil {
		out.Wrong = append(out.Wrong, "removing the store: "+err.Error())
	}
	return out
}

// live lives the world of seed on d.
func live(seed uint64, o Options, d *disk) *Outcome {
	lived := make(chan *Outcome, 1)
	go func() {
		out := &Outcome{Seed: seed, Wrong: []string{"the world ended before its time"}}
		defer func() {
			if r := recover(); r != nil { // of synctest: goroutines that wait forever
				out.Wrong = append(out.Wrong, fmt.Sprint("panic: ", r))
			}
			lived <- out
		}()
		// A bubble asks for a T, to tell it of failures and data races: it ends the
		// goroutine then.
		synctest.Test(new(testing.T), func(*testing.T) { out = newWorld(seed, o, d).live() })
	}()
	return <-lived
}

func newWorld(seed uint64, o Options, d *disk) *world {
	w := &world{seed: seed, opts: o, rng: rand.New(rand.NewPCG(seed, 0x0be)), began: time.Now(), wake: make(chan struct{}, 1)}
	if o.mistake != nil {
		w.mistake = *o.mistake
	}
	w.disk = d.enter(w)
	w.oracle = newOracle(w)
	w.write()
	return w
}

// live runs the storm, then the calm, and asks the oracle.
func (w *world) live() *Outcome {
	defer w.end()
	w.until(func() bool { return w.calm })
	calmed := time.Now()
	w.until(func() bool {
		return w.drained() || time.Since(calmed) > calmBound
	})
	w.oracle.judge()
	return &Outcome{
		Seed: w.seed, Wrong: w.wrong, Transcript: w.log, Steps: w.steps,
		Lasted: time.Since(w.began), Drained: time.Since(calmed),
	}
}

// end stops everything, so that the bubble can end.
func (w *world) end() {
	w.over = true
	for _, n := range w.nodes {
		n.crash("the world ends")
	}
	for _, l := range slices.Clone(w.links) {
		l.close()
	}
	synctest.Wait()
	time.Sleep(time.Hour) // longer than anyone waits
}

// say writes a line of the transcript.
func (w *world) say(actor, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.log = fmt.Appendf(w.log, "%10.4fs %6d  %-14s ", time.Since(w.began).Seconds(), w.steps, actor)
	w.log = fmt.Appendf(w.log, format, args...)
	w.log = append(w.log, '\n')
}

// fault notes that the platform has broken a promise.
func (w *world) fault(format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	w.say("ORACLE", "WRONG: %s", what)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.over && len(w.wrong) < 20 {
		w.wrong = append(w.wrong, what)
	}
}
