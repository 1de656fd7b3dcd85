package pgstore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
	d.users.Add(1)
	return nil
}

// Get implements store.DB.
func (d *DB) Get(ctx context.Context, k store.Key) ([]byte, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	defer d.users.Done()
	if !storable(k) {
		return nil, store.ErrNotFound
	}
	if err := d.settle(ctx, func(g *group) bool { return g.writes[k] }); err != nil {
		return nil, err
	}
	body, err := d.get(ctx, k)
	if err != nil && lost(err) && ctx.Err() == nil {
		d.pool.Reset() // the others will be lost too
		body, err = d.get(ctx, k)
	}
	if err == nil {
		err = d.sure(ctx)
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, store.ErrNotFound
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, unavailable(fmt.Errorf("pgstore: get %q: %w", k, err))
	}
	return body, nil
}

func (d *DB) get(ctx context.Context, k store.Key) (body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	err = d.pool.QueryRow(ctx, "select body from "+tableName(tableOf(k))+" where key = $1", []byte(k)).Scan(&body)
	return body, err
}

// lost says whether the connection broke, or is to a server that is on its way
// out.
func lost(err error) bool {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.SeverityUnlocalized == "FATAL" || said.SeverityUnlocalized == "PANIC"
	}
	return !errors.Is(err, pgx.ErrNoRows) && !errors.Is(err, context.DeadlineExceeded)
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
		if err := d.settle(ctx, func(g *group) bool { return g.writesIn(r) }); err != nil {
			yield(store.Record{}, err)
			return
		}
		s := scan{db: d, r: r}
		defer s.close()
		if err := s.run(ctx, yield); err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			} else {
				err = unavailable(fmt.Errorf("pgstore: scan: %w", err))
			}
			yield(store.Record{}, err)
		}
	}
}
