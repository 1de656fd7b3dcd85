package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/openrbm/openrbm/internal/store"
)

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
		return nil, fmt.Errorf("pebblestore: get %q: %w", k, readError(err))
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
	v, err = valueOf(it)
	return v, err == nil, err
}

// Scan implements store.DB.
func (d *DB) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return d.records(ctx, r, d.pebble, func() error {
		return d.settle(ctx, func(g *group) bool { return g.writesIn(r) })
	})
}

// iterable is a Pebble or a snapshot of one.
type iterable interface {
	NewIterWithContext(context.Context, *pebble.IterOptions) (*pebble.Iterator, error)
}

// records yields the records of r of p. When they have been found, settle waits
// until they may be shown.
func (d *DB) records(ctx context.Context, r store.Range, p iterable, settle func() error) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if err := d.enter(ctx); err != nil {
			yield(store.Record{}, err)
			return
		}
		defer d.users.Done()
		if r.End != "" && r.Start >= r.End {
			return
		}
		if err := scan(ctx, r, p, settle, yield); err != nil {
			yield(store.Record{}, err)
		}
	}
}

// scan yields the records of r and returns the error that ended it.
func scan(ctx context.Context, r store.Range, p iterable, settle func() error, yield func(store.Record, error) bool) (err error) {
	o := &pebble.IterOptions{LowerBound: []byte(r.Start)}
	if r.End != "" {
		o.UpperBound = []byte(r.End)
	}
	it, err := p.NewIterWithContext(ctx, o)
	if err != nil {
		return fmt.Errorf("pebblestore: scan: %w", err)
	}
	stopped := false // by the loop body, to which nothing may be yielded after that
	defer func() {
		if closeErr := it.Close(); err == nil && closeErr != nil && !stopped {
			err = fmt.Errorf("pebblestore: scan of %q to %q: %w", r.Start, r.End, readError(closeErr))
		}
	}()
	if err := settle(); err != nil {
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
		v, err := valueOf(it)
		if err != nil {
			return fmt.Errorf("pebblestore: scan at %q: %w", it.Key(), readError(err))
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
