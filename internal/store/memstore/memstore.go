// Package memstore is a store in memory, for tests and for the simulation. It
// behaves as every store does (internal/store/storetest), is deterministic, and
// starts no goroutine. Nothing survives Close.
package memstore

import (
	"bytes"
	"context"
	"iter"
	"sync"

	"github.com/tidwall/btree"

	"github.com/openrbm/openrbm/internal/store"
)

// DB is a store in memory. Use New.
type DB struct {
	mu       sync.RWMutex
	records  *records // values are never changed in place
	sequence uint64   // the number given out last
	closed   bool

	listeners map[chan string]struct{}
}

type records = btree.Map[store.Key, []byte]

var _ store.DB = (*DB)(nil)

// New returns an empty store.
func New() *DB {
	return &DB{records: btree.NewMap[store.Key, []byte](0)}
}

// Get implements store.DB.
func (d *DB) Get(ctx context.Context, k store.Key) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return nil, store.ErrClosed
	}
	v, ok := d.records.Get(k)
	if !ok {
		return nil, store.ErrNotFound
	}
	return bytes.Clone(v), nil
}

// Commit implements store.DB.
func (d *DB) Commit(ctx context.Context, b *store.Batch) error {
	if err := b.Validate(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return store.ErrClosed
	}
	for _, c := range b.Checks {
		if v, ok := d.records.Get(c.Key); ok == c.Absent || ok && !bytes.Equal(v, c.Value) {
			return &store.ConflictError{Key: c.Key}
		}
	}
	for _, p := range b.Puts {
		d.records.Set(p.Key, bytes.Clone(p.Value))
	}
	for _, k := range b.Deletes {
		d.records.Delete(k)
	}
	return nil
}

// Scan implements store.DB.
func (d *DB) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return scan(ctx, r, func() (*records, error) { return d.snapshot(ctx) })
}

// scan yields the records of r of what is opened when the scan begins.
func scan(ctx context.Context, r store.Range, open func() (*records, error)) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		snapshot, err := open()
		if err != nil {
			yield(store.Record{}, err)
			return
		}
		walk, n := ascend, 0
		if r.Reverse {
			walk = descend
		}
		var buf []byte // overwritten at each step, so that a record kept too long shows
		walk(snapshot, r, func(k store.Key, v []byte) bool {
			if err := ctx.Err(); err != nil {
				yield(store.Record{}, err)
				return false
			}
			buf = append(buf[:0], v...)
			n++
			return yield(store.Record{Key: k, Value: buf}, nil) && n != r.Limit
		})
	}
}

// snapshot is the records as they stand now; it shares the tree until a write.
func (d *DB) snapshot(ctx context.Context) (*records, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d.mu.Lock() // Copy marks the tree
	defer d.mu.Unlock()
	if d.closed {
		return nil, store.ErrClosed
	}
	return d.records.Copy(), nil
}

func ascend(m *records, r store.Range, step func(store.Key, []byte) bool) {
	m.Ascend(r.Start, func(k store.Key, v []byte) bool {
		return (r.End == "" || k < r.End) && step(k, v)
	})
}

func descend(m *records, r store.Range, step func(store.Key, []byte) bool) {
	down := func(k store.Key, v []byte) bool {
		return k >= r.Start && (k == r.End && r.End != "" || step(k, v))
	}
	if r.End == "" {
		m.Reverse(down)
		return
	}
	m.Descend(r.End, down)
}

// Close implements store.DB.
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return store.ErrClosed
	}
	d.closed = true
	d.records = nil
	return nil
}
