package pgstore

import (
	"context"
	"fmt"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Collector = (*DB)(nil)

// Collect implements store.Collector. All keys must be of one record kind.
func (d *DB) Collect(ctx context.Context, keys []store.Key) (map[store.Key][]byte, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.users.Done()
	wanted := make([][]byte, 0, len(keys))
	touched := make(map[store.Key]bool, len(keys))
	for _, k := range keys {
		if storable(k) {
			wanted, touched[k] = append(wanted, []byte(k)), true
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	if tableOf(store.Key(wanted[0])) != tableOf(store.Key(wanted[len(wanted)-1])) {
		return nil, fmt.Errorf("pgstore: collect: keys of several kinds")
	}
	err := d.settle(ctx, func(g *group) bool {
		for k := range touched {
			if g.writes[k] {
				return true
			}
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	found, err := d.collect(ctx, wanted)
	if err != nil && lost(err) && ctx.Err() == nil {
		d.pool.Reset() // the others will be lost too
		found, err = d.collect(ctx, wanted)
	}
	if err == nil {
		err = d.sure(ctx)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, unavailable(fmt.Errorf("pgstore: collect: %w", err))
	}
	return found, nil
}

func (d *DB) collect(ctx context.Context, keys [][]byte) (map[store.Key][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	rows, err := d.pool.Query(ctx, "select key, body from "+tableName(tableOf(store.Key(keys[0])))+" where key = any($1)", keys)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[store.Key][]byte, len(keys))
	for rows.Next() {
		raw := rows.RawValues()
		found[store.Key(raw[0])] = append([]byte{}, raw[1]...)
	}
	return found, rows.Err()
}
