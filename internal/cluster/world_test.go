package cluster

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// world is nodes on one store, in the time of a bubble.
type world struct {
	t     *testing.T
	db    *memstore.DB
	deaf  atomic.Bool // nodes that join hear nothing at first
	mu    sync.Mutex
	nodes map[string]*process // by the host of their URL
}

// inWorld runs a test in a bubble.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		test(t, &world{t: t, db: memstore.New(), nodes: make(map[string]*process)})
	})
}

// process is a node with what it stands for.
type process struct {
	*Node
	w     *world
	wire  *wire
	led   *ledger.Ledger
	stop  context.CancelFunc
	ended chan struct{}
	hangs atomic.Bool // it answers no requests
	busy  atomic.Bool

	mu     sync.Mutex
	phones map[string]bool
	heard  map[string]int // what hooks were called, and of what
}

// wire is the way of one node to the store.
type wire struct {
	*memstore.DB
	cut  atomic.Bool // nothing passes
	deaf atomic.Bool // no hints pass
}

var errCut = errors.New("no way to the store")

func (w *wire) Get(ctx context.Context, k store.Key) ([]byte, error) {
	if w.cut.Load() {
		return nil, errCut
	}
	return w.DB.Get(ctx, k)
}

func (w *wire) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	if w.cut.Load() {
		return func(yield func(store.Record, error) bool) { yield(store.Record{}, errCut) }
	}
	return w.DB.Scan(ctx, r)
}

func (w *wire) Commit(ctx context.Context, b *store.Batch) error {
	if w.cut.Load() {
		return errCut
	}
	return w.DB.Commit(ctx, b)
}

func (w *wire) Notify(ctx context.Context, hint string) error {
	if w.cut.Load() || w.deaf.Load() {
		return errCut
	}
	return w.DB.Notify(ctx, hint)
}

func (w *wire) Listen(ctx context.Context, ready func(), hear func(string)) error {
	if w.cut.Load() || w.deaf.Load() {
		return errCut
	}
	return w.DB.Listen(ctx, ready, func(hint string) {
		if !w.cut.Load() && !w.deaf.Load() {
			hear(hint)
		}
	})
}

// join starts a node. change may set its options; nil: they are the usual ones.
func (w *world) join(name string, change func(*Options)) *process {
	w.t.Helper()
	p, err := w.tryJoin(name, change)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) tryJoin(name string, change func(*Options)) (*process, error) {
	p := &process{w: w, wire: &wire{DB: w.db}, ended: make(chan struct{}), phones: make(map[string]bool), heard: make(map[string]int)}
	p.wire.deaf.Store(w.deaf.Load())
	var err error
	if p.led, err = ledger.Open(w.t.Context(), p.wire, clock.New()); err != nil {
		return nil, err
	}
	o := Options{
		Name: name, URL: "http://" + name, Secret: []byte("the secret of these nodes"), Hooks: p.hooks(),
		Client: &http.Client{Transport: w}, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	if p.Node, err = Join(ctx, p.led, o); err != nil {
		cancel()
		return nil, err
	}
	w.mu.Lock()
	w.nodes[name] = p
	w.mu.Unlock()
	go func() {
		defer close(p.ended)
		p.Run(ctx)
	}()
	w.t.Cleanup(p.kill)
	synctest.Wait()
	return p, nil
}

// kill ends a node without a word.
func (p *process) kill() {
	p.hangs.Store(true)
	p.stop()
	<-p.ended
}

// leave ends a node as a server that stops does.
func (p *process) leave() {
	p.stop()
	<-p.ended
	p.Leave(context.Background())
	p.hangs.Store(true)
}

func (p *process) hooks() Hooks {
	note := func(what string) func(string) { return func(of string) { p.note(what + " " + of) } }
	return Hooks{
		Online: p.online,
		Phones: func() []string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return slices.Sorted(maps.Keys(p.phones))
		},
		Wake: note("wake"), WakeAgent: note("wakeAgent"), Elsewhere: note("elsewhere"), Changed: note("changed"),
		Link: func(phone string) (func(), bool) {
			return func() { p.detach(phone) }, p.online(phone)
		},
		Missed: func() { p.note("missed") },
		Answer: func(_ context.Context, q []byte) ([]byte, error) {
			if phone := string(q); !p.online(phone) {
				return nil, errors.New("it is not here")
			}
			return []byte(p.me().Name), nil
		},
		Busy:    func(mine func(string) bool) bool { return p.busy.Load() && mine("job") },
		Deposed: func() { p.note("deposed") },
	}
}

func (p *process) note(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard[what]++
}

func (p *process) count(what string) int {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard[what]
}

func (p *process) online(phone string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.phones[phone]
}

// attach connects a phone to the node, detach ends that.
func (p *process) attach(phone string) {
	p.mu.Lock()
	p.phones[phone] = true
	p.mu.Unlock()
	p.Moved(phone)
	synctest.Wait()
}

func (p *process) detach(phone string) {
	p.mu.Lock()
	delete(p.phones, phone)
	p.mu.Unlock()
	p.Moved(phone)
}

// where is the node that a phone is recorded to be at; "" if it is at none that lives.
func (p *process) where(phone string) string {
	p.w.t.Helper()
	synctest.Wait()
	at, err := p.led.WhereOnline(p.w.t.Context(), phone)
	if err != nil {
		p.w.t.Fatal(err)
	}
	r, _ := p.session(at[phone])
	return r.Name
}

// RoundTrip implements http.RoundTripper: it is the network between the nodes.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	p := w.nodes[r.URL.Host]
	w.mu.Unlock()
	if p == nil || p.hangs.Load() {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	rec := httptest.NewRecorder()
	p.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// owners counts, of each shard, the nodes that own it. More than one never may.
func (w *world) owners() (owned int) {
	w.t.Helper()
	synctest.Wait()
	for shard := range Shards {
		var of []string
		for name, p := range w.nodes {
			if p.owns(shard) {
				of = append(of, name)
			}
		}
		if len(of) > 1 {
			w.t.Fatalf("%v own shard %d", of, shard)
		}
		owned += len(of)
	}
	return owned
}

// owns is Owns of a shard, for a node that still works.
func (p *process) owns(shard int) bool {
	select {
	case <-p.ended:
		return false
	default:
	}
	return p.Owns(jobs[shard])
}

// held is how many shards the node owns.
func (p *process) holds() (n int) {
	synctest.Wait()
	for shard := range Shards {
		if p.owns(shard) {
			n++
		}
	}
	return n
}

// jobs is work of each shard.
var jobs = func() (of [Shards]string) {
	for i, found := 0, 0; found < Shards; i++ {
		job := "job" + string(rune('A'+i%26)) + string(rune('A'+i/26%26)) + string(rune('A'+i/676))
		if s := shardOf(job); of[s] == "" {
			of[s], found = job, found+1
		}
	}
	return of
}()

// pass lets time pass, and sees that no shard ever has two owners.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(min(100*time.Millisecond, time.Until(end)))
		w.owners()
	}
}

// until lets time pass until something is so, and says how much it was; more than
// bound is wrong.
func (w *world) until(what string, bound time.Duration, so func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > bound {
			w.t.Fatalf("%s: not within %v", what, bound)
		}
		w.pass(100 * time.Millisecond)
	}
	return time.Since(began)
}
