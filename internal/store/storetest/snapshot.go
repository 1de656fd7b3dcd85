package storetest

import (
	"fmt"
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
