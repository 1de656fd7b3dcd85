package pebblestore

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/storetest"
)

// quiet is options for tests: no log.
func quiet(fs vfs.FS) Options {
	return Options{FS: fs, Logger: slog.New(slog.DiscardHandler)}
}

// open opens a store for the test and closes it if the test does not.
func open(t testing.TB, dir string, opts Options) *DB {
	t.Helper()
	db, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil && !errors.Is(err, store.ErrClosed) && db.disk.failure() == nil {
			t.Errorf("Close: %v", err)
		}
	})
	return db
}

func put(k store.Key, v string) *store.Batch {
	b := new(store.Batch)
	b.Put(k, []byte(v))
	return b
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB { return open(t, "db", quiet(vfs.NewMem())) })
}

func TestStoreOnDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("the same suite as TestStore, with real files")
	}
	storetest.Run(t, func(t *testing.T) store.DB { return open(t, t.TempDir(), quiet(nil)) })
}

func TestReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet", "there")
	db := open(t, dir, quiet(nil))
	for i := range 100 {
		if err := db.Commit(t.Context(), put(store.Key(fmt.Sprintf("k%02d", i)), strings.Repeat("v", 10_000))); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, dir, quiet(nil))
		if n := count(t, db, store.Prefix("k")); n != 100 {
			t.Fatalf("%d records after reopening, want 100", n)
		}
	}
}

func count(t *testing.T, db store.DB, r store.Range) (n int) {
	t.Helper()
	for _, err := range db.Scan(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestLockedDirectory(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir, quiet(nil))
	if _, err := Open(dir, quiet(nil)); err == nil || !strings.Contains(err.Error(), dir+" is in use by another process") {
		t.Fatalf("second Open: %v", err)
	}
	if err := db.Commit(t.Context(), put("k", "v")); err != nil {
		t.Fatalf("the first one after the second was refused: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir, quiet(nil)).Get(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
}

func TestOpenErrorsNameTheDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), "/proc/openrbm"} {
		if _, err := Open(dir, quiet(nil)); err == nil || !strings.Contains(err.Error(), "open "+dir) {
			t.Errorf("Open(%s): %v", dir, err)
		}
	}
}

// TestSubmissionOrder: batches submitted one after the other are evaluated in
// that order, however they fall into groups.
func TestSubmissionOrder(t *testing.T) {
	db := open(t, "db", quiet(vfs.NewMem()))
	const n = 5000
	requests := make([]*request, n)
	for i := range requests {
		b := put("k", strconv.Itoa(i+1))
		if i == 0 {
			b.Absent("k")
		} else {
			b.Equals("k", []byte(strconv.Itoa(i)))
		}
		requests[i] = submit(t, db, b)
	}
	for i, r := range requests {
		if err := <-r.done; err != nil {
			t.Fatalf("batch %d: %v", i, err)
		}
	}
	if v, err := db.Get(t.Context(), "k"); err != nil || string(v) != strconv.Itoa(n) {
		t.Fatalf("k = %q, %v", v, err)
	}
}

// submit hands b to the writer and does not wait.
func submit(t *testing.T, db *DB, b *store.Batch) *request {
	t.Helper()
	r := &request{batch: b, done: make(chan error, 1)}
	if err := db.submit(r, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestGroups: batches that come while one syncs go out together, and Observe
// hears of all of them.
func TestGroups(t *testing.T) {
	fs := newGate(vfs.NewMem())
	type seen struct {
		batches int
		d       time.Duration
	}
	groups := make(chan seen, 1000)
	opts := quiet(fs)
	opts.Observe = func(n int, d time.Duration) { groups <- seen{n, d} }
	db := open(t, "db", opts)
	const n = 100
	fs.shut(t)
	requests := []*request{submit(t, db, put("first", "v"))}
	fs.awaitSync() // it is on its way
	for i := range n - 1 {
		requests = append(requests, submit(t, db, put(store.Key(fmt.Sprintf("k%d", i)), "v")))
	}
	fs.open()
	for _, r := range requests {
		if err := <-r.done; err != nil {
			t.Fatal(err)
		}
	}
	total, most := 0, 0
	for total < n {
		g := <-groups
		if g.d <= 0 {
			t.Errorf("a group took %v", g.d)
		}
		total, most = total+g.batches, max(most, g.batches)
	}
	if total != n || most < n/4 {
		t.Errorf("%d batches, %d in the largest group", total, most)
	}
}
