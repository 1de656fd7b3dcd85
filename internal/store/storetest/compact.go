package storetest

import (
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// compactKeeps: what a store holds is the same before and after it compacts, and
// a snapshot of before still shows what it showed.
func compactKeeps(t *testing.T, db store.DB) {
	c, ok := db.(store.Compactor)
	if !ok {
		t.Skip("the store is no Compactor")
	}
	b := put("a/1", "one")
	b.Put("a/2", []byte("two"))
	b.Put("b/1", []byte("three"))
	commit(t, db, b)
	snap := snapshotOf(t, db)
	defer snap.Close()
	b = put("a/1", "changed")
	b.Delete("a/2")
	commit(t, db, b)
	for range 2 {
		if err := c.Compact(t.Context()); err != nil {
			t.Fatalf("Compact: %v", err)
		}
		wantScan(t, db, store.Prefix("a"), "a/1=changed")
		wantScan(t, db, store.Prefix("b"), "b/1=three")
		wantScan(t, db, store.Prefix("\x00"))
		wantRows(t, rows(t, snap, store.Prefix("a")), "a/1=one", "a/2=two")
	}
}

// trimKeeps: what a store holds is the same before and after a range is trimmed.
func trimKeeps(t *testing.T, db store.DB) {
	c, ok := db.(store.Trimmer)
	if !ok {
		t.Skip("the store is no Trimmer")
	}
	b := put("a/1", "one")
	b.Put("a/2", []byte("two"))
	b.Put("b/1", []byte("three"))
	commit(t, db, b)
	b = put("a/3", "four")
	b.Delete("a/1")
	commit(t, db, b)
	for _, r := range []store.Range{store.Prefix("a"), {Start: "a", End: "a/2"}, store.Prefix("none")} {
		if err := c.Trim(t.Context(), r); err != nil {
			t.Fatalf("Trim of %+v: %v", r, err)
		}
		wantScan(t, db, store.Prefix("a"), "a/2=two", "a/3=four")
		wantScan(t, db, store.Prefix("b"), "b/1=three")
	}
}
