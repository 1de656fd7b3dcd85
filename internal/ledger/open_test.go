package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

func TestFormat(t *testing.T) {
	k := key(kindMeta, "format")
	for _, c := range []struct {
		name   string
		record []byte
		words  string // "" is accepted
	}{
		{"empty store", nil, ""},
		{"this format", []byte{recordV1, byte(formatVersion())}, ""},
		{"newer format", []byte{recordV1, byte(formatVersion()) + 1}, "the data has format 2, this program knows up to 1: use a newer openrbm"},
		{"newer record", []byte{recordV1 + 1, 1}, "use a newer openrbm"},
		{"cut short", []byte{recordV1}, `damaged record "xformat"`},
		{"empty", []byte{}, `damaged record "xformat"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := memstore.New()
			defer db.Close()
			if c.record != nil {
				var b store.Batch
				b.Put(k, c.record)
				if err := db.Commit(t.Context(), &b); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Open(t.Context(), db, clock.New())
			if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
				t.Errorf("%v, want %q", err, c.words)
			}
			if v, err := db.Get(t.Context(), k); c.words == "" && (err != nil || v[1] != byte(formatVersion())) {
				t.Errorf("format record %x, %v", v, err)
			}
		})
	}
}

func TestOpenFailures(t *testing.T) {
	closed := memstore.New()
	closed.Close()
	if _, err := Open(t.Context(), closed, clock.New()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("opening a closed store: %v", err)
	}
	db := memstore.New()
	defer db.Close()
	must(Open(t.Context(), db, clock.New()))(t)
	var b store.Batch
	b.Put(key(kindBody, "short"), []byte{1})
	if err := db.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), db, clock.New()); err == nil || !strings.Contains(err.Error(), `damaged record "mshort"`) {
		t.Errorf("opening a store with a damaged key: %v", err)
	}
	b = store.Batch{Deletes: []store.Key{formatKey}}
	if err := db.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), db, clock.New()); err == nil || !strings.Contains(err.Error(), "does not say which format") {
		t.Errorf("opening a store that has records and no format: %v", err)
	}
}

func TestSeqGrows(t *testing.T) {
	w := newWorld(t)
	const workers, each = 8, 500
	got := make([][]Seq, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for range each {
				got[i] = append(got[i], w.NextSeq())
			}
		})
	}
	wg.Wait()
	seen := map[Seq]bool{}
	for _, seqs := range got {
		for i, s := range seqs {
			if seen[s] || i > 0 && s <= seqs[i-1] || s > w.LastSeq() {
				t.Fatalf("place %d after %d, given before: %v, last is %d", s, seqs[max(0, i-1)], seen[s], w.LastSeq())
			}
			seen[s] = true
		}
	}
}

// A clock that shows an earlier time after a restart does not put what comes
// then before what has come.
func TestSeqGrowsOverARestartWithTheClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memstore.New()
		defer db.Close()
		ahead := clock.New()
		ahead.Advance(100 * 24 * time.Hour)
		w := &world{must(Open(t.Context(), db, ahead))(t), t, &faulty{DB: db}}
		last := w.add("m1", phoneA, 0).Seq
		w.Ledger = must(Open(t.Context(), db, clock.New()))(t)
		for i := range 3 {
			next := w.add(fmt.Sprint("n", i), phoneA, 0).Seq
			if next <= last {
				t.Fatalf("place %d came after %d", next, last)
			}
			last = next
		}
		items := must(w.Mailbox(t.Context(), phoneA, 0, math.MaxUint64, 0))(t)
		if len(items) != 4 || items[0].ID != "m1" || items[3].ID != "n2" {
			t.Errorf("order %+v", items)
		}
	})
}

// What was queued before the start is counted, once, although sends and
// deliveries go on meanwhile.
func TestQueuedAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 10 {
			w.add(fmt.Sprint("m", i), phoneA, 0)
		}
		slow := &slowScan{DB: w.db, kind: kindMailbox, gate: make(chan struct{})}
		w.Ledger = must(Open(t.Context(), slow, clock.New()))(t)
		synctest.Wait()
		if n := w.Queued(); n != 0 {
			t.Errorf("%d queued before they have been counted", n)
		}
		w.apply(Change{Ref: Ref{"demo", "m0"}, Phone: phoneA, What: acked}, Change{Ref: Ref{"demo", "m1"}, Phone: phoneA, What: delivery.AgentRevoked})
		if n := w.Queued(); n != 0 {
			t.Errorf("%d queued: less than nothing", n)
		}
		w.add("new", phoneA, 0)
		close(slow.gate)
		synctest.Wait()
		if n := w.Queued(); n != 9 {
			t.Errorf("%d queued, want 9", n)
		}
		if n := must(w.CountMailbox(t.Context(), phoneA, 0))(t); n != 9 {
			t.Errorf("%d rows", n)
		}
	})
}

// slowScan stops scans of a kind after their first row until gate is closed.
type slowScan struct {
	store.DB
	kind byte
	gate chan struct{}
}

func (s *slowScan) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	if r.Start.Kind() != s.kind {
		return s.DB.Scan(ctx, r)
	}
	return func(yield func(store.Record, error) bool) {
		for rec, err := range s.DB.Scan(ctx, r) {
			if !yield(rec, err) {
				return
			}
			<-s.gate
		}
	}
}

func TestProbe(t *testing.T) {
	w := newWorld(t)
	w.ok(w.Probe(t.Context()))
	w.ok(w.Probe(t.Context()))
	w.db.fail(failed)
	if err := w.Probe(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("a probe of a broken store: %v", err)
	}
}
