package storetest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// World is a machine whose disk a store lives on.
type World interface {
	// Open opens the store, as a process does that has just started.
	Open() (store.DB, error)
	// Crash is the world in which the power was lost at this moment: what was
	// not synced is lost, whole or in parts, as rng decides. The store of this
	// world goes on and has no effect on the new one.
	Crash(rng *rand.Rand) World
}

// RunCrash crashes worlds at random moments while writers commit and readers
// read, and opens what is left: each batch that was acknowledged and everything
// that was read is there, and no batch is there in part. It takes the given
// number of worlds and crashes each several times.
func RunCrash(t *testing.T, worlds int, boot func() World) {
	const crashes = 3
	for seed := range worlds {
		t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(5, uint64(seed)))
			w := boot()
			heads := map[int]int{}
			for range crashes {
				w, heads = crashOnce(t, rng, w, heads)
			}
		})
	}
}

const (
	crashWriters = 8
	crashReaders = 2
)

// crashOnce opens w, which holds the batches up to heads, works on it, and
// returns the crashed world with what it then holds.
func crashOnce(t *testing.T, rng *rand.Rand, w World, heads map[int]int) (World, map[int]int) {
	var crashed World
	if rng.IntN(4) == 0 { // while it opens
		ready := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			<-ready
			for range rng.IntN(200) {
				runtime.Gosched()
			}
			crashed = w.Crash(rng)
		})
		close(ready)
		db := mustOpen(t, w)
		wg.Wait()
		mustClose(t, db)
	} else {
		db := mustOpen(t, w)
		heads = work(t, db, heads, rng.Int64N(200), func() { crashed = w.Crash(rng) })
		mustClose(t, db)
	}
	db := mustOpen(t, crashed)
	found := verify(t, db, heads)
	mustClose(t, db)
	return crashed, found
}

// work runs writers and readers until so many batches are acknowledged, notes
// what must survive a crash from now on, crashes, and returns the notes: for
// each writer the number of its last batch that was acknowledged or read.
func work(t *testing.T, db store.DB, heads map[int]int, target int64, crash func()) map[int]int {
	var (
		mu    sync.Mutex
		known = maps.Clone(heads)
		acks  atomic.Int64
		stop  atomic.Bool
		come  = make(chan struct{}) // closed when it is time to crash
		once  sync.Once
		wg    sync.WaitGroup
	)
	note := func(w, i int) {
		mu.Lock()
		known[w] = max(known[w], i)
		mu.Unlock()
	}
	for w := range crashWriters {
		wg.Go(func() {
			for i := heads[w] + 1; !stop.Load(); i++ {
				if err := db.Commit(t.Context(), crashBatch(w, i)); err != nil {
					t.Errorf("writer %d, batch %d: %v", w, i, err)
					once.Do(func() { close(come) })
					return
				}
				note(w, i)
				if acks.Add(1) > target {
					once.Do(func() { close(come) })
				}
			}
		})
		if w >= crashReaders {
			continue
		}
		wg.Go(func() {
			for !stop.Load() {
				if i, _, ok := number(t, db, headKey(w)); ok {
					note(w, i)
				}
				for rec, err := range db.Scan(t.Context(), store.Prefix(headKey(-1))) {
					i, bad := strconv.Atoi(string(rec.Value))
					if errors.Join(err, bad) != nil {
						t.Errorf("scan: %v, %v", err, bad)
						return
					}
					v, _ := strconv.Atoi(string(rec.Key[len(headKey(-1)):]))
					note(v, i)
				}
			}
		})
	}
	<-come
	mu.Lock()
	must := maps.Clone(known)
	mu.Unlock()
	crash()
	stop.Store(true)
	wg.Wait()
	return must
}

// headKey holds the number of the last batch of writer w; -1: their prefix.
func headKey(w int) store.Key {
	if w < 0 {
		return "head/"
	}
	return store.Key(fmt.Sprintf("head/%d", w))
}

// crashBatch is the i-th batch of writer w: two records that belong together, a
// trail of which only the last record is left, and the head.
func crashBatch(w, i int) *store.Batch {
	b := new(store.Batch)
	if i == 1 {
		b.Absent(headKey(w))
	} else {
		b.Equals(headKey(w), []byte(strconv.Itoa(i-1)))
		b.Delete(store.Key(fmt.Sprintf("trail/%d/%d", w, i-1)))
	}
	b.Put(headKey(w), []byte(strconv.Itoa(i)))
	b.Put(store.Key(fmt.Sprintf("a/%d/%06d", w, i)), crashValue(w, i))
	b.Put(store.Key(fmt.Sprintf("z/%d/%06d", w, i)), crashValue(w, i))
	b.Put(store.Key(fmt.Sprintf("trail/%d/%d", w, i)), nil)
	return b
}

// crashValue is of many sizes, some of which fill a store's buffers.
func crashValue(w, i int) []byte {
	n := 10
	switch h := (w*7919 + i*104729) % 100; {
	case h == 0:
		n = 30_000
	case h < 10:
		n = 400
	}
	return []byte(strings.Repeat(fmt.Sprintf("%d:%d,", w, i), n))
}

// verify fails the test unless db holds, of each writer, the batches up to some
// number, which is at least must, each of them whole. It returns the numbers.
func verify(t *testing.T, db store.DB, must map[int]int) map[int]int {
	t.Helper()
	found := map[int]int{}
	for w := range crashWriters {
		head, _, ok := number(t, db, headKey(w))
		if !ok || head < must[w] {
			t.Fatalf("writer %d: %d batches are left, %d were acknowledged or read", w, head, must[w])
		}
		found[w] = head
		for _, kind := range []string{"a", "z"} {
			i := 0
			for rec, err := range db.Scan(t.Context(), store.Prefix(store.Key(fmt.Sprintf("%s/%d/", kind, w)))) {
				i++
				if want := fmt.Sprintf("%s/%d/%06d", kind, w, i); err != nil || string(rec.Key) != want {
					t.Fatalf("writer %d, head %d: found %q, %v, want %q", w, head, rec.Key, err, want)
				}
				if string(rec.Value) != string(crashValue(w, i)) {
					t.Fatalf("%s has a wrong value", rec.Key)
				}
			}
			if i != head {
				t.Fatalf("writer %d: %d records of kind %s with head %d", w, i, kind, head)
			}
		}
		trail := scan(t, db, store.Prefix(store.Key(fmt.Sprintf("trail/%d/", w))))
		if want := fmt.Sprintf("trail/%d/%d=", w, head); head > 0 && (len(trail) != 1 || trail[0] != want) || head == 0 && len(trail) > 0 {
			t.Fatalf("writer %d: the trail is %q, want %q", w, trail, want)
		}
	}
	return found
}

func mustOpen(t *testing.T, w World) store.DB {
	t.Helper()
	db, err := w.Open()
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return db
}

func mustClose(t *testing.T, db store.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}
