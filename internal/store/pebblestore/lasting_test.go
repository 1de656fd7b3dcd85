package pebblestore

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/storetest"
)

func TestLastingStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB {
		l, err := OpenLasting("db", quiet(vfs.NewMem()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
				t.Errorf("Close: %v", err)
			}
		})
		return l
	})
}

// mending is a lasting store on a disk with faults.
type mending struct {
	*Lasting
	disk *faulty
	open chan struct{} // gets one when the store is open again
}

func newMending(t *testing.T, fault func(errorfs.Op) error) *mending {
	t.Helper()
	m := &mending{disk: newFaulty(fault), open: make(chan struct{}, 100)}
	l, err := OpenLasting("db", Options{FS: m.disk.fs(), Logger: slog.New(waiter{slog.DiscardHandler, "the store is open again", m.open})})
	if err != nil {
		t.Fatal(err)
	}
	m.Lasting = l
	return m
}

func logFile(op errorfs.Op) bool { return strings.HasSuffix(op.Path, ".log") }

// The ways in which a disk fails writes.
var faults = []struct {
	name  string
	cause error
	hits  func(errorfs.Op) bool
}{
	{"EIO on a write of the log", syscall.EIO, func(op errorfs.Op) bool { return logFile(op) && op.Kind == errorfs.OpFileWrite }},
	{"EIO on a sync of the log", syscall.EIO, func(op errorfs.Op) bool {
		return logFile(op) && (op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData)
	}},
	{"EIO on every change", syscall.EIO, func(errorfs.Op) bool { return true }},
	{"read-only", syscall.EROFS, func(errorfs.Op) bool { return true }},
	{"full at a sync", syscall.ENOSPC, func(op errorfs.Op) bool { return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData }},
}

// The store answers that it is unavailable while the disk fails, opens again when
// it works, and has kept all that was acknowledged; again and again.
func TestLastingOutlivesItsDisk(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			m := newMending(t, func(op errorfs.Op) error {
				if f.hits(op) {
					return f.cause
				}
				return nil
			})
			var acked []string
			for round := range 4 {
				more, errs := commitUntil(t.Context(), m, fmt.Sprint("before", round), 4, 5)
				if errs != nil {
					t.Fatal(errs)
				}
				acked = append(acked, more...)
				m.disk.armed.Store(true)
				none, errs := commitUntil(t.Context(), m, fmt.Sprint("while", round), 8, 1)
				if len(none) > 0 || len(errs) != 8 {
					t.Errorf("%d batches acknowledged by a broken disk", len(none))
				}
				for _, err := range errs {
					if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, f.cause) {
						t.Errorf("Commit: %v", err)
					}
				}
				wantDown(t, m, f.cause)
				if _, err := m.Snapshot(t.Context()); !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("Snapshot: %v", err)
				}
				m.disk.armed.Store(false)
				<-m.open
				wantKept(t, m, acked)
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			wantKept(t, open(t, "db", quiet(m.disk.crashed())), acked)
		})
	}
}

// A disk that fails now and then under load: nothing acknowledged is lost, nothing
// is written in part, and whoever is told that nothing was written can rely on it.
func TestLastingUnderLoad(t *testing.T) {
	var n atomic.Int64
	m := newMending(t, func(errorfs.Op) error {
		if n.Add(1)%97 == 0 {
			return syscall.EIO
		}
		return nil
	})
	m.disk.armed.Store(true)
	var acked, failures []string
	rounds := 40
	if testing.Short() {
		rounds = 10
	}
	for round := range rounds {
		tag := fmt.Sprint("load", round)
		more, errs := commitUntil(t.Context(), m, tag, 4, 20)
		acked = append(acked, more...)
		for _, err := range errs {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Commit: %v", err)
			}
			failures = append(failures, err.Error())
		}
		if len(errs) > 0 {
			<-m.open
		}
	}
	m.disk.armed.Store(false)
	wantKept(t, m, acked)
	if len(failures) == 0 {
		t.Error("the disk never failed")
	}
	t.Logf("%d batches acknowledged, %d failed", len(acked), len(failures))
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// A read that fails takes nothing down, and works when the disk does.
func TestLastingReadsFail(t *testing.T) {
	var broken atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && op.Kind == errorfs.OpFileReadAt {
			return syscall.EIO
		}
		return nil
	}))
	l, err := OpenLasting("db", quiet(fs))
	if err != nil {
		t.Fatal(err)
	}
	acked, errs := commitUntil(t.Context(), l, "k", 4, 100)
	if errs != nil || l.db.pebble.Flush() != nil {
		t.Fatal(errs)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = OpenLasting("db", quiet(fs)); err != nil { // nothing is in the cache
		t.Fatal(err)
	}
	defer l.Close()
	broken.Store(true)
	if _, err := l.Get(t.Context(), store.Key("a/"+acked[0])); !errors.Is(err, syscall.EIO) || errors.Is(err, store.ErrDamaged) {
		t.Errorf("Get: %v", err)
	}
	b := put("new", "v")
	b.Absent(store.Key("a/" + acked[1]))
	if err := l.Commit(t.Context(), b); !errors.Is(err, syscall.EIO) || errors.Is(err, store.ErrUnknown) {
		t.Errorf("Commit with a check that cannot be read: %v", err)
	}
	for _, err := range l.Scan(t.Context(), store.Prefix("a/")) {
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("Scan: %v", err)
		}
	}
	if err := l.Commit(t.Context(), put("blind", "v")); err != nil {
		t.Errorf("Commit that reads nothing: %v", err)
	}
	broken.Store(false)
	wantKept(t, l, acked)
}

// Close does not wait for the disk.
func TestLastingCloseWhileDown(t *testing.T) {
	m := newMending(t, func(errorfs.Op) error { return syscall.EIO })
	acked, _ := commitUntil(t.Context(), m, "before", 2, 5)
	m.disk.armed.Store(true)
	if err := m.Commit(t.Context(), put("k", "v")); !errors.Is(err, store.ErrUnavailable) {
		t.Fatal(err)
	}
	if err := m.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close: %v", err)
	}
	if err := m.Close(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if err := m.Commit(t.Context(), put("k", "v")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Commit: %v", err)
	}
	m.disk.armed.Store(false)
	wantKept(t, open(t, "db", quiet(m.disk.fs())), acked)
}
