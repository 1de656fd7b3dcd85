package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

// The waits between attempts to open a store again: each twice the one before.
const (
	firstReopen = 100 * time.Millisecond
	lastReopen  = 5 * time.Second
)

// Lasting is a store in a directory that outlives its disk's failures: when the
// store is down for good, see the package comment, it opens the directory again
// as soon as the disk takes writes, and all goes on. Until then every call answers
// store.ErrUnavailable. A store that is down because it is corrupt stays down.
//
// What the failed Pebble holds of memory and open files stays held until the
// process ends: as much as a cache, once for each failure.
type Lasting struct {
	dir  string
	opts Options
	log  *slog.Logger

	mu     sync.Mutex
	db     *DB   // the one in use, or the one that has failed
	down   error // why there is none in use; nil: there is
	closed bool

	closing chan struct{} // closed by Close
	watcher sync.WaitGroup
}

var (
	_ store.DB          = (*Lasting)(nil)
	_ store.Snapshotter = (*Lasting)(nil)
)

// OpenLasting opens a store as Open does: at the start nothing is repeated.
func OpenLasting(dir string, opts Options) (*Lasting, error) {
	db, err := Open(dir, opts)
	if err != nil {
		return nil, err
	}
	l := &Lasting{dir: dir, opts: opts, log: opts.Logger, db: db, closing: make(chan struct{})}
	if l.log == nil {
		l.log = slog.Default()
	}
	if l.opts.FS == nil {
		l.opts.FS = vfs.Default
	}
	l.watcher.Go(l.watch)
	return l, nil
}

// watch takes failed stores out of use and puts new ones in their place.
func (l *Lasting) watch() {
	for {
		db, _ := l.use()
		select {
		case <-l.closing:
			return
		case <-db.disk.failed:
		}
		cause := db.disk.failure()
		if errors.Is(cause, ErrCorrupt) {
			l.log.Error("the store stays down until the server is started on a backup", "store", l.dir, "error", cause)
			return
		}
		l.mu.Lock()
		l.down = cause
		l.mu.Unlock()
		_ = db.Close() // it says the cause once more, and frees the directory
		next := l.reopen()
		if next == nil {
			return
		}
		l.mu.Lock()
		l.db, l.down = next, nil
		l.mu.Unlock()
		l.log.Info("the store is open again", "store", l.dir)
	}
}

// reopen returns the store when the disk works again, or nil when l is closed.
func (l *Lasting) reopen() *DB {
	said := ""
	for wait := firstReopen; ; wait = min(2*wait, lastReopen) {
		t := time.NewTimer(wait)
		select {
		case <-l.closing:
			t.Stop()
			return nil
		case <-t.C:
		}
		var db *DB
		err := l.probe() // an Open that fails late leaves memory behind
		if err == nil {
			db, err = Open(l.dir, l.opts)
		}
		if err == nil {
			return db
		}
		if err.Error() != said {
			said = err.Error()
			l.log.Warn("the store cannot be opened again yet", "store", l.dir, "error", err)
		}
	}
}

// probe writes a small file as a store does, reads it and removes it.
func (l *Lasting) probe() (err error) {
	fs := l.opts.FS
	name := fs.PathJoin(l.dir, "probe")
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 4<<10))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	dir, err := fs.OpenDir(l.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close(), fs.Remove(name))
}

// use is the store in use; an error says why there is none.
func (l *Lasting) use() (*DB, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.db, store.ErrClosed
	}
	return l.db, l.down
}

// outcome is err as callers see it: that a failed store has been closed is no
// concern of theirs.
func (l *Lasting) outcome(err error) error {
	if !errors.Is(err, store.ErrClosed) {
		return err
	}
	if _, why := l.use(); why != nil {
		return why
	}
	return fmt.Errorf("%w: it has just been opened again", store.ErrUnavailable)
}

// Get implements store.DB.
func (l *Lasting) Get(ctx context.Context, k store.Key) ([]byte, error) {
	db, err := l.use()
	if err != nil {
		return nil, err
	}
	v, err := db.Get(ctx, k)
	return v, l.outcome(err)
}

// Commit implements store.DB.
func (l *Lasting) Commit(ctx context.Context, b *store.Batch) error {
	db, err := l.use()
	if err != nil {
		return err
	}
	return l.outcome(db.Commit(ctx, b))
}

// Scan implements store.DB.
func (l *Lasting) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		db, err := l.use()
		if err != nil {
			yield(store.Record{}, err)
			return
		}
		for rec, err := range db.Scan(ctx, r) {
			if !yield(rec, l.outcome(err)) {
				return
			}
		}
	}
}

// Snapshot implements store.Snapshotter. It ends with the failure of the disk.
func (l *Lasting) Snapshot(ctx context.Context) (store.Snapshot, error) {
	db, err := l.use()
	if err != nil {
		return nil, err
	}
	s, err := db.Snapshot(ctx)
	return s, l.outcome(err)
}

// Close implements store.DB. While the store is down it says why.
func (l *Lasting) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return store.ErrClosed
	}
	l.closed = true
	close(l.closing)
	l.mu.Unlock()
	l.watcher.Wait()
	err := l.db.Close() // nobody changes it any more
	if errors.Is(err, store.ErrClosed) {
		return fmt.Errorf("pebblestore: close: %w", l.down)
	}
	return err
}
