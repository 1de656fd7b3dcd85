package cluster

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// leaving is a store that can be away: then nothing can be written.
type leaving struct {
	*memstore.DB
	away  atomic.Bool
	tried atomic.Int64 // while it was away
}

func (d *leaving) Commit(ctx context.Context, b *store.Batch) error {
	if d.away.Load() {
		d.tried.Add(1)
		return store.ErrUnavailable
	}
	return d.DB.Commit(ctx, b)
}

// When the store comes back after longer than a node may be silent, no node takes
// another for dead that could not renew its record either; one that has died is
// still found.
func TestNobodyDiesOfAnOutage(t *testing.T) {
	db := &leaving{DB: memstore.New()}
	var deposed atomic.Int64
	const nodes, beat = 5, 200 * time.Millisecond
	var all []*Node
	var ends []context.CancelFunc
	var running sync.WaitGroup
	defer running.Wait()
	for i := range nodes {
		l, err := ledger.Open(t.Context(), db, clock.New())
		if err != nil {
			t.Fatal(err)
		}
		n, err := Join(t.Context(), l, Options{
			Name: fmt.Sprint("n", i), URL: "http://127.0.0.1:1", Secret: []byte("secret"), Beat: beat, Dead: 5 * beat,
			Hooks: idle(func() { deposed.Add(1) }), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		defer end()
		running.Go(func() { n.Run(ctx) })
		all, ends = append(all, n), append(ends, end)
	}
	sees(t, all[0], nodes)
	db.away.Store(true)
	until(t, func() bool { return db.tried.Load() > nodes*10 }) // each ten beats
	db.away.Store(false)
	before := all[0].me().Beat
	until(t, func() bool { return all[0].me().Beat > before+10 })
	if n := deposed.Load(); n > 0 {
		t.Errorf("%d nodes were taken for dead", n)
	}
	ends[nodes-1]()
	sees(t, all[0], nodes-1)
}

// idle are the hooks of a node without phones.
func idle(deposed func()) Hooks {
	return Hooks{
		Online: func(string) bool { return false }, Phones: func() []string { return nil }, Wake: func(string) {}, WakeAgent: func(string) {},
		Link: func(string) (func(), bool) { return nil, false }, Elsewhere: func(string) {}, Missed: func() {}, Changed: func(string) {}, Counted: func(string, int) {},
		Busy: func(func(string) bool) bool { return false }, Deposed: deposed,
	}
}

// sees waits until n sees so many living nodes.
func sees(t *testing.T, n *Node, want int) {
	t.Helper()
	until(t, func() bool { return len(n.view()) == want })
}

func until(t *testing.T, holds func() bool) {
	t.Helper()
	look, late := time.NewTicker(5*time.Millisecond), time.After(time.Minute)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-late:
			t.Fatal("not within a minute")
		}
	}
}
