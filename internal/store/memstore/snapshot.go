package memstore

import (
	"context"
	"iter"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Snapshotter = (*DB)(nil)

// Snapshot implements store.Snapshotter.
func (d *DB) Snapshot(ctx context.Context) (store.Snapshot, error) {
	records, err := d.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return moment{records}, nil
}

type moment struct{ records *records }

// Scan implements store.Snapshot.
func (m moment) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return scan(ctx, r, func() (*records, error) { return m.records, nil })
}

// Close implements store.Snapshot: there is nothing to let go.
func (moment) Close() error { return nil }
