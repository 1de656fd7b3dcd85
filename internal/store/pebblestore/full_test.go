package pebblestore

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

// fullFS is a disk that can be full: it takes half of a write and no new files.
type fullFS struct {
	vfs.FS
	full atomic.Bool
}

func (f *fullFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if f.full.Load() {
		return nil, syscall.ENOSPC
	}
	inner, err := f.FS.Create(name, c)
	if err != nil {
		return nil, err
	}
	return &fullFile{inner, f}, nil
}

type fullFile struct {
	vfs.File
	fs *fullFS
}

func (f *fullFile) Write(p []byte) (int, error) {
	if !f.fs.full.Load() {
		return f.File.Write(p)
	}
	n, err := f.File.Write(p[:len(p)/2])
	if err == nil {
		err = syscall.ENOSPC
	}
	return n, err
}

// TestDiskFull: while the disk is full, commits are refused and reads work;
// when there is space again all goes on, and nothing is lost.
func TestDiskFull(t *testing.T) {
	fs := &fullFS{FS: vfs.NewMem()}
	again := waiter{slog.DiscardHandler, "the disk takes writes again", make(chan struct{}, 10)}
	db := open(t, "db", Options{FS: fs, Logger: slog.New(again)})
	acked, errs := commitUntil(t.Context(), db, "before", 4, 100)
	if errs != nil {
		t.Fatal(errs)
	}
	for _, round := range []string{"1", "2"} {
		fs.full.Store(true)
		none, errs := commitUntil(t.Context(), db, "full/"+round, 16, 1)
		for _, err := range errs {
			if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("Commit on a full disk: %v", err)
			}
		}
		if len(none) > 0 {
			t.Errorf("%d batches acknowledged by a full disk", len(none))
		}
		if err := db.Commit(t.Context(), put("refused", "v")); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknown) {
			t.Errorf("Commit when it is known to be full: %v", err)
		}
		if v, err := db.Get(t.Context(), store.Key("z/"+acked[0])); err != nil || string(v) != acked[0] {
			t.Errorf("Get on a full disk: %q, %v", v, err)
		}
		if n := count(t, db, store.Prefix("z/before/")); n != 400 {
			t.Errorf("Scan on a full disk: %d records, want 400", n)
		}
		fs.full.Store(false)
		<-again.seen
		more, errs := commitUntil(t.Context(), db, "after/"+round, 4, 100)
		if errs != nil {
			t.Fatalf("with space again: %v", errs)
		}
		acked = append(acked, more...)
		wantKept(t, db, acked)
		if _, err := db.Get(t.Context(), "refused"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a refused batch: %v", err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wantKept(t, open(t, "db", quiet(fs)), acked)
}

// waiter is a log handler that tells of one message.
type waiter struct {
	slog.Handler
	message string
	seen    chan struct{}
}

func (w waiter) Enabled(context.Context, slog.Level) bool { return true }
func (w waiter) WithAttrs([]slog.Attr) slog.Handler       { return w }

func (w waiter) Handle(_ context.Context, r slog.Record) error {
	if r.Message == w.message {
		w.seen <- struct{}{}
	}
	return nil
}

// TestCloseOnFullDisk: Close does not wait for space.
func TestCloseOnFullDisk(t *testing.T) {
	fs := &fullFS{FS: vfs.NewMem()}
	db := open(t, "db", quiet(fs))
	acked, _ := commitUntil(t.Context(), db, "before", 2, 10)
	fs.full.Store(true)
	if _, errs := commitUntil(t.Context(), db, "full", 2, 1); len(errs) == 0 {
		t.Fatal("a full disk took a batch")
	}
	if err := db.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close: %v", err)
	}
	if _, err := Open("db", quiet(fs)); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "open db") {
		t.Errorf("Open on a full disk: %v", err)
	}
	fs.full.Store(false)
	wantKept(t, open(t, "db", quiet(fs)), acked)
}
