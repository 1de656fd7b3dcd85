package memstore

import (
	"context"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Sequencer = (*DB)(nil)

// Sequence implements store.Sequencer.
func (d *DB) Sequence(ctx context.Context, atLeast uint64) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, store.ErrClosed
	}
	d.sequence = max(d.sequence+1, atLeast)
	return d.sequence, nil
}
