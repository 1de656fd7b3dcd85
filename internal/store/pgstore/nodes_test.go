package pgstore

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// TestNodesTakeTurns: batches that several nodes commit at the same moment,
// on few keys, end as they do in one order or another. Among them are those that
// meet only in a key that neither finds there.
func TestNodesTakeTurns(t *testing.T) {
	dsn := postgres.Database(t)
	const at = 3 // nodes
	var db [at]*DB
	for i := range db {
		opts := quiet()
		opts.Writers = 1
		db[i] = open(t, dsn, opts)
	}
	rounds := 400
	if testing.Short() {
		rounds = 40
	}
	have := map[store.Key]string{}
	for round := range uint64(rounds) {
		rng := rand.New(rand.NewPCG(7, round))
		var batches []*store.Batch
		for range at {
			batches = append(batches, randomBatch(rng))
		}
		var refused [at]bool
		var wg sync.WaitGroup
		for i := range db {
			wg.Go(func() {
				err := db[i].Commit(t.Context(), batches[i])
				if refused[i] = errors.Is(err, store.ErrConflict); err != nil && !refused[i] {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		wg.Wait()
		found := contents(t, db[0])
		if !someOrder(have, batches, refused[:], found) {
			t.Fatalf("round %d: %+v on %v, refused %v, left %v: in no order", round, batches, have, refused, found)
		}
		have = found
	}
}

func contents(t *testing.T, db *DB) map[store.Key]string {
	t.Helper()
	found := map[store.Key]string{}
	for rec, err := range db.Scan(t.Context(), store.Range{Start: "a", End: "c"}) {
		if err != nil {
			t.Fatal(err)
		}
		found[rec.Key] = string(rec.Value)
	}
	return found
}

// someOrder says whether there is an order of the batches that explains it.
func someOrder(have map[store.Key]string, batches []*store.Batch, refused []bool, found map[store.Key]string) bool {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var b []*store.Batch
		var r []bool
		for _, i := range order {
			b, r = append(b, batches[i]), append(r, refused[i])
		}
		if after, want := oneByOne(have, b); maps.Equal(after, found) && slices.Equal(want, r) {
			return true
		}
	}
	return false
}

// TestNodesMeet: pairs of batches at two nodes, many times, each with what must
// never come out of them.
func TestNodesMeet(t *testing.T) {
	batch := func(f func(b *store.Batch)) *store.Batch {
		b := new(store.Batch)
		f(b)
		return b
	}
	for _, c := range []struct {
		name  string
		start []store.Key // have the value "old"
		a, b  *store.Batch
		never func(m map[store.Key]string) bool
	}{
		{"each checks that the other's key is absent", nil,
			batch(func(b *store.Batch) { b.Absent("a1"); b.Put("b1", nil) }),
			batch(func(b *store.Batch) { b.Absent("b1"); b.Put("a1", nil) }),
			func(m map[store.Key]string) bool { return len(m) == 2 }},
		{"one deletes what the other puts", nil,
			batch(func(b *store.Batch) { b.Delete("a1"); b.Delete("a2"); b.Delete("b1") }),
			batch(func(b *store.Batch) { b.Put("a1", nil); b.Put("a2", nil); b.Put("b1", nil) }),
			func(m map[store.Key]string) bool { return len(m) != 0 && len(m) != 3 }},
		{"one changes what the other checks, and deletes what it puts", nil,
			batch(func(b *store.Batch) { b.Delete("a1"); b.Put("b1", []byte("new")) }),
			batch(func(b *store.Batch) { b.Absent("b1"); b.Put("a1", nil) }),
			func(m map[store.Key]string) bool { return len(m) == 2 }},
		{"each checks the value that the other changes", []store.Key{"a1", "b1"},
			batch(func(b *store.Batch) { b.Equals("a1", []byte("old")); b.Put("b1", []byte("new")) }),
			batch(func(b *store.Batch) { b.Equals("b1", []byte("old")); b.Put("a1", []byte("new")) }),
			func(m map[store.Key]string) bool { return m["a1"] == "new" && m["b1"] == "new" }},
		{"each checks the value that the other deletes", []store.Key{"a1", "b1"},
			batch(func(b *store.Batch) { b.Equals("a1", []byte("old")); b.Delete("b1") }),
			batch(func(b *store.Batch) { b.Equals("b1", []byte("old")); b.Delete("a1") }),
			func(m map[store.Key]string) bool { return len(m) == 0 }},
		{"both put both", nil,
			batch(func(b *store.Batch) { b.Put("a1", []byte("a")); b.Put("b1", []byte("a")) }),
			batch(func(b *store.Batch) { b.Put("a1", []byte("b")); b.Put("b1", []byte("b")) }),
			func(m map[store.Key]string) bool { return m["a1"] != m["b1"] }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dsn := postgres.Database(t)
			one, two := open(t, dsn, quiet()), open(t, dsn, quiet())
			reset := batch(func(b *store.Batch) { b.Delete("a2") })
			for _, k := range []store.Key{"a1", "b1"} {
				if slices.Contains(c.start, k) {
					reset.Put(k, []byte("old"))
				} else {
					reset.Delete(k)
				}
			}
			for range 150 {
				if err := one.Commit(t.Context(), reset); err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				for _, x := range []struct {
					db *DB
					b  *store.Batch
				}{{one, c.a}, {two, c.b}} {
					wg.Go(func() {
						if err := x.db.Commit(t.Context(), x.b); err != nil && !errors.Is(err, store.ErrConflict) {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if m := contents(t, one); c.never(m) {
					t.Fatalf("left %v", m)
				}
			}
		})
	}
}

// TestPlaceholdersDoNotStay: what a group puts into the database to hold a place
// is gone when it is done.
func TestPlaceholdersDoNotStay(t *testing.T) {
	db := open(t, postgres.Database(t), quiet())
	b := new(store.Batch)
	for i := range 100 {
		b.Delete(store.Key(fmt.Sprintf("a%03d", i)))
		b.Absent(store.Key(fmt.Sprintf("b%03d", i)))
	}
	if err := db.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if left := contents(t, db); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
