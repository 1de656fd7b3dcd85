package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/gateway"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

const (
	agent  = "demo_agent"
	number = "+12223334444"
)

// world is everything from the ledger to the gateway, with one agent and one phone.
type world struct {
	t        testing.TB
	ctx      context.Context
	clock    *clock.Clock
	ledger   *ledger.Ledger
	engine   *engine.Engine
	registry *registry.Registry
	gateway  *gateway.Gateway
	server   *httptest.Server
	token    string
}

func newWorld(t testing.TB, opts gateway.Options) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	w := &world{t: t, ctx: ctx, clock: clock.New()}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.NewTextHandler(&testLog{t: t}, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	var err error
	if w.ledger, err = ledger.Open(ctx, memstore.New(), w.clock); err != nil {
		t.Fatal(err)
	}
	if w.registry, err = registry.Open(ctx, w.ledger, opts.Logger); err != nil {
		t.Fatal(err)
	}
	if _, err = w.registry.CreateAgent(ctx, registry.Agent{ID: agent, DisplayName: "Demo", UseCase: rbm.UseCaseMultiUse}); err != nil {
		t.Fatal(err)
	}
	w.token = w.newPhone(number)
	w.engine = engine.New(w.ledger, w.registry, engine.Options{Logger: opts.Logger})
	var running sync.WaitGroup
	running.Go(func() { w.engine.Run(ctx) })
	w.gateway = gateway.New(w.engine, w.registry, opts)
	w.server = httptest.NewServer(w.gateway)
	t.Cleanup(func() {
		w.gateway.Close()
		w.server.Close()
		w.engine.Close()
		cancel()
		running.Wait()
	})
	return w
}

// testLog writes to the log of the test.
type testLog struct {
	t  testing.TB
	mu sync.Mutex
}

func (l *testLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func (w *world) newPhone(number string) (token string) {
	_, token, err := w.registry.CreatePhone(w.ctx, registry.Phone{Number: number, RCSEnabled: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// url is the address of the device protocol.
func (w *world) url() string {
	return "ws" + strings.TrimPrefix(w.server.URL, "http") + "/device/v1/connect"
}

func (w *world) options() phone.Options {
	return phone.Options{
		URL: w.url(), Number: number, Token: w.token, RetryMin: time.Millisecond, RetryMax: 20 * time.Millisecond,
	}
}

func (w *world) dial(opts phone.Options) *phone.Phone {
	w.t.Helper()
	p, err := phone.Dial(w.ctx, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { p.Close() })
	return p
}

// accept sends a text from the agent, and returns when that is durable.
func (w *world) accept(id string) { w.acceptMessage(id, text("message "+id)) }

func text(s string) *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: s}}
}

func (w *world) acceptMessage(id string, m *rbm.AgentMessage) {
	w.t.Helper()
	if _, err := w.engine.AcceptMessage(w.ctx, engine.Ref{Agent: agent, ID: id}, number, m); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) acceptEvent(id string, ev rbm.AgentEvent) {
	w.t.Helper()
	if _, err := w.engine.AcceptEvent(w.ctx, engine.Ref{Agent: agent, ID: id}, number, &ev); err != nil {
		w.t.Fatal(err)
	}
}

// told is what the agent has been told so far.
func (w *world) told() []map[string]any {
	w.t.Helper()
	notices, _, err := w.ledger.DueNotices(w.ctx, agent, time.Time{}, w.clock.Now().Add(time.Hour), 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	var list []map[string]any
	for _, n := range notices {
		var data map[string]any
		if err := json.Unmarshal(n.Data, &data); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, data)
	}
	return list
}

// reports counts the events of one type by messageId.
func (w *world) reports(eventType string) map[string]int {
	w.t.Helper()
	n := map[string]int{}
	for _, d := range w.told() {
		if d["eventType"] == eventType {
			n[fmt.Sprint(d["messageId"])]++
		}
	}
	return n
}

// await waits until the phone shows the messages and its acknowledgements of them
// are durable.
func (w *world) await(p *phone.Phone, ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		if _, err := p.WaitMessage(w.ctx, has(id)); err != nil {
			w.t.Fatalf("%s: %v", id, err)
		}
		if err := p.Ack(w.ctx, agent, id); err != nil {
			w.t.Fatalf("%s: %v", id, err)
		}
	}
}

// onceEach fails unless shown is exactly ids, in order.
func onceEach(t testing.TB, shown []*phone.Message, ids []string) {
	t.Helper()
	got := make([]string, len(shown))
	for i, m := range shown {
		got[i] = m.MessageID
	}
	if !slices.Equal(got, ids) {
		t.Errorf("the phone shows %d messages, want %d in order:\n%v", len(got), len(ids), got)
	}
}

func ids(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("m%04d", i)
	}
	return list
}

func has(id string) func(*phone.Message) bool {
	return func(m *phone.Message) bool { return m.MessageID == id }
}

func isOffline(e phone.Event) bool { _, ok := e.(phone.Offline); return ok }
