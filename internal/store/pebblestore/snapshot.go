package pebblestore

import (
	"context"
	"iter"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Snapshotter = (*DB)(nil)

// Snapshot implements store.Snapshotter. It waits until what it shows is durable.
func (d *DB) Snapshot(ctx context.Context) (store.Snapshot, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	s := &snapshot{db: d, pebble: d.pebble.NewSnapshot()}
	if err := d.settle(ctx, func(*group) bool { return true }); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

type snapshot struct {
	db     *DB
	pebble *pebble.Snapshot
	once   sync.Once
}

// Scan implements store.Snapshot.
func (s *snapshot) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return s.db.records(ctx, r, s.pebble, func() error { return s.db.disk.failure() })
}

// Close implements store.Snapshot.
func (s *snapshot) Close() (err error) {
	s.once.Do(func() {
		if s.db.disk.failure() == nil { // else Pebble is left as it is
			err = s.pebble.Close()
		}
		s.db.users.Done()
	})
	return err
}
