package pgstore

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/storetest"
	"github.com/openrbm/openrbm/test/postgres"
)

func TestMain(m *testing.M) { postgres.Main(m) }

// quiet are options without a log, and with time for a machine that has other work:
// a batch that a test holds up on purpose must not be given up meanwhile.
func quiet() Options {
	return Options{Logger: slog.New(slog.DiscardHandler), Timeout: 2 * patience}
}

// open opens the store that t closes, if it does not itself.
func open(t testing.TB, dsn string, opts Options) *DB {
	t.Helper()
	db, err := Open(context.Background(), dsn, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB { return open(t, postgres.Database(t), quiet()) })
}

// TestThreeNodes: three stores on one database behave as one.
func TestThreeNodes(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB {
		dsn := postgres.Database(t)
		return &nodes{db: []*DB{open(t, dsn, quiet()), open(t, dsn, quiet()), open(t, dsn, quiet())}}
	})
}

// nodes sends each call to the next of several stores.
type nodes struct {
	db   []*DB
	next atomic.Int64
}

func (n *nodes) node() *DB { return n.db[int(n.next.Add(1))%len(n.db)] }

func (n *nodes) Get(ctx context.Context, k store.Key) ([]byte, error) { return n.node().Get(ctx, k) }

func (n *nodes) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return n.node().Scan(ctx, r)
}

// Commit reads back when the outcome is unknown, through the same node, which
// is the one that knows when it is settled.
func (n *nodes) Commit(ctx context.Context, b *store.Batch) error {
	node := n.node()
	err := node.Commit(ctx, b)
	if errors.Is(err, store.ErrUnknown) {
		_, _ = node.Get(context.WithoutCancel(ctx), b.Puts[0].Key)
	}
	return err
}

func (n *nodes) Close() error {
	for _, db := range n.db {
		if err := db.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (n *nodes) Sequence(ctx context.Context, atLeast uint64) (uint64, error) {
	return n.node().Sequence(ctx, atLeast)
}

func (n *nodes) Collect(ctx context.Context, keys []store.Key) (map[store.Key][]byte, error) {
	return n.node().Collect(ctx, keys)
}

func (n *nodes) Notify(ctx context.Context, hint string) error { return n.db[0].Notify(ctx, hint) }

func (n *nodes) Listen(ctx context.Context, ready func(), hear func(string)) error {
	return n.db[1].Listen(ctx, ready, hear)
}

func (n *nodes) Snapshot(ctx context.Context) (store.Snapshot, error) { return n.node().Snapshot(ctx) }
