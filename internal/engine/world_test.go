package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/rbm"
)

const (
	agent   = "demo"
	numberA = "+12223334444"
	numberB = "+491701234567"
)

// world is an engine at work over a store that can be stopped or broken. The
// time is that of a synctest bubble.
type world struct {
	*Engine
	t    *testing.T
	db   *valve
	stop context.CancelFunc // of Run
	ran  chan struct{}      // closed when Run has returned

	mu       sync.Mutex
	notified int
}

// inWorld runs a test in a bubble, on a store of its own and on one that counts
// as shared.
func inWorld(t *testing.T, opts Options, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("own store", func(t *testing.T) { inOwnWorld(t, opts, test) })
	opts.Shared = true
	t.Run("shared store", func(t *testing.T) { inOwnWorld(t, opts, test) })
}

// inOwnWorld is inWorld on the kind of store that opts say.
func inOwnWorld(t *testing.T, opts Options, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memstore.New(), opts)
		synctest.Wait() // its loops have found nothing to do
		test(t, w)
	})
}

func newWorld(t *testing.T, db store.DB, opts Options) *world {
	return newWorldAt(t, db, clock.New(), opts)
}

func newWorldAt(t *testing.T, db store.DB, c *clock.Clock, opts Options) *world {
	w := &world{t: t, db: &valve{DB: db}, ran: make(chan struct{})}
	l, err := ledger.Open(t.Context(), w.db, c)
	if err != nil {
		t.Fatal(err)
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	opts.Notify = func(string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.notified++
	}
	w.Engine = New(l, agents{agent: true}, opts)
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	go func() {
		defer close(w.ran)
		w.Run(ctx)
	}()
	t.Cleanup(w.shutdown)
	return w
}

// shutdown ends the engine as the server does. The store stays open.
func (w *world) shutdown() {
	w.db.let(nil)
	w.stop()
	<-w.ran
	w.Close()
}

type agents map[string]bool

func (a agents) Carrier(context.Context, string) (string, error) { return "Test Mobile", nil }

func (a agents) HasAgent(_ context.Context, agent string) (bool, error) {
	if agent == "broken" {
		return false, errors.New("directory on fire")
	}
	return a[agent], nil
}

// valve is a store whose commits can be held up or broken.
type valve struct {
	store.DB
	mu    sync.Mutex
	rule  func(commit func() error) error // nil: they work
	blind bool                            // reads of one record fail
	onGet func(store.Key)                 // not nil: called before each read of one record
}

// Sequence makes it a store.Sequencer, as the one below is.
func (v *valve) Sequence(ctx context.Context, atLeast uint64) (uint64, error) {
	return v.DB.(store.Sequencer).Sequence(ctx, atLeast)
}

// let sets what happens to commits from now on.
func (v *valve) let(rule func(commit func() error) error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rule = rule
}

// hold stops commits until the returned func is called.
func (v *valve) hold() (release func()) {
	gate := make(chan struct{})
	v.let(func(commit func() error) error {
		<-gate
		return commit()
	})
	return func() {
		v.let(nil)
		close(gate)
	}
}

func (v *valve) Commit(ctx context.Context, b *store.Batch) error {
	v.mu.Lock()
	rule := v.rule
	v.mu.Unlock()
	commit := func() error { return v.DB.Commit(ctx, b) }
	if rule == nil {
		return commit()
	}
	return rule(commit)
}

func (v *valve) setBlind(blind bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.blind = blind
}

func (v *valve) Get(ctx context.Context, k store.Key) ([]byte, error) {
	v.mu.Lock()
	blind, onGet := v.blind, v.onGet
	v.mu.Unlock()
	if onGet != nil {
		onGet(k)
	}
	if blind {
		return nil, errDisk
	}
	return v.DB.Get(ctx, k)
}

var errDisk = errors.New("disk on fire")

func ref(id string) Ref { return Ref{Agent: agent, ID: id} }

// message is one that expires after ttl; 0: never.
func message(text string, ttl time.Duration) *rbm.AgentMessage {
	m := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: text}}
	if ttl != 0 {
		d := rbm.Duration(ttl)
		m.TTL = &d
	}
	return m
}

// send sends a message that must be accepted as new.
func (w *world) send(id, phone string, ttl time.Duration) {
	w.t.Helper()
	res, err := w.AcceptMessage(w.t.Context(), ref(id), phone, message(id, ttl))
	if err != nil || res.Repeated {
		w.t.Errorf("sending %s: %+v, %v", id, res, err)
	}
}

func (w *world) sendMany(from, to int, phone string) {
	w.t.Helper()
	for i := from; i <= to; i++ {
		w.send(fmt.Sprint("m", i), phone, 0)
	}
}

func (w *world) event(id, phone string, t rbm.AgentEventType) {
	w.t.Helper()
	ev := &rbm.AgentEvent{EventType: t}
	if t == rbm.AgentEventRead {
		ev.MessageID = "of-the-user"
	}
	if res, err := w.AcceptEvent(w.t.Context(), ref(id), phone, ev); err != nil || res.Repeated {
		w.t.Errorf("event %s: %+v, %v", id, res, err)
	}
}

func (w *world) state(id string) delivery.State {
	w.t.Helper()
	st, err := w.ledger.Status(w.t.Context(), ref(id))
	if err != nil {
		w.t.Fatal(err)
	}
	return st.State
}

// quiet returns when nothing moves any more: reports have found their company.
func quiet() {
	synctest.Wait()
	time.Sleep(company)
	synctest.Wait()
}

// expect fails the test unless the message is in that state and the agent has
// been told exactly that, of all its messages with that id.
func (w *world) expect(id string, state delivery.State, told ...string) {
	w.t.Helper()
	quiet()
	w.is(id, state, told...)
}

// is fails the test like expect, but looks at once.
func (w *world) is(id string, state delivery.State, told ...string) {
	w.t.Helper()
	synctest.Wait()
	if got := w.state(id); got != state {
		w.t.Errorf("%s is %v, want %v", id, got, state)
	}
	if got := w.told(id); !sameMembers(got, told) {
		w.t.Errorf("of %s the agent was told %v, want %v", id, got, told)
	}
}

// told is what waits for the agent about a message.
func (w *world) told(id string) []string {
	w.t.Helper()
	return w.allTold()[id]
}

// allTold is what waits for the agent about each message.
func (w *world) allTold() map[string][]string {
	w.t.Helper()
	types := map[string][]string{}
	for _, n := range w.notices() {
		var about struct {
			MessageID string `json:"messageId"`
		}
		if err := rbm.Unmarshal(n.Data, &about); err != nil {
			w.t.Fatal(err)
		}
		types[about.MessageID] = append(types[about.MessageID], n.Type)
	}
	return types
}

func (w *world) notices() []*ledger.Notice {
	w.t.Helper()
	due, _, err := w.ledger.DueNotices(w.t.Context(), agent, time.Time{}, w.clock.Now().AddDate(1, 0, 0), 1_000_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return due
}

func sameMembers(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// code fails the test unless err has that code.
func code(t *testing.T, what string, err error, want rbm.Code) {
	t.Helper()
	if got := rbm.CodeOf(err); got != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
