package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/openrbm/openrbm/internal/store"
)

// faulty is a crashable disk on which operations fail as inject says.
type faulty struct {
	mem    *vfs.MemFS
	inject func(errorfs.Op) error
	armed  atomic.Bool
}

func newFaulty(inject func(errorfs.Op) error) *faulty {
	return &faulty{mem: vfs.NewCrashableMem(), inject: inject}
}

func (f *faulty) fs() vfs.FS {
	return errorfs.Wrap(f.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !f.armed.Load() || op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		return f.inject(op)
	}))
}

// crashed is the disk after the power was lost: what was not synced is gone.
func (f *faulty) crashed() vfs.FS {
	return f.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0, RNG: rand.New(rand.NewPCG(6, 6))})
}

// commitUntil has writers commit numbered batches of two records until they
// get an error, or n each. It returns the errors and the acknowledged keys.
func commitUntil(ctx context.Context, db store.DB, tag string, writers, n int) (acked []string, errs []error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range n {
				k := fmt.Sprintf("%s/%d/%05d", tag, w, i)
				b := put(store.Key("a/"+k), strings.Repeat("v", 3000))
				b.Put(store.Key("z/"+k), []byte(k))
				err := db.Commit(ctx, b)
				mu.Lock()
				if err == nil {
					acked = append(acked, k)
				} else {
					errs = append(errs, err)
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return acked, errs
}

// wantKept fails the test unless db has all that was acknowledged, and no batch
// in part.
func wantKept(t *testing.T, db store.DB, acked []string) {
	t.Helper()
	for _, k := range acked {
		if v, err := db.Get(t.Context(), store.Key("z/"+k)); err != nil || string(v) != k {
			t.Fatalf("%s was acknowledged; now it is %q, %v", k, v, err)
		}
	}
	a, z := count(t, db, store.Prefix("a/")), count(t, db, store.Prefix("z/"))
	if a != z || z < len(acked) {
		t.Fatalf("%d and %d records are left of %d acknowledged batches", a, z, len(acked))
	}
}

// wantDown fails the test unless each call says that the store is unavailable.
func wantDown(t *testing.T, db store.DB, cause error) {
	t.Helper()
	check := func(call string, err error) {
		t.Helper()
		if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, cause) || errors.Is(err, store.ErrUnknown) {
			t.Errorf("%s: %v, want unavailable because of %v", call, err, cause)
		}
	}
	check("Commit", db.Commit(t.Context(), put("later", "v")))
	_, err := db.Get(t.Context(), "later")
	check("Get", err)
	for _, err := range db.Scan(t.Context(), store.Prefix("l")) {
		check("Scan", err)
	}
}

// TestSyncFails: a failing sync of the log is no success, and no end of the
// process; the store is down, and opens again when the disk is back.
func TestSyncFails(t *testing.T) {
	for _, cause := range []error{syscall.EIO, syscall.EROFS, syscall.ENOSPC} {
		t.Run(cause.Error(), func(t *testing.T) {
			f := newFaulty(func(op errorfs.Op) error {
				if strings.HasSuffix(op.Path, ".log") && (op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSync) {
					return cause
				}
				return nil
			})
			fs := f.fs()
			db := open(t, "db", quiet(fs))
			acked, errs := commitUntil(t.Context(), db, "before", 4, 5)
			if len(acked) != 20 || errs != nil {
				t.Fatalf("%d acknowledged, %v", len(acked), errs)
			}
			f.armed.Store(true)
			none, errs := commitUntil(t.Context(), db, "while", 16, 1)
			if len(none) > 0 {
				t.Errorf("%d batches acknowledged by a disk that cannot sync", len(none))
			}
			unknown := 0
			for _, err := range errs {
				if errors.Is(err, store.ErrUnknown) {
					unknown++
				}
				if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, cause) {
					t.Errorf("Commit: %v, want the cause", err)
				}
			}
			if unknown == 0 {
				t.Error("the batch whose sync failed is not unknown")
			}
			wantDown(t, db, cause)
			if err := db.Close(); !errors.Is(err, cause) {
				t.Errorf("Close: %v, want the cause", err)
			}
			if err := db.Close(); !errors.Is(err, store.ErrClosed) {
				t.Errorf("second Close: %v", err)
			}
			wantKept(t, open(t, "db", quiet(f.crashed())), acked)

			f.armed.Store(false)
			again := open(t, "db", quiet(fs)) // same process, same disk
			wantKept(t, again, acked)
			more, errs := commitUntil(t.Context(), again, "after", 4, 5)
			if errs != nil {
				t.Fatal(errs)
			}
			wantKept(t, again, append(acked, more...))
		})
	}
}

// TestEveryWriteFails lets each of the operations that change the disk fail in
// turn, from Open to Close, once or from then on. Nothing acknowledged is lost,
// nothing hangs, and the process lives.
func TestEveryWriteFails(t *testing.T) {
	const writers, batches = 6, 80
	run := func(t *testing.T, at int64, forEver bool) (total int64) {
		var n atomic.Int64
		f := newFaulty(func(op errorfs.Op) error {
			if i := n.Add(1); i == at || forEver && i > at {
				return syscall.EIO
			}
			return nil
		})
		f.armed.Store(true)
		var acked []string
		db, err := Open("db", quiet(f.fs()))
		if err == nil {
			var errs []error
			acked, errs = commitUntil(t.Context(), db, "k", writers, batches)
			for _, err := range errs {
				if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, syscall.EIO) {
					t.Errorf("operation %d: Commit: %v", at, err)
				}
			}
			err = db.Close()
		}
		if err != nil && !errors.Is(err, syscall.EIO) {
			t.Errorf("operation %d: %v, want the cause", at, err)
		}
		f.armed.Store(false)
		crashed := open(t, "db", quiet(f.crashed()))
		wantKept(t, crashed, acked)
		again := open(t, "db", quiet(f.fs()))
		wantKept(t, again, acked)
		if more, errs := commitUntil(t.Context(), again, "more", 2, 2); len(more) != 4 {
			t.Errorf("operation %d: after reopening: %v", at, errs)
		}
		for _, db := range []*DB{crashed, again} {
			if err := db.Close(); err != nil {
				t.Errorf("operation %d: Close after reopening: %v", at, err)
			}
		}
		return n.Load()
	}
	total := run(t, -1, false)
	step := int64(7)
	if testing.Short() {
		step = 31
	}
	for at := int64(1); at <= total && !t.Failed(); at += step {
		run(t, at, at%2 == 0)
	}
	t.Logf("%d operations in a run", total)
}
