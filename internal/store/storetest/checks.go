package storetest

import (
	"errors"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

func checkEquals(t *testing.T, db store.DB) {
	b := put("k", "v1")
	b.Equals("k", nil)
	wantConflict(t, db, b) // an absent key has no value, not the empty one
	wantAbsent(t, db, "k")

	commit(t, db, put("k", ""))
	commit(t, db, b) // now the value is empty
	wantValue(t, db, "k", "v1")

	for _, wrong := range []string{"", "v", "v2", "v1\x00", "v11"} {
		b = put("k", "v2")
		b.Equals("k", []byte(wrong))
		wantConflict(t, db, b)
	}
	b = put("k", "v2")
	b.Equals("k", []byte("v1"))
	commit(t, db, b)
	wantValue(t, db, "k", "v2")
}

func checkAbsent(t *testing.T, db store.DB) {
	b := put("k", "v")
	b.Absent("k")
	commit(t, db, b)
	wantConflict(t, db, b)
	b = put("l", "v")
	b.Absent("k\x00")
	b.Absent("j")
	commit(t, db, b)
	del := new(store.Batch)
	del.Delete("k")
	del.Equals("k", []byte("v"))
	commit(t, db, del)
	b = put("k", "again")
	b.Absent("k")
	commit(t, db, b)
	wantValue(t, db, "k", "again")
	empty := put("e", "")
	commit(t, db, empty)
	empty.Absent("e")
	wantConflict(t, db, empty) // an empty value is not absence
}

// checkSeesStoreBefore: checks do not see the writes of their own batch.
func checkSeesStoreBefore(t *testing.T, db store.DB) {
	b := new(store.Batch)
	b.Put("k", []byte("new"))
	b.Absent("k")
	commit(t, db, b)

	b = put("k", "newer")
	b.Equals("k", []byte("newer"))
	wantConflict(t, db, b)

	b = new(store.Batch)
	b.Delete("k")
	b.Absent("k")
	wantConflict(t, db, b)

	b = new(store.Batch)
	b.Delete("k")
	b.Equals("k", []byte("new"))
	commit(t, db, b)
	wantAbsent(t, db, "k")
}

func conflictWritesNothing(t *testing.T, db store.DB) {
	commit(t, db, put("kept", "v"))
	b := put("a", "1")
	b.Put("z", []byte("1"))
	b.Delete("kept")
	b.Absent("nobody")
	b.Equals("kept", []byte("v"))
	b.Absent("kept") // the last check of several fails
	wantConflict(t, db, b)
	wantAbsent(t, db, "a", "z")
	wantValue(t, db, "kept", "v")
	b.Checks = b.Checks[:2]
	commit(t, db, b)
	wantAbsent(t, db, "kept")
	wantValue(t, db, "a", "1")
	wantValue(t, db, "z", "1")
}

func conflictNamesKey(t *testing.T, db store.DB) {
	commit(t, db, put("there", "v"))
	for _, c := range []struct {
		key   store.Key
		check func(*store.Batch)
	}{
		{"there", func(b *store.Batch) { b.Absent("there") }},
		{"there", func(b *store.Batch) { b.Equals("there", []byte("w")) }},
		{"missing", func(b *store.Batch) { b.Equals("missing", []byte("v")) }},
	} {
		b := put("k", "v")
		b.Absent("k")
		c.check(b)
		err := db.Commit(t.Context(), b)
		var conflict *store.ConflictError
		if !errors.As(err, &conflict) || conflict.Key != c.key || !errors.Is(err, store.ErrConflict) {
			t.Errorf("Commit: %v, want a conflict on %q", err, c.key)
		}
	}
}
