package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store/pgstore"
)

// A node counts what others have queued.
func TestQueuedIsOfAllNodes(t *testing.T) {
	c := start(t, 1)
	c.send(0, "m1")
	c.send(0, "m2")
	db, err := pgstore.Open(c.Context(), c.dsn, pgstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := ledger.Open(c.Context(), db, clock.New())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(c.Context())
	done := make(chan struct{})
	go func() {
		l.Recount(ctx)
		close(done)
	}()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for l.Queued() != 2 {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("%d queued, want 2", l.Queued())
		}
	}
	cancel()
	<-done
}
