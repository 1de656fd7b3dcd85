package storetest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// model runs random operations against the store and against a plain map.
func model(t *testing.T, db store.DB) {
	const steps = 1500
	w := &world{t: t, db: db, rng: rand.New(rand.NewPCG(3, 3)), want: map[store.Key]string{}}
	var conflicts int
	for range steps {
		switch w.rng.IntN(4) {
		case 0, 1:
			if !w.commit() {
				conflicts++
			}
		case 2:
			w.get()
		case 3:
			w.scan()
		}
	}
	if conflicts == 0 || conflicts == steps {
		t.Errorf("%d conflicts: the model tries only one case", conflicts)
	}
	w.compare(store.Range{Start: "\x00", End: "\xff"})
}

type world struct {
	t    *testing.T
	db   store.DB
	rng  *rand.Rand
	want map[store.Key]string
}

// key is one of few keys, so that they meet often.
func (w *world) key() store.Key {
	const letters = "ab\x00\xfe"
	k := []byte{letters[w.rng.IntN(2)]}
	for range w.rng.IntN(3) {
		k = append(k, letters[w.rng.IntN(len(letters))])
	}
	return store.Key(k)
}

func (w *world) commit() bool {
	b, next, holds := new(store.Batch), maps.Clone(w.want), true
	for range w.rng.IntN(3) {
		k := w.key()
		v, ok := w.want[k]
		switch w.rng.IntN(4) {
		case 0:
			b.Absent(k)
			holds = holds && !ok
		case 1:
			b.Equals(k, []byte("wrong"))
			holds = holds && v == "wrong"
		default: // a check that holds
			if ok {
				b.Equals(k, []byte(v))
			} else {
				b.Absent(k)
			}
		}
	}
	touched := map[store.Key]bool{}
	for range w.rng.IntN(5) {
		k := w.key()
		if touched[k] {
			continue
		}
		touched[k] = true
		if w.rng.IntN(3) == 0 {
			b.Delete(k)
			delete(next, k)
		} else {
			v := fmt.Sprintf("%d", w.rng.Uint64())[:w.rng.IntN(8)]
			b.Put(k, []byte(v))
			next[k] = v
		}
	}
	err := w.db.Commit(w.t.Context(), b)
	switch {
	case holds && err == nil:
		w.want = next
	case holds || !errors.Is(err, store.ErrConflict):
		w.t.Fatalf("Commit(%+v) with checks that hold: %t: %v", b, holds, err)
	}
	return holds
}

func (w *world) get() {
	k := w.key()
	if v, ok := w.want[k]; ok {
		wantValue(w.t, w.db, k, v)
	} else {
		wantAbsent(w.t, w.db, k)
	}
}

func (w *world) scan() {
	r := store.Range{Start: w.key(), End: w.key(), Reverse: w.rng.IntN(2) == 0, Limit: w.rng.IntN(4)}
	if w.rng.IntN(3) == 0 {
		r = store.Prefix(r.Start)
	}
	w.compare(r)
}

func (w *world) compare(r store.Range) {
	var want []string
	keys := slices.Sorted(maps.Keys(w.want))
	if r.Reverse {
		slices.Reverse(keys)
	}
	for _, k := range keys {
		if r.Start <= k && k < r.End && (r.Limit == 0 || len(want) < r.Limit) {
			want = append(want, string(k)+"="+w.want[k])
		}
	}
	wantScan(w.t, w.db, r, want...)
}
