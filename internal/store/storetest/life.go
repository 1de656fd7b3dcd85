package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

func contextCancelledBefore(t *testing.T, db store.DB) {
	commit(t, db, put("k", "v"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Commit(ctx, put("k", "w")); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnknown) {
		t.Errorf("Commit: %v, want context.Canceled and nothing unknown", err)
	}
	if _, err := db.Get(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v, want context.Canceled", err)
	}
	for _, r := range []store.Range{store.Prefix("k"), store.Prefix("none")} {
		n := 0
		for _, err := range db.Scan(ctx, r) {
			if n++; !errors.Is(err, context.Canceled) {
				t.Errorf("Scan: %v, want context.Canceled", err)
			}
		}
		if n != 1 {
			t.Errorf("Scan yielded %d times, want one error", n)
		}
	}
	wantValue(t, db, "k", "v")

	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	fill(t, db, "s", 10)
	var last error
	for _, err := range db.Scan(ctx, store.Prefix("s")) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("Scan cancelled on its way: %v, want context.Canceled", last)
	}
}

// contextCancelledDuring: whatever the moment of cancelling, the answer is true:
// nil is written, an error that is not ErrUnknown is not written, and a batch
// is written whole or not at all.
func contextCancelledDuring(t *testing.T, db store.DB) {
	const writers, each = 16, 20
	answers := make([]error, writers*each)
	parallel(writers, func(w int) {
		rng := rand.New(rand.NewPCG(2, uint64(w)))
		for i := range each {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				spin := 0
				for range rng.IntN(20_000) {
					spin++
				}
				cancel()
			})
			n := w*each + i
			v := []byte("value")
			b := new(store.Batch)
			b.Put(store.Key(fmt.Sprintf("a%04d", n)), v)
			b.Put(store.Key(fmt.Sprintf("z%04d", n)), v)
			answers[n] = db.Commit(ctx, b)
			copy(v, "XXXXX") // the batch is the caller's again
			wg.Wait()
		}
	})
	commit(t, db, put("barrier", "")) // every earlier batch is settled
	var done, unknown, not int
	for n, err := range answers {
		a, errA := db.Get(t.Context(), store.Key(fmt.Sprintf("a%04d", n)))
		z, errZ := db.Get(t.Context(), store.Key(fmt.Sprintf("z%04d", n)))
		there := errA == nil
		switch {
		case there != (errZ == nil) || string(a) != string(z):
			t.Fatalf("batch %d is half there: %v, %v", n, errA, errZ)
		case there && string(a) != "value":
			t.Fatalf("batch %d holds %q", n, a)
		case err == nil && !there:
			t.Fatalf("batch %d was acknowledged and is not there", n)
		case err != nil && !errors.Is(err, context.Canceled):
			t.Fatalf("batch %d: %v", n, err)
		case err != nil && !errors.Is(err, store.ErrUnknown) && there:
			t.Fatalf("batch %d was refused (%v) and is there", n, err)
		case err == nil:
			done++
		case errors.Is(err, store.ErrUnknown):
			unknown++
		default:
			not++
		}
	}
	t.Logf("%d written, %d unknown, %d not written", done, unknown, not)
}

func closed(t *testing.T, db store.DB) {
	commit(t, db, put("k", "v"))
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if _, err := db.Get(t.Context(), "k"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get: %v, want ErrClosed", err)
	}
	if err := db.Commit(t.Context(), put("k", "w")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Commit: %v, want ErrClosed", err)
	}
	n := 0
	for _, err := range db.Scan(t.Context(), store.Prefix("k")) {
		if n++; !errors.Is(err, store.ErrClosed) {
			t.Errorf("Scan: %v, want ErrClosed", err)
		}
	}
	if n != 1 {
		t.Errorf("Scan yielded %d times, want one error", n)
	}
	if err := db.Close(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("second Close: %v, want ErrClosed", err)
	}
}

// closeWhileBusy: calls that meet Close end, with a result or with ErrClosed.
func closeWhileBusy(t *testing.T, db store.DB) {
	commit(t, db, put("r", "v"))
	started := make(chan struct{}, 100)
	var wg sync.WaitGroup
	busy := func(call func(i int) error) {
		wg.Go(func() {
			for i := 0; ; i++ {
				err := call(i)
				if i == 3 {
					started <- struct{}{}
				}
				if errors.Is(err, store.ErrClosed) && i > 3 {
					return
				}
				if err != nil {
					t.Errorf("call %d while closing: %v", i, err)
					return
				}
			}
		})
	}
	const each = 4
	for w := range each {
		busy(func(i int) error { return db.Commit(t.Context(), put(store.Key(fmt.Sprintf("w%d", w)), "v")) })
		busy(func(i int) error { _, err := db.Get(t.Context(), "r"); return err })
		busy(func(i int) error {
			for _, err := range db.Scan(t.Context(), store.Prefix("r")) {
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range 3 * each {
		<-started
	}
	if err := db.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wg.Wait()
}
