package pebblestore

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

// TestDamagedEndOfBodies changes each byte of the end of a file of bodies. Reading
// it, tidying it up and closing the store answer errors and end nothing.
func TestDamagedEndOfBodies(t *testing.T) {
	const n = 240
	before := image(t, n)
	name := files(t, before, "*.blob")[0]
	size := len(content(t, before, name))
	for at := size - bodiesEnd; at < size; at++ {
		db, err := Open(damagedDir, quiet(flipped(t, before, name, at, 0x20)))
		if err != nil {
			t.Fatalf("byte %d: Open: %v", at-size, err)
		}
		if err := readAll(t, db, n); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("byte %d: reading: %v", at-size, err)
		}
		if err := db.Compact(t.Context()); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("byte %d: Compact: %v", at-size, err)
		}
		if err := db.Commit(t.Context(), put("x/new", "v")); err != nil {
			t.Errorf("byte %d: Commit: %v", at-size, err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("byte %d: Close: %v", at-size, err)
		}
	}
}

// refusing is a file system that opens no files of bodies while it has an error.
type refusing struct {
	vfs.FS
	err   atomic.Pointer[syscall.Errno]
	asked atomic.Int32
}

func (r *refusing) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if err := r.err.Load(); err != nil && isBodies(name) {
		r.asked.Add(1)
		return nil, fmt.Errorf("open %s: %w", name, *err)
	}
	return r.FS.Open(name, opts...)
}

// TestBodiesThatCannotBeOpened: for descriptors it waits, and what else keeps the
// system from opening a file of bodies takes the store down until it does.
func TestBodiesThatCannotBeOpened(t *testing.T) {
	const n = 240
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.EIO} {
		t.Run(errno.Error(), func(t *testing.T) {
			fs := &refusing{FS: image(t, n)}
			db, err := OpenLasting(damagedDir, quiet(fs))
			if err != nil {
				t.Fatal(err)
			}
			fs.err.Store(&errno)
			compacted := make(chan error, 1)
			go func() { compacted <- db.Compact(t.Context()) }()
			for fs.asked.Load() < 2 && errno == syscall.EMFILE || fs.asked.Load() == 0 {
				err = db.Commit(t.Context(), put("x/new", "v"))
			}
			if err != nil && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrUnknown) {
				t.Errorf("Commit meanwhile: %v", err)
			}
			fs.err.Store(nil)
			if err := <-compacted; (err == nil) != (errno == syscall.EMFILE) {
				t.Errorf("Compact: %v", err)
			}
			for err = store.ErrUnavailable; errors.Is(err, store.ErrUnavailable); {
				err = readAll(t, db, n)
			}
			if err != nil {
				t.Errorf("afterwards: %v", err)
			}
			if err := db.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}
