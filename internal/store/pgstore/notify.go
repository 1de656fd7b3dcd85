package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Notifier = (*DB)(nil)

// channel is where hints go.
const channel = "openrbm"

// notifier sends hints, on a connection whose transactions do not wait for the disk.
type notifier struct {
	mu   sync.Mutex
	conn *pgconn.PgConn
}

// Notify implements store.Notifier.
func (d *DB) Notify(ctx context.Context, hint string) error {
	if len(hint) > store.MaxHint {
		return fmt.Errorf("pgstore: hint of %d bytes, want at most %d", len(hint), store.MaxHint)
	}
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.users.Done()
	ctx, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	n := &d.notifier
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.conn != nil
	err := n.notify(ctx, d.writers, hint)
	if err != nil && old {
		err = n.notify(ctx, d.writers, hint) // the connection was broken; a hint may come twice
	}
	if err != nil {
		return unavailable(fmt.Errorf("pgstore: notify: %w", err))
	}
	return nil
}

func (n *notifier) notify(ctx context.Context, to *pgconn.Config, hint string) error {
	if err := n.connect(ctx, to); err != nil {
		return err
	}
	err := n.conn.ExecParams(ctx, "select pg_notify('"+channel+"', $1)", [][]byte{[]byte(hint)}, nil, nil, nil).Read().Err
	if err != nil {
		n.drop()
	}
	return err
}

func (n *notifier) connect(ctx context.Context, to *pgconn.Config) (err error) {
	if n.conn != nil && !n.conn.IsClosed() {
		return nil
	}
	c := to.Copy()
	c.RuntimeParams["synchronous_commit"] = "off"
	n.conn, err = pgconn.ConnectConfig(ctx, c)
	return err
}

func (n *notifier) disconnect() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drop()
}

// drop closes the connection. The caller holds mu.
func (n *notifier) drop() {
	if n.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), graceful)
	defer cancel()
	_ = n.conn.Close(ctx) // nothing is under way on it
	n.conn = nil
}

// listenCheck is the silence after which Listen tries its connection: it may have been
// cut without a word.
const listenCheck = 5 * time.Second

// Listen implements store.Notifier.
func (d *DB) Listen(ctx context.Context, ready func(), hear func(string)) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	d.users.Done() // Close does not wait for it
	c := d.writers.Copy()
	c.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { hear(n.Payload) }
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return fmt.Errorf("pgstore: listen: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), graceful)
		defer cancel()
		_ = conn.Close(ctx) // nothing of it is needed any more
	}()
	if err := conn.Exec(ctx, "listen "+channel).Close(); err != nil {
		return fmt.Errorf("pgstore: listen: %w", err)
	}
	ready()
	for {
		if err := d.wait(ctx, conn); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("pgstore: listen: %w", err)
		}
	}
}

// wait waits for a hint, or until it is sure that conn could bring one.
func (d *DB) wait(ctx context.Context, conn *pgconn.PgConn) error {
	quiet, cancel := context.WithTimeout(ctx, listenCheck)
	err := conn.WaitForNotification(quiet)
	cancel()
	if err == nil || !errors.Is(err, context.DeadlineExceeded) || conn.IsClosed() {
		return err
	}
	try, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	return conn.Ping(try)
}
