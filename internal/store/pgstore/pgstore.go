package pgstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/openrbm/openrbm/internal/store"
)

// DB is a store on PostgreSQL. Use Open.
type DB struct {
	opts    Options
	log     *slog.Logger
	pool    *pgxpool.Pool // for reads; no connection of it is held while a caller's code runs
	writers *pgconn.Config

	mu      sync.Mutex
	changed sync.Cond // of queue, flight or closed
	closed  bool
	queue   []*request      // submitted, in no group yet
	flight  map[*group]bool // being committed
	users   sync.WaitGroup  // reads that are on their way
	running sync.WaitGroup  // the writers and the sequencer

	doubts    doubts
	sequencer sequencer
	notifier  notifier

	observing sync.Mutex
	observe   func(int, time.Duration)
}

var _ store.DB = (*DB)(nil)

// Open opens the store in the database that dsn names, a URL or keywords as
// libpq has them, several hosts allowed. It brings the schema up to date, and
// refuses one that is newer, and a database that does not keep what it
// acknowledges. No error shows the password.
func Open(ctx context.Context, dsn string, opts Options) (*DB, error) {
	opts = opts.withDefaults()
	c, err := opts.connections(dsn)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, c.readers.ConnConfig); err != nil {
		return nil, fmt.Errorf("pgstore: migrate: %w", err)
	}
	d := &DB{opts: opts, log: opts.Logger, writers: c.writers, flight: map[*group]bool{}, observe: opts.Observe}
	d.doubts.mark = store.Key("\x00" + rand.Text())
	c.readers.AfterConnect = func(context.Context, *pgx.Conn) error {
		d.doubts.raise() // the server may have restarted
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, c.readers)
	if err != nil {
		return nil, fmt.Errorf("pgstore: %w", err)
	}
	if err := durable(ctx, pool); err != nil {
		pool.Close()
		return nil, fmt.Errorf("pgstore: %w", err)
	}
	d.pool, d.changed.L, d.sequencer.db = pool, &d.mu, d
	for range opts.Writers {
		d.running.Go((&writer{db: d}).run)
	}
	return d, nil
}

// durable refuses a database that may lose what it has committed.
func durable(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit')")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name, setting string
		if err := rows.Scan(&name, &setting); err != nil {
			return err
		}
		if setting != "on" && setting != "remote_apply" {
			return fmt.Errorf("%s is %s in this database, want on: it may lose acknowledged messages", name, setting)
		}
	}
	return rows.Err()
}

// Close implements store.DB: it waits for the commits and reads that are on
// their way, which a database that does not answer ends after Options.Timeout.
func (d *DB) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return store.ErrClosed
	}
	d.closed = true
	d.changed.Broadcast()
	d.mu.Unlock()
	d.users.Wait()
	d.running.Wait()
	d.sequencer.disconnect()
	d.notifier.disconnect()
	d.pool.Close()
	return nil
}
