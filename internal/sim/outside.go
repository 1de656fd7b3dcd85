package sim

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/openrbm/openrbm/internal/store"
)

// outside does for a bubble what needs goroutines, timers or a network that are
// real. Whoever waits for it keeps the time of the bubble from passing.
type outside struct {
	mu   sync.Mutex
	work chan func() // made outside of the bubble, as done is
	done chan struct{}
}

func newOutside() *outside {
	o := &outside{work: make(chan func()), done: make(chan struct{})}
	go func() {
		for do := range o.work {
			do()
			o.done <- struct{}{}
		}
	}()
	return o
}

// do calls f outside of the bubble.
func (o *outside) do(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.work <- f
	<-o.done
}

func (o *outside) close() { close(o.work) }

// distant is a store outside of the bubble.
type distant struct {
	store.DB
	out *outside
}

func (d distant) Get(_ context.Context, k store.Key) (v []byte, err error) {
	d.out.do(func() { v, err = d.DB.Get(context.Background(), k) })
	return v, err
}

func (d distant) Commit(_ context.Context, b *store.Batch) (err error) {
	d.out.do(func() { err = d.DB.Commit(context.Background(), b) })
	return err
}

func (d distant) Scan(_ context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		var found []store.Record
		var failed error
		d.out.do(func() {
			for rec, err := range d.DB.Scan(context.Background(), r) {
				if failed = err; err != nil {
					break
				}
				found = append(found, store.Record{Key: rec.Key, Value: slices.Clone(rec.Value)})
			}
		})
		for _, rec := range found {
			if !yield(rec, nil) {
				return
			}
		}
		if failed != nil {
			yield(store.Record{}, failed)
		}
	}
}

// remote is a distant store that gives numbers.
type remote struct {
	distant
	numbers store.Sequencer
}

func (r remote) Sequence(_ context.Context, atLeast uint64) (n uint64, err error) {
	r.out.do(func() { n, err = r.numbers.Sequence(context.Background(), atLeast) })
	return n, err
}
