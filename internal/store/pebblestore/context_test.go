package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

// soonOver is a context for a call that would otherwise wait for ever.
func soonOver(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// TestCancelled: a batch that the writer took is unknown when its caller leaves,
// and is written all the same; one that it did not take never is.
func TestCancelled(t *testing.T) {
	fs := newGate(vfs.NewMem())
	db := open(t, "db", quiet(fs))
	fs.shut(t)
	taken := []*request{submit(t, db, put("first", "v"))}
	fs.awaitSync()
	err := db.Commit(soonOver(t), put("taken", "v"))
	if !errors.Is(err, store.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Commit, taken: %v, want unknown and the context's error", err)
	}
	for i := range slots + 2 { // what fills the slots, and more
		taken = append(taken, submit(t, db, put(store.Key(fmt.Sprintf("fill/%d", i)), strings.Repeat("x", fullGroup))))
	}
	err = db.Commit(soonOver(t), put("withdrawn", "v"))
	if errors.Is(err, store.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Commit, not taken: %v, want the context's error alone", err)
	}
	fs.open()
	for _, r := range taken {
		if err := <-r.done; err != nil {
			t.Fatal(err)
		}
	}
	if v, err := db.Get(t.Context(), "taken"); err != nil || string(v) != "v" {
		t.Errorf("Get(taken): %q, %v", v, err)
	}
	if err := db.Commit(t.Context(), put("barrier", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Get(t.Context(), "withdrawn"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get(withdrawn): %v", err)
	}
}

// TestCloseWaits: Close waits for the commits that are on their way, and what
// comes after it is refused.
func TestCloseWaits(t *testing.T) {
	fs := newGate(vfs.NewMem())
	db := open(t, "db", quiet(fs))
	fs.shut(t)
	r := submit(t, db, put("k", "v"))
	fs.awaitSync()
	second := submit(t, db, put("l", "v"))
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	<-db.disk.closing
	if err := db.Commit(t.Context(), put("m", "v")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Commit: %v, want ErrClosed", err)
	}
	select {
	case err := <-closed:
		t.Errorf("Close returned %v before the commits", err)
	default:
	}
	fs.open()
	for _, c := range []chan error{r.done, second.done, closed} {
		if err := <-c; err != nil {
			t.Error(err)
		}
	}
	db = open(t, "db", quiet(fs))
	if n := count(t, db, store.Range{Start: "k", End: "n"}); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
}

func TestTooLarge(t *testing.T) {
	db := open(t, "db", quiet(vfs.NewMem()))
	value := make([]byte, MaxBatch/4)
	b := new(store.Batch)
	for i := range 4 {
		b.Put(store.Key(fmt.Sprint(i)), value)
	}
	if err := db.Commit(t.Context(), b); err == nil || !strings.Contains(err.Error(), "want at most") {
		t.Errorf("Commit: %v", err)
	}
}
