package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// snapshotOf is the snapshot of a db that can make one; other stores skip the test.
func snapshotOf(t *testing.T, db store.DB) store.Snapshot {
	t.Helper()
	s, ok := db.(store.Snapshotter)
	if !ok {
		t.Skip("the store is no Snapshotter")
	}
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	return snap
}

// rows are the records of r in snap as "key=value".
func rows(t *testing.T, snap store.Snapshot, r store.Range) []string {
	t.Helper()
	var found []string
	for rec, err := range snap.Scan(t.Context(), r) {
		if err != nil {
			t.Fatalf("Scan(%+v) of a snapshot: %v", r, err)
		}
		found = append(found, fmt.Sprintf("%s=%s", rec.Key, rec.Value))
	}
	return found
}

// snapshotStaysAsItWas: nothing that is committed later shows in a snapshot, in
// any of its scans, and all that was acknowledged before does.
func snapshotStaysAsItWas(t *testing.T, db store.DB) {
	before := put("a/1", "one")
	before.Put("a/2", []byte("two"))
	before.Put("b/1", []byte("three"))
	commit(t, db, before)
	snap := snapshotOf(t, db)
	after := put("a/1", "changed")
	after.Delete("a/2")
	after.Delete("b/1")
	after.Put("a/0", []byte("new"))
	after.Put("b/2", []byte("new"))
	commit(t, db, after)
	for range 2 {
		wantRows(t, rows(t, snap, store.Prefix("a")), "a/1=one", "a/2=two")
		wantRows(t, rows(t, snap, store.Range{Start: "a", End: "b", Reverse: true, Limit: 1}), "a/2=two")
		wantRows(t, rows(t, snap, store.Prefix("b")), "b/1=three")
		wantRows(t, rows(t, snap, store.Prefix("c")))
	}
	wantScan(t, db, store.Prefix("a"), "a/0=new", "a/1=changed")
	for range 2 {
		if err := snap.Close(); err != nil {
			t.Errorf("Close of a snapshot: %v", err)
		}
	}
}

func wantRows(t *testing.T, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("the snapshot has %q, want %q", got, want)
	}
}

// snapshotIsOneMoment: money moves between records of two kinds, each move
// numbered; scans of both kinds, one after the other, see all of it, and all
// moves that were acknowledged before.
func snapshotIsOneMoment(t *testing.T, db store.DB) {
	const movers, moves, start = 4, 40, 1000
	b := new(store.Batch)
	for i := range movers {
		b.Put(store.Key(fmt.Sprintf("a/%d", i)), []byte(strconv.Itoa(start)))
		b.Put(store.Key(fmt.Sprintf("b/%d", i)), []byte("0"))
	}
	commit(t, db, b)
	snapshotOf(t, db).Close()
	parallel(movers, func(i int) {
		for n := range moves {
			b := put(store.Key(fmt.Sprintf("a/%d", i)), strconv.Itoa(start-n-1))
			b.Put(store.Key(fmt.Sprintf("b/%d", i)), []byte(strconv.Itoa(n+1)))
			if err := db.Commit(t.Context(), b); err != nil {
				t.Errorf("Commit: %v", err)
				return
			}
			snap, err := db.(store.Snapshotter).Snapshot(t.Context())
			if err != nil {
				t.Errorf("Snapshot: %v", err)
				return
			}
			left, moved := sums(t, snap, i)
			if total := left.all + moved.all; total != movers*start {
				t.Errorf("%d in a snapshot, want %d", total, movers*start)
			}
			if moved.mine != n+1 {
				t.Errorf("%d moves of mine in a snapshot, want %d", moved.mine, n+1)
			}
			if err := snap.Close(); err != nil {
				t.Errorf("Close of a snapshot: %v", err)
			}
		}
	})
}

type sum struct{ all, mine int }

func sums(t *testing.T, snap store.Snapshot, i int) (a, b sum) {
	for kind, s := range map[store.Key]*sum{"a": &a, "b": &b} {
		for rec, err := range snap.Scan(t.Context(), store.Prefix(kind)) {
			n, wrong := strconv.Atoi(string(rec.Value))
			if err != nil || wrong != nil {
				t.Errorf("Scan of a snapshot: %v, %v", err, wrong)
				return a, b
			}
			s.all += n
			if string(rec.Key) == fmt.Sprintf("%s/%d", kind, i) {
				s.mine = n
			}
		}
	}
	return a, b
}

