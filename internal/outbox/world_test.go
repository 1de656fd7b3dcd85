package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// world is a ledger, the agents' webhooks and, once run is called, an outbox.
type world struct {
	t      *testing.T
	clock  *clock.Clock
	db     *faultyDB
	ledger *ledger.Ledger
	hooks  hooks
	log    logged
	net    pipes
	opts   Options
	out    *Outbox
	jitter float64
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, clock: clock.New(), db: &faultyDB{DB: memstore.New()}, net: pipes{hosts: make(map[string]chan net.Conn)}}
	w.hooks.byAgent = make(map[string]Webhook)
	l, err := ledger.Open(t.Context(), w.db, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	w.ledger = l
	w.opts.Logger = slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return w
}

// bubble runs f with a world whose network is in memory and whose time passes
// only when everybody waits.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		transport := &http.Transport{DialContext: w.net.dial, MaxIdleConnsPerHost: 64}
		w.opts.Client = &http.Client{Transport: transport}
		t.Cleanup(transport.CloseIdleConnections)
		f(t, w)
	})
}

// run starts an outbox; stop ends it and waits for its end, as the end of the test does.
func (w *world) run() (stop func()) {
	w.t.Helper()
	w.opts.Jitter = func() float64 { return w.jitter }
	w.out = New(w.ledger, &w.hooks, w.opts)
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.out.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// serve makes h the webhook of agent, on the network in memory.
func (w *world) serve(agent string, h http.HandlerFunc) {
	host := agent + ".test"
	conns := make(chan net.Conn)
	w.net.mu.Lock()
	w.net.hosts[host+":80"] = conns
	w.net.mu.Unlock()
	server := &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go server.Serve(&pipeListener{conns: conns, closed: make(chan struct{})})
	w.t.Cleanup(func() { server.Close() })
	w.hooks.set(agent, Webhook{URL: "http://" + host + "/hook?key=url-secret", Token: "token-of-" + agent})
}

// post puts a notice in the ledger, as an event from a phone, without any hint.
func (w *world) post(agent, event string) {
	w.t.Helper()
	now := w.clock.Now()
	w.put(&ledger.Notice{Agent: agent, EventID: event, Type: "TEXT", Data: []byte(`{"messageId":"` + event + `"}`), Created: now, Due: now})
}

func (w *world) put(n *ledger.Notice) {
	w.t.Helper()
	isNew, err := w.ledger.PostUpstream(w.t.Context(), "+12223334444", ledger.Ref{Agent: n.Agent, ID: n.EventID}, n)
	if err != nil || !isNew {
		w.t.Fatalf("posting %s: new %t, %v", n.EventID, isNew, err)
	}
}

// waiting is all notices of agent that are in the ledger.
func (w *world) waiting(agent string) []*ledger.Notice {
	w.t.Helper()
	all, _, err := w.ledger.DueNotices(context.Background(), agent, time.Time{}, w.clock.Now().Add(24*time.Hour), 1<<20)
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// hooks is the directory of webhooks.
type hooks struct {
	mu      sync.Mutex
	byAgent map[string]Webhook
	fault   error
	asked   func() // if not nil: called before each answer is given
}

func (h *hooks) Webhook(_ context.Context, agent string) (Webhook, bool, error) {
	h.mu.Lock()
	w, ok := h.byAgent[agent]
	fault := h.fault
	h.mu.Unlock()
	if h.asked != nil {
		h.asked()
	}
	return w, ok, fault
}

func (h *hooks) set(agent string, w Webhook) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byAgent[agent] = w
}

func (h *hooks) remove(agent string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.byAgent, agent)
}

// faultyDB fails commits on demand, before or after they are made.
type faultyDB struct {
	store.DB
	mu            sync.Mutex
	before, after func(b *store.Batch) error
	scan          error
	scans         int
	committed     chan struct{} // if not nil: gets one for each commit
}

func (d *faultyDB) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scans++
	if err := d.scan; err != nil {
		return func(yield func(store.Record, error) bool) { yield(store.Record{}, err) }
	}
	return d.DB.Scan(ctx, r)
}

func (d *faultyDB) failScans(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scan = err
}

func (d *faultyDB) faults(before, after func(b *store.Batch) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before, d.after = before, after
}

func (d *faultyDB) Commit(ctx context.Context, b *store.Batch) error {
	d.mu.Lock()
	before, after, committed := d.before, d.after, d.committed
	d.mu.Unlock()
	if before != nil {
		if err := before(b); err != nil {
			return err
		}
	}
	err := d.DB.Commit(ctx, b)
	if err == nil && after != nil {
		err = after(b)
	}
	if committed != nil {
		committed <- struct{}{}
	}
	return err
}

// logged is a log that can be searched.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// pipes is a network in memory.
type pipes struct {
	mu    sync.Mutex
	hosts map[string]chan net.Conn
}

func (p *pipes) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	p.mu.Lock()
	conns := p.hosts[addr]
	p.mu.Unlock()
	if conns == nil {
		return nil, fmt.Errorf("no host %s", addr)
	}
	here, there := net.Pipe()
	select {
	case conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.IPAddr{} }

// hook is an agent's side: it notes each call and answers as answer says.
type hook struct {
	mu     sync.Mutex
	calls  []received
	flying int
	most   int                                      // calls at a time
	answer func(event string, nth int) (status int) // nil: 200; nth call with this event, from 1
	takes  time.Duration                            // in a bubble only
}

// received is one call that a hook got.
type received struct {
	event  string
	at     time.Time
	status int
}

func (h *hook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	event := h.arrive(r)
	clock.New().Sleep(r.Context(), h.takes)
	rw.WriteHeader(h.leave(event))
}

func (h *hook) arrive(r *http.Request) (event string) {
	var body envelope
	if raw, err := io.ReadAll(r.Body); err == nil {
		json.Unmarshal(raw, &body)
	}
	var data struct{ MessageID string }
	json.Unmarshal(body.Message.Data, &data)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flying++
	h.most = max(h.most, h.flying)
	return data.MessageID
}

func (h *hook) leave(event string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flying--
	status, nth := 200, 1
	for _, c := range h.calls {
		if c.event == event {
			nth++
		}
	}
	if h.answer != nil {
		status = h.answer(event, nth)
	}
	h.calls = append(h.calls, received{event, time.Now(), status})
	return status
}

// got is the calls so far.
func (h *hook) got() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]received(nil), h.calls...)
}

// answers sets what the hook says from now on.
func (h *hook) answers(f func(event string, nth int) int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = f
}

// delivered counts, for each event, the calls answered with 200.
func (h *hook) delivered() map[string]int {
	n := make(map[string]int)
	for _, c := range h.got() {
		if c.status == 200 {
			n[c.event]++
		}
	}
	return n
}

// pass lets d go by in a bubble, and all that follows from it.
func (w *world) pass(d time.Duration) {
	w.clock.Sleep(w.t.Context(), d)
	synctest.Wait()
}
