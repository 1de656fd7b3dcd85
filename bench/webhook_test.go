package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/outbox"
)

// events is how many are delivered in one round of the webhook's benchmark, and
// posts how many are under way at a time: what the server allows an agent.
const (
	events = 20_000
	posts  = 16
)

// listener is a webhook that counts.
type listener struct {
	*httptest.Server
	count atomic.Int64
	last  atomic.Pointer[[]byte]
}

func newListener(b *testing.B) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the connection was cut, and nothing is counted
		}
		l.last.Store(&body)
		l.count.Add(1)
	}))
	b.Cleanup(l.Close)
	return l
}

// await waits for n posts since the last call.
func (l *listener) await(b *testing.B, n int64) {
	late := time.Now().Add(2 * time.Minute)
	for l.count.Load() < n {
		if time.Now().After(late) {
			b.Fatalf("%d of %d events have come", l.count.Load(), n)
		}
		time.Sleep(time.Millisecond)
	}
	l.count.Store(0)
}

// Webhook is every agent's.
func (l *listener) Webhook(context.Context, string) (outbox.Webhook, bool, error) {
	return outbox.Webhook{URL: l.URL, Token: "a token that signs the events"}, true, nil
}

// BenchmarkWebhook is the way from the outbox to the agent, against a loop that
// posts the same bytes with net/http, in turn.
func BenchmarkWebhook(b *testing.B) {
	dir, _ := found(b)
	p := openParts(b, dir)
	defer p.close(b)
	l := newListener(b)
	deliverEvents(b, p, l, 1, "first") // the loop posts what comes
	body := *l.last.Load()
	for b.Loop() {
		var ratios, rates []float64
		for round := range rounds {
			top := postLoop(b, l, body)
			ours := deliverEvents(b, p, l, events, fmt.Sprint(round))
			ratios, rates = append(ratios, ours/top), append(rates, ours)
		}
		b.ReportMetric(median(ratios), "vs-bare")
		b.ReportMetric(median(rates), "events/s")
		b.ReportMetric(0, "ns/op")
	}
}

// postLoop is the rate at which the body can be posted.
func postLoop(b *testing.B, l *listener, body []byte) float64 {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: posts}}
	defer c.CloseIdleConnections()
	begin := time.Now()
	var wg sync.WaitGroup
	for range posts {
		wg.Go(func() {
			for range events / posts {
				resp, err := c.Post(l.URL, "application/json", bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body) // it is empty
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	l.await(b, events)
	return events / time.Since(begin).Seconds()
}

// deliverEvents is the rate at which an outbox delivers n notices that wait.
func deliverEvents(b *testing.B, p *parts, l *listener, n int, round string) float64 {
	abreast(b, n, func(i int, _ *rand.Rand) error {
		id := fmt.Sprintf("%s-%d", round, i)
		now := p.ledger.Clock().Now()
		_, err := p.ledger.PostUpstream(b.Context(), queuedPhone(i), ledger.Ref{Agent: "demo_agent", ID: id}, &ledger.Notice{
			Agent: "demo_agent", EventID: ledger.EventID(id), Type: "TEXT", Created: now, Due: now,
			Data: fmt.Appendf(nil, `{"senderPhoneNumber":%q,"messageId":%q,"sendTime":"2026-11-21T12:00:00.000000Z","text":"I shall be at home from six o'clock","agentId":"demo_agent@rbm.goog"}`, queuedPhone(i), id),
		})
		return err
	})
	o := outbox.New(p.ledger, l, outbox.Options{PerAgent: posts, Logger: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	begin := time.Now()
	go func() { done <- o.Run(ctx) }()
	l.await(b, int64(n))
	took := time.Since(begin)
	stop()
	must(b, <-done)
	return float64(n) / took.Seconds()
}
