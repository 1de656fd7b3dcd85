package pgstore

import (
	"context"
	"fmt"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Counter = (*DB)(nil)

// Count implements store.Counter. It may take as long as ctx lets it: of millions of
// records, seconds. Commits of this process that are under way may be missing.
func (d *DB) Count(ctx context.Context, r store.Range) (n int64, err error) {
	first, last := tablesOf(r)
	if first != last || r.Start == "" || r.End == "" {
		return 0, fmt.Errorf("pgstore: count from %q to %q: not one kind", r.Start, r.End)
	}
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.users.Done()
	err = d.pool.QueryRow(ctx, "select count(*) from "+tableName(first)+" where key >= $1 and key < $2", []byte(r.Start), []byte(r.End)).Scan(&n)
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return 0, unavailable(fmt.Errorf("pgstore: count: %w", err))
	}
	return n, nil
}
