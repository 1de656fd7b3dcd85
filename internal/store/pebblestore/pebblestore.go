package pebblestore

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

// Options of Open. The zero value is good.
type Options struct {
	FS         vfs.FS       // default: the operating system's
	CacheBytes int64        // memory for blocks read from disk; default 32 MiB
	Logger     *slog.Logger // default: slog.Default

	// Observe, if set, is told the number of batches in each group and the time
	// from taking the first of them until all are durable. It must be quick and
	// is never called twice at once.
	Observe func(batches int, d time.Duration)
}

// DB is a store in a directory. Use Open.
type DB struct {
	dir     string
	pebble  *pebble.DB
	disk    *disk
	observe func(int, time.Duration)

	mu     sync.Mutex
	closed bool
	queue  []*request     // submitted, not yet seen by the writer
	users  sync.WaitGroup // reads that are on their way

	compacting sync.Mutex // held by Compact

	flight  flight
	wake    chan struct{} // tells the writer of a change
	slots   chan struct{} // taken by a group from being applied until it is durable
	applied chan *group   // from the writer to the syncer
	drained chan struct{} // closed when the syncer has answered everyone
}

var _ store.DB = (*DB)(nil)

// ErrInUse is the error for a directory that another process has open.
var ErrInUse = errors.New("in use by another process")

// Exists says whether there is a store in dir. It changes nothing.
func Exists(dir string) (bool, error) {
	found, err := pebble.Peek(dir, vfs.Default)
	if err != nil {
		return false, fmt.Errorf("pebblestore: %w", err)
	}
	return found.Exists, nil
}

// Open opens the store in dir and creates it if there is none. It fails when
// another process has it open (ErrInUse) and when its log or MANIFEST is corrupt; every
// error names dir.
func Open(dir string, opts Options) (*DB, error) {
	if opts.FS == nil {
		opts.FS = vfs.Default
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Observe == nil {
		opts.Observe = func(int, time.Duration) {}
	}
	disk := newDisk(opts.FS, opts.Logger.With("store", dir))
	p, err := openPebble(dir, disk, opts.CacheBytes)
	if err != nil {
		disk.abandon()
		return nil, fmt.Errorf("pebblestore: open %s: %w", dir, errors.Join(disk.refusal(err), disk.unlock()))
	}
	d := &DB{
		dir:    dir,
		pebble: p, disk: disk, observe: opts.Observe,
		wake: make(chan struct{}, 1), slots: make(chan struct{}, slots),
		applied: make(chan *group, slots), drained: make(chan struct{}),
	}
	go d.write()
	go d.sync()
	return d, nil
}

// openPebble opens Pebble on the disk and takes the disk live. When the disk
// turns out to be out of order, it gives up and leaves Pebble behind.
func openPebble(dir string, disk *disk, cacheBytes int64) (*pebble.DB, error) {
	type result struct {
		p   *pebble.DB
		err error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { // Pebble panics when a directory cannot be synced
			r := recover()
			if cause := disk.firstError(); r != nil && cause != nil {
				done <- result{err: fmt.Errorf("pebble gave up: %w", cause)}
			} else if r != nil {
				panic(r)
			}
		}()
		err := checkFiles(disk, dir)
		if err != nil {
			done <- result{err: err}
			return
		}
		p, err := pebble.Open(dir, pebbleOptions(disk, cacheBytes))
		if err == nil {
			err = disk.goLive()
		}
		if err == nil {
			// Begin a new log: a store that was just created or upgraded has
			// one of the old format, in which damage is not recognised.
			err = p.Flush()
		}
		done <- result{p, err}
	}()
	down, _ := disk.state()
	select {
	case r := <-done:
		return r.p, r.err
	case <-down:
		_, cause := disk.state()
		return nil, cause
	}
}

// Close implements store.DB: it waits for the commits and reads that are on
// their way. On a disk that is out of order it does not: those commits answer
// store.ErrUnknown, and Close says why.
func (d *DB) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return store.ErrClosed
	}
	d.closed = true
	d.nudge()
	d.mu.Unlock()
	close(d.disk.closing)
	done := make(chan error, 1)
	go func() { done <- d.finish() }()
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
		d.disk.fail(fmt.Errorf("close: %w", err))
	case <-d.disk.failed:
	}
	return fmt.Errorf("pebblestore: close: %w", errors.Join(d.disk.failure(), d.disk.unlock()))
}

// finish closes a Pebble that has not failed. A failed one is left as it is.
func (d *DB) finish() error {
	select {
	case <-d.drained:
	case <-d.disk.failed:
	}
	d.users.Wait()
	if err := d.disk.failure(); err != nil {
		return err
	}
	// With nothing left in the log the next start is quick, and damage to the
	// end of the log, which cannot be recognised, does no harm.
	if err := d.pebble.Flush(); err != nil {
		return err
	}
	return closePebble(d.pebble)
}

// closePebble closes p. All is durable by then; but after reads of a body whose file
// is gone Pebble thinks that it is in use, and panics.
func closePebble(p *pebble.DB) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("pebble gave up: %v", r)
		}
	}()
	return p.Close()
}
