package pgstore

import (
	"fmt"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// Count counts what is there between two keys of one kind, and nothing else.
func TestCount(t *testing.T) {
	db := open(t, postgres.Database(t), quiet())
	var b store.Batch
	for i := range 300 {
		b.Put(store.Key(fmt.Sprintf("q%03d", i)), []byte("x"))
	}
	b.Put("p", nil)
	b.Put("r", nil)
	if err := db.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		store.Range
		want int64
	}{{store.Prefix("q"), 300}, {store.Prefix("q01"), 10}, {store.Range{Start: "q2", End: "r"}, 100}, {store.Prefix("s"), 0}} {
		if n, err := db.Count(t.Context(), c.Range); err != nil || n != c.want {
			t.Errorf("from %q to %q: %d, %v; want %d", c.Start, c.End, n, err, c.want)
		}
	}
	for _, r := range []store.Range{{}, {Start: "q"}, {End: "r"}, {Start: "p", End: "r"}} {
		if n, err := db.Count(t.Context(), r); err == nil {
			t.Errorf("from %q to %q, which is not one kind: %d", r.Start, r.End, n)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Count(t.Context(), store.Prefix("q")); err != store.ErrClosed {
		t.Errorf("closed: %v", err)
	}
}
