package registry

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/rbm"
)

const number = "+12223334444"

// world is a registry over a store that can fail.
type world struct {
	*Registry
	t  *testing.T
	db *faulty
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: &faulty{DB: memstore.New()}}
	t.Cleanup(func() { w.db.DB.Close() })
	w.reopen()
	return w
}

// reopen reads the store again, as a restart does; the clock goes on.
func (w *world) reopen() {
	w.t.Helper()
	c := clock.New()
	if w.Registry != nil {
		c = w.clock
	}
	l, err := ledger.Open(w.t.Context(), w.db, c)
	w.ok(err)
	w.Registry, err = Open(w.t.Context(), l, slog.New(slog.DiscardHandler))
	w.ok(err)
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// agent is a valid one, made.
func (w *world) agent(id string) *Agent {
	w.t.Helper()
	a, err := w.CreateAgent(w.t.Context(), Agent{ID: id, DisplayName: "Growing Tree"})
	w.ok(err)
	return a
}

// phone is a phone with RCS, made, and its token.
func (w *world) phone(number string) (*Phone, string) {
	w.t.Helper()
	p, token, err := w.CreatePhone(w.t.Context(), Phone{Number: number, RCSEnabled: true})
	w.ok(err)
	return p, token
}

// code fails the test unless err has that code.
func code(t *testing.T, what string, err error, want rbm.Code) {
	t.Helper()
	if got := rbm.CodeOf(err); got != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// fields are what an error says is wrong.
func fields(err error) (list []string) {
	if e, ok := errors.AsType[*rbm.Error](err); ok {
		for _, v := range e.Violations {
			list = append(list, v.Field)
		}
	}
	return list
}

// faulty is a store whose next commit goes wrong.
type faulty struct {
	store.DB
	mu    sync.Mutex
	next  func(commit func() error) error
	blind int // so many reads of one record fail
}

func (f *faulty) fail(next func(commit func() error) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
}

func (f *faulty) setBlind(reads int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blind = reads
}

func (f *faulty) Commit(ctx context.Context, b *store.Batch) error {
	f.mu.Lock()
	next := f.next
	f.next = nil
	f.mu.Unlock()
	commit := func() error { return f.DB.Commit(ctx, b) }
	if next == nil {
		return commit()
	}
	return next(commit)
}

func (f *faulty) Get(ctx context.Context, k store.Key) ([]byte, error) {
	f.mu.Lock()
	blind := f.blind > 0
	if blind {
		f.blind--
	}
	f.mu.Unlock()
	if blind {
		return nil, errDisk
	}
	return f.DB.Get(ctx, k)
}

// unseen is a commit that is stored, does not say so, and cannot be read back at
// once.
func (f *faulty) unseen(commit func() error) error {
	if err := commit(); err != nil {
		return err
	}
	f.setBlind(1)
	return store.ErrUnknown
}

var errDisk = errors.New("disk on fire")

const day = 24 * time.Hour
