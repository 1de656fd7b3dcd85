package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

const (
	phoneA = "+12223334444"
	phoneB = "+491701234567"
)

// start is a moment with digits down to the nanosecond.
var start = time.Date(2026, 11, 20, 20, 3, 35, 474764001, time.UTC)

// world is a ledger over a store that can be looked into and made to fail.
type world struct {
	*Ledger
	t  *testing.T
	db *faulty
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := &faulty{DB: memstore.New()}
	t.Cleanup(func() { db.Close() })
	return &world{Ledger: must(Open(t.Context(), db, clock.New()))(t), t: t, db: db}
}

// must is the value of a call that cannot fail here.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// message is an item that Add takes; a life of 0 never expires.
func (w *world) message(id, phone string, life time.Duration) *Item {
	it := &Item{
		Ref: Ref{"demo", id}, Seq: w.NextSeq(), Kind: delivery.Message, Phone: phone,
		SendTime: w.clock.Now().Truncate(time.Microsecond), Payload: []byte(`{"name":"` + id + `"}`),
	}
	if life != 0 {
		it.ExpireTime = it.SendTime.Add(life)
	}
	return it
}

func (w *world) add(id, phone string, life time.Duration) *Item {
	w.t.Helper()
	it := w.message(id, phone, life)
	w.ok(w.Add(w.t.Context(), it))
	return it
}

func (w *world) apply(changes ...Change) []Changed {
	w.t.Helper()
	return must(w.Apply(w.t.Context(), changes...))(w.t)
}

func (w *world) state(id string) delivery.State {
	w.t.Helper()
	return must(w.Status(w.t.Context(), Ref{"demo", id}))(w.t).State
}

// rows are the keys of a kind.
func (w *world) rows(kind byte) []store.Key {
	w.t.Helper()
	var keys []store.Key
	for rec, err := range w.db.Scan(w.t.Context(), store.Prefix(key(kind))) {
		w.ok(err)
		keys = append(keys, rec.Key)
	}
	return keys
}

// count fails the test unless there are n rows of a kind.
func (w *world) count(kind byte, n int) {
	w.t.Helper()
	if rows := w.rows(kind); len(rows) != n {
		w.t.Errorf("%d rows of kind %c, want %d: %q", len(rows), kind, n, rows)
	}
}

// notices are the types of what waits for the agent, in the order of the rows.
func (w *world) notices(agent string) []string {
	w.t.Helper()
	due, _, err := w.DueNotices(w.t.Context(), agent, time.Time{}, start.AddDate(100, 0, 0), 1000)
	w.ok(err)
	var types []string
	for _, n := range due {
		types = append(types, n.Type)
	}
	return types
}

// fault is what happens to a commit.
type fault func(commit func() error) error

var errDisk = errors.New("disk on fire")

// The ways in which a commit can go wrong.
var (
	unknownLost   fault = func(func() error) error { return store.ErrUnknown }
	unknownStored fault = func(commit func() error) error {
		if err := commit(); err != nil {
			return err
		}
		return fmt.Errorf("the connection broke: %w", store.ErrUnknown)
	}
	failed fault = func(func() error) error { return errDisk }
)

// faulty is a store whose next commits go wrong.
type faulty struct {
	store.DB
	mu    sync.Mutex
	next  []fault
	blind bool // reads fail
	seen  int  // commits
}

// fail lets the next commits go wrong in these ways; nil is a commit that works.
func (f *faulty) fail(next ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next, f.seen = next, 0
}

func (f *faulty) Commit(ctx context.Context, b *store.Batch) error {
	f.mu.Lock()
	f.seen++
	var now fault
	if len(f.next) > 0 {
		now, f.next = f.next[0], f.next[1:]
	}
	f.mu.Unlock()
	commit := func() error { return f.DB.Commit(ctx, b) }
	if now == nil {
		return commit()
	}
	return now(commit)
}

func (f *faulty) Get(ctx context.Context, k store.Key) ([]byte, error) {
	f.mu.Lock()
	blind := f.blind
	f.mu.Unlock()
	if blind {
		return nil, errDisk
	}
	return f.DB.Get(ctx, k)
}

// beforeGet does something once, before a certain read.
type beforeGet struct {
	store.DB
	key store.Key
	do  func()
}

func (g *beforeGet) Get(ctx context.Context, k store.Key) ([]byte, error) {
	if do := g.do; do != nil && k == g.key {
		g.do = nil
		do()
	}
	return g.DB.Get(ctx, k)
}

// scanCounter counts scans and the rows they gave.
type scanCounter struct {
	store.DB
	n, rows int
}

func (s *scanCounter) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	s.n++
	return func(yield func(store.Record, error) bool) {
		for rec, err := range s.DB.Scan(ctx, r) {
			s.rows++
			if !yield(rec, err) {
				return
			}
		}
	}
}
