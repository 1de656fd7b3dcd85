package pgstore

import (
	"context"
	"fmt"
	"sync"

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
	if err := n.connect(ctx, d.writers); err != nil {
		return unavailable(fmt.Errorf("pgstore: notify: %w", err))
	}
	err := n.conn.ExecParams(ctx, "select pg_notify('"+channel+"', $1)", [][]byte{[]byte(hint)}, nil, nil, nil).Read().Err
	if err != nil {
		n.drop()
		return unavailable(fmt.Errorf("pgstore: notify: %w", err))
	}
	return nil
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

// Listen implements store.Notifier. A connection that was cut in silence is noticed
// by the keep-alives of TCP.
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
		if err := conn.WaitForNotification(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("pgstore: listen: %w", err)
		}
	}
}