// many writes n records of each of the kinds, a few of them large, and
// returns the rows of each kind.
func many(t *testing.T, db store.DB, n int, kinds ...string) map[string][]string {
	t.Helper()
	written := map[string][]string{}
	for _, kind := range kinds {
		b := new(store.Batch)
		for i := range n {
			size := i % 50
			if i%250 == 7 {
				size = 300_000
			}
			k, v := store.Key(fmt.Sprintf("%s%05d", kind, i)), bytes.Repeat([]byte{byte('a' + i%26)}, size)
			b.Put(k, v)
			written[kind] = append(written[kind], fmt.Sprintf("%s=%s", k, v))
		}
		commit(t, db, b)
	}
	return written
}

// snapshotOfMany: scans that are longer than any buffer give every record once, in
// order, whichever way they go and wherever they end, also at the last of all keys.
func snapshotOfMany(t *testing.T, db store.DB) {
	const n = 2500
	want := many(t, db, n, "m", "\xff")
	snap := snapshotOf(t, db)
	defer snap.Close()
	clear := new(store.Batch)
	for i := range n {
		clear.Delete(store.Key(fmt.Sprintf("m%05d", i)))
		clear.Delete(store.Key(fmt.Sprintf("\xff%05d", i)))
	}
	commit(t, db, clear)
	for kind, all := range want {
		for _, limit := range []int{0, 99, 1234, n} {
			most := all
			if limit > 0 && limit < n {
				most = all[:limit]
			}
			r := store.Prefix(store.Key(kind))
			r.Limit = limit
			if got := rows(t, snap, r); !slices.Equal(got, most) {
				t.Errorf("%q, limit %d: %d records, want %d", kind, limit, len(got), len(most))
			}
			last := slices.Clone(all[len(all)-len(most):])
			slices.Reverse(last)
			r.Reverse = true
			if got := rows(t, snap, r); !slices.Equal(got, last) {
				t.Errorf("%q, in reverse, limit %d: %d records, want %d", kind, limit, len(got), len(last))
			}
		}
	}
}

// snapshotScansAtOnce: scans inside scans, and of several goroutines, do not
// disturb each other.
func snapshotScansAtOnce(t *testing.T, db store.DB) {
	const n = 400
	many(t, db, n, "a", "b")
	snap := snapshotOf(t, db)
	defer snap.Close()
	parallel(4, func(int) {
		outer := 0
		for rec, err := range snap.Scan(t.Context(), store.Prefix("a")) {
			if err != nil {
				t.Error(err)
				return
			}
			key := rec.Key
			if outer++; outer%150 == 0 {
				inner := 0
				for _, err := range snap.Scan(t.Context(), store.Range{Start: "b", End: "c", Reverse: outer%300 == 0}) {
					if inner++; err != nil {
						t.Error(err)
						return
					}
				}
				if want := store.Key(fmt.Sprintf("a%05d", outer-1)); inner != n || key != want {
					t.Errorf("%d records inside %q, want %d inside %q", inner, key, n, want)
				}
			}
		}
		if outer != n {
			t.Errorf("%d records, want %d", outer, n)
		}
	})
}

// snapshotOutlivesScans: a scan that is broken off, by its caller or the end of its
// context, leaves the snapshot as it was.
func snapshotOutlivesScans(t *testing.T, db store.DB) {
	const n = 1500
	want := many(t, db, n, "a")["a"]
	snap := snapshotOf(t, db)
	defer snap.Close()
	for range snap.Scan(t.Context(), store.Prefix("a")) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	var last error
	for _, err := range snap.Scan(ctx, store.Prefix("a")) {
		if last = err; err == nil {
			seen++
		}
		cancel()
	}
	if seen == n || !errors.Is(last, context.Canceled) {
		t.Errorf("a scan whose context ended gave %d of %d records, %v", seen, n, last)
	}
	if got := rows(t, snap, store.Prefix("a")); !slices.Equal(got, want) {
		t.Errorf("%d records after that, want %d", len(got), n)
	}
}
