package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

func putGetDelete(t *testing.T, db store.DB) {
	wantAbsent(t, db, "a/1", "a/2", "")
	b := put("a/1", "one")
	b.Put("a/2", nil)
	commit(t, db, b)
	wantValue(t, db, "a/1", "one")
	wantValue(t, db, "a/2", "") // an empty value exists
	wantAbsent(t, db, "a", "a/", "a/11", "a/3", "b/1")

	commit(t, db, put("a/1", "changed"))
	wantValue(t, db, "a/1", "changed")

	b = new(store.Batch)
	b.Delete("a/1")
	b.Delete("never/there")
	commit(t, db, b)
	wantAbsent(t, db, "a/1", "never/there")
	wantValue(t, db, "a/2", "")

	commit(t, db, put("a/1", "back"))
	wantValue(t, db, "a/1", "back")
}

func binaryKeys(t *testing.T, db store.DB) {
	keys := []store.Key{ // in ascending order
		"\x00", "\x00\x00", "\x00\x01", "\x01", "a", "a\x00", "a\x00b", "a\x01", "a\x7f", "a\x80", "a\xff", "a\xff\x00", "a\xff\xff",
		"b", "b'\"\\%_;--", "é", "\xfe\xff", "\xff", "\xff\x00", "\xff\xff",
	}
	b := new(store.Batch)
	for i := range keys {
		k := keys[len(keys)-1-i]
		b.Put(k, []byte("v"+k))
	}
	long := store.Key("l" + strings.Repeat("\xff", store.MaxKey-1))
	b.Put(long, []byte("long"))
	commit(t, db, b)
	for _, k := range keys {
		wantValue(t, db, k, "v"+string(k))
		wantScan(t, db, store.Range{Start: k, End: k + "\x00"}, string(k)+"=v"+string(k))
	}
	wantValue(t, db, long, "long")
	wantScan(t, db, store.Prefix("l"), string(long)+"=long")
	wantScan(t, db, store.Prefix("a\xff"), "a\xff=va\xff", "a\xff\x00=va\xff\x00", "a\xff\xff=va\xff\xff")
	wantScan(t, db, store.Prefix("\xff"), "\xff=v\xff", "\xff\x00=v\xff\x00", "\xff\xff=v\xff\xff")
	r := store.Prefix("\xff")
	r.Reverse = true
	wantScan(t, db, r, "\xff\xff=v\xff\xff", "\xff\x00=v\xff\x00", "\xff=v\xff")
	wantScan(t, db, store.Prefix("\x00"), "\x00=v\x00", "\x00\x00=v\x00\x00", "\x00\x01=v\x00\x01")

	b = new(store.Batch)
	b.Delete("a\x00")
	b.Absent("a\x00\x00")
	b.Equals("a\x00b", []byte("va\x00b"))
	commit(t, db, b)
	wantAbsent(t, db, "a\x00")
	wantValue(t, db, "a", "va")
	wantValue(t, db, "a\x00b", "va\x00b")
}

func bigValues(t *testing.T, db store.DB) {
	const mib = 1 << 20
	big := func(c string) string { return strings.Repeat(c, mib) }
	b := new(store.Batch)
	for _, c := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		b.Put(store.Key("big/"+c), []byte(big(c)))
	}
	commit(t, db, b)
	wantValue(t, db, "big/a", big("a"))
	wantValue(t, db, "big/h", big("h"))
	b = put("big/a", big("A"))
	b.Equals("big/a", []byte(big("a")))
	b.Delete("big/h")
	commit(t, db, b)
	wantValue(t, db, "big/a", big("A"))
	n := 0
	for rec, err := range db.Scan(t.Context(), store.Prefix("big/")) {
		if err != nil || len(rec.Value) != mib {
			t.Fatalf("record %q of %d bytes, %v", rec.Key, len(rec.Value), err)
		}
		n++
	}
	if n != 7 {
		t.Fatalf("%d big records, want 7", n)
	}
	b = new(store.Batch)
	b.Equals("big/b", []byte(big("b")[1:]))
	wantConflict(t, db, b)
}

// valueOwnership: what a caller passed in or got back is its own again.
func valueOwnership(t *testing.T, db store.DB) {
	mine := []byte("value")
	b := new(store.Batch)
	b.Put("k", mine)
	commit(t, db, b)
	copy(mine, "XXXXX")
	wantValue(t, db, "k", "value")

	got, err := db.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	copy(got, "YYYYY")
	wantValue(t, db, "k", "value")

	commit(t, db, put("k", "other"))
	if string(got) != "YYYYY" {
		t.Fatalf("the result of Get became %q", got)
	}

	check := []byte("other")
	b = put("k", "third")
	b.Equals("k", check)
	commit(t, db, b)
	copy(check, "XXXXX")
	wantValue(t, db, "k", "third")

	for rec, err := range db.Scan(t.Context(), store.Prefix("k")) {
		if err != nil {
			t.Fatal(err)
		}
		copy(rec.Value, "ZZZZZ")
	}
	wantValue(t, db, "k", "third")
}

func invalidBatch(t *testing.T, db store.DB) {
	long := store.Key(strings.Repeat("k", store.MaxKey))
	for name, spoil := range map[string]func(*store.Batch){
		"empty put key":    func(b *store.Batch) { b.Put("", nil) },
		"empty delete key": func(b *store.Batch) { b.Delete("") },
		"long put key":     func(b *store.Batch) { b.Put(long+"k", nil) },
		"long delete key":  func(b *store.Batch) { b.Delete(long + "k") },
		"put twice":        func(b *store.Batch) { b.Put("k", nil) },
		"put and deleted":  func(b *store.Batch) { b.Delete("k") },
	} {
		b := put("k", "v")
		spoil(b)
		err := db.Commit(t.Context(), b)
		if err == nil || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrUnknown) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
		wantAbsent(t, db, "k")
	}
	commit(t, db, put(long, "longest"))
	wantValue(t, db, long, "longest")
}

func emptyBatch(t *testing.T, db store.DB) {
	commit(t, db, new(store.Batch))
	wantScan(t, db, store.Range{Start: "\x00", End: "\xff"})
	commit(t, db, put("k", "v"))
	b := new(store.Batch) // checks alone
	b.Equals("k", []byte("v"))
	b.Absent("l")
	commit(t, db, b)
	b.Absent("k")
	wantConflict(t, db, b)
}

// sameBatchAgain: a batch may be committed again after Commit returned.
func sameBatchAgain(t *testing.T, db store.DB) {
	b := put("k", "v")
	b.Absent("k")
	commit(t, db, b)
	wantConflict(t, db, b)
	del := new(store.Batch)
	del.Delete("k")
	commit(t, db, del)
	commit(t, db, b)
	wantValue(t, db, "k", "v")
}
