package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
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
	pebble  *pebble.DB
	disk    *disk
	observe func(int, time.Duration)

	mu     sync.Mutex
	closed bool
	queue  []*request     // submitted, not yet seen by the writer
	users  sync.WaitGroup // reads that are on their way

	flight  flight
	wake    chan struct{} // tells the writer of a change
	slots   chan struct{} // taken by a group from being applied until it is durable
	applied chan *group   // from the writer to the syncer
	drained chan struct{} // closed when the syncer has answered everyone
}

var _ store.DB = (*DB)(nil)

// Open opens the store in dir and creates it if there is none. It fails when
// another process has it open and when its log or MANIFEST is corrupt; every
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
	p, err := pebble.Open(dir, pebbleOptions(disk, opts.CacheBytes))
	if err == nil {
		err = disk.goLive()
	}
	if err != nil {
		disk.stop()
		return nil, fmt.Errorf("pebblestore: open %s: %w", dir, errors.Join(err, disk.unlock()))
	}
	d := &DB{
		pebble: p, disk: disk, observe: opts.Observe,
		wake: make(chan struct{}, 1), slots: make(chan struct{}, slots),
		applied: make(chan *group, slots), drained: make(chan struct{}),
	}
	go d.write()
	go d.sync()
	return d, nil
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
	return d.pebble.Close()
}

// enter begins a read; d.users.Done ends it.
func (d *DB) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return store.ErrClosed
	}
	if err := d.disk.failure(); err != nil {
		return err
	}
	d.users.Add(1)
	return nil
}

// settle waits until what was read is durable: until the last group is that
// touches it.
func (d *DB) settle(ctx context.Context, touches func(*group) bool) error {
	g := d.flight.last(touches)
	if g == nil {
		return d.disk.failure()
	}
	down, cause := d.disk.state()
	if cause != nil {
		return cause
	}
	select {
	case <-g.durable:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-down:
		_, cause = d.disk.state()
		return cause
	}
}

// Get implements store.DB.
func (d *DB) Get(ctx context.Context, k store.Key) ([]byte, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.users.Done()
	v, err := d.get(k)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("pebblestore: get %q: %w", k, err)
	}
	if err := d.settle(ctx, func(g *group) bool { return g.writes(k) }); err != nil {
		return nil, err
	}
	return v, err
}

// get reads what Pebble shows, durable or not.
func (d *DB) get(k store.Key) ([]byte, error) {
	if len(k) == 0 || len(k) > store.MaxKey {
		return nil, store.ErrNotFound
	}
	it, err := d.pebble.NewIter(pointReads)
	if err != nil {
		return nil, err
	}
	v, ok, err := seek(it, []byte(k))
	v = bytes.Clone(v) // it is gone when the iterator is closed
	if err := errors.Join(err, it.Close()); err != nil {
		return nil, err
	}
	if !ok {
		return nil, store.ErrNotFound
	}
	return v, nil
}

// pointReads make use of the bloom filters on every level. Pebble's own Get
// does not on the last, where most keys are, and would read a block for most
// keys that do not exist.
var pointReads = &pebble.IterOptions{UseL6Filters: true}

// seek reads one key. The value is valid until the next use of it.
func seek(it *pebble.Iterator, k []byte) (v []byte, ok bool, err error) {
	if !it.SeekPrefixGE(k) {
		return nil, false, it.Error()
	}
	v, err = it.ValueAndErr()
	return v, err == nil, err
}

// Scan implements store.DB.
func (d *DB) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := d.enter(ctx); err != nil {
			yield(store.Record{}, err)
			return
		}
		defer d.users.Done()
		if r.End != "" && r.Start >= r.End {
			return
		}
		if err := d.scan(ctx, r, yield); err != nil {
			yield(store.Record{}, err)
		}
	}
}

// scan yields the records of r and returns the error that ended it.
func (d *DB) scan(ctx context.Context, r store.Range, yield func(store.Record, error) bool) (err error) {
	o := &pebble.IterOptions{LowerBound: []byte(r.Start)}
	if r.End != "" {
		o.UpperBound = []byte(r.End)
	}
	it, err := d.pebble.NewIterWithContext(ctx, o)
	if err != nil {
		return fmt.Errorf("pebblestore: scan: %w", err)
	}
	stopped := false // by the loop body, to which nothing may be yielded after that
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil && !stopped {
			err = fmt.Errorf("pebblestore: scan: %w", closeErr)
		}
	}()
	if err := d.settle(ctx, func(g *group) bool { return g.writesIn(r) }); err != nil {
		return err
	}
	first, next := it.First, it.Next
	if r.Reverse {
		first, next = it.Last, it.Prev
	}
	var buf []byte // what Pebble returns is its own memory, not to be lent out
	n := 0
	for ok := first(); ok; ok = next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := it.ValueAndErr()
		if err != nil {
			return fmt.Errorf("pebblestore: scan at %q: %w", it.Key(), err)
		}
		buf = append(buf[:0], v...)
		if !yield(store.Record{Key: store.Key(it.Key()), Value: buf}, nil) {
			stopped = true
			return nil
		}
		if n++; n == r.Limit {
			return nil
		}
	}
	return nil // an error of the iterator comes out of Close
}
