package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// collect: many records are read as one moment has them, absent ones left out.
func collect(t *testing.T, db store.DB) {
	var b store.Batch
	b.Put("a1", []byte("one"))
	b.Put("a2", []byte(""))
	commit(t, db, &b)
	got, err := store.Collect(t.Context(), db, []store.Key{"a2", "a0", "a1", "a1"})
	if err != nil || len(got) != 2 || string(got["a1"]) != "one" || got["a2"] == nil || len(got["a2"]) != 0 {
		t.Fatalf("Collect: %q, %v", got, err)
	}
	if got, err := store.Collect(t.Context(), db, nil); err != nil || len(got) != 0 {
		t.Fatalf("Collect of nothing: %q, %v", got, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Collect(t.Context(), db, []store.Key{"a1"}); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("Collect after Close: %v", err)
	}
}

func sequencer(t *testing.T, db store.DB) store.Sequencer {
	s, ok := db.(store.Sequencer)
	if !ok {
		t.Skip("this store serves one process")
	}
	return s
}

// sequenceAscends: a number is greater than all that anyone was given before it
// was asked for.
func sequenceAscends(t *testing.T, db store.DB) {
	s := sequencer(t, db)
	var greatest atomic.Uint64 // that somebody was given
	var seen sync.Map
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				before := greatest.Load()
				n, err := s.Sequence(t.Context(), 1)
				if err != nil {
					t.Error(err)
					return
				}
				if _, twice := seen.LoadOrStore(n, true); twice || n <= before {
					t.Errorf("%d after %d, given before: %t", n, before, twice)
				}
				for is := greatest.Load(); n > is && !greatest.CompareAndSwap(is, n); is = greatest.Load() {
				}
			}
		})
	}
	wg.Wait()
}

// sequenceFollowsClocks: numbers are not less than the caller's clock, and do
// not go back when the next caller's clock is behind.
func sequenceFollowsClocks(t *testing.T, db store.DB) {
	s := sequencer(t, db)
	last := uint64(0)
	for _, clock := range []uint64{1000, 1000, 5000, 200, 5001, 6000, 1 << 62, 7} {
		n, err := s.Sequence(t.Context(), clock)
		if err != nil || n < clock || n <= last || n > max(clock, last+1) {
			t.Fatalf("%d, %v, after %d with the clock at %d", n, err, last, clock)
		}
		last = n
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sequence(t.Context(), 1); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("Sequence after Close: %v", err)
	}
}

// hintsArrive: who listens hears what is sent after ready, in order.
func hintsArrive(t *testing.T, db store.DB) {
	n, ok := db.(store.Notifier)
	if !ok {
		t.Skip("this store serves one process")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ready, heard, ended := make(chan struct{}), make(chan string, 10), make(chan error, 1)
	go func() {
		ended <- n.Listen(ctx, func() { close(ready) }, func(hint string) { heard <- hint })
	}()
	<-ready
	long := strings.Repeat("ü", store.MaxHint/2)
	for _, hint := range []string{"one", "line\nline", long} {
		if err := n.Notify(t.Context(), hint); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"one", "line\nline", long} {
		if got := <-heard; got != want {
			t.Errorf("heard %.40q, want %.40q", got, want)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Listen ended with %v", err)
	}
}
