package cluster_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// number reads a count from the environment.
func number(name string, otherwise int) time.Duration {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return time.Duration(n)
	}
	return time.Duration(otherwise)
}

// load is agents that send to all phones through all nodes, until it is ended.
type load struct {
	p       *processes
	devices []*device
	agent   *client.Client
	hook    *httptest.Server
	heard   chan struct{} // has something when a receipt was new

	http    http.Transport // of the agents
	answers sync.Map       // HTTP status → *atomic.Int64
	slowest atomic.Int64   // ns from the first try of a message to its answer

	stop    context.CancelFunc
	senders sync.WaitGroup

	mu   sync.Mutex
	told map[string]bool
}

const senders = 8

// load begins to send, as many messages a second as rate, or as many as are answered.
func (p *processes) load(ctx context.Context, phones, rate int) *load {
	p.t.Helper()
	l := &load{p: p, http: http.Transport{MaxIdleConnsPerHost: senders}, heard: make(chan struct{}, 1), told: map[string]bool{}}
	l.hook = httptest.NewServer(&client.Webhook{ClientToken: "token", Handle: l.receipt})
	p.t.Cleanup(l.hook.Close)
	l.agent = p.agent(ctx, l.hook.URL, &http.Client{Transport: l, Timeout: 30 * time.Second})
	l.devices = p.devices(ctx, phones)
	sending, stop := context.WithCancel(ctx)
	l.stop = stop
	for s := range senders {
		l.senders.Go(func() { l.send(ctx, sending, s, rate) })
	}
	return l
}

// RoundTrip counts the answers.
func (l *load) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.http.RoundTrip(r)
	if err == nil {
		n, _ := l.answers.LoadOrStore(resp.StatusCode, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	}
	return resp, err
}

func (l *load) receipt(_ context.Context, e client.Event) error {
	if e.UserEvent == nil || e.UserEvent.EventType != rbm.UserEventDelivered {
		return nil
	}
	l.mu.Lock()
	l.told[e.UserEvent.MessageID] = true
	l.mu.Unlock()
	select {
	case l.heard <- struct{}{}:
	default:
	}
	return nil
}

// send sends to its share of the phones, one message after the other, each until it
// is acknowledged.
func (l *load) send(ctx, sending context.Context, first, rate int) {
	pace := make(<-chan time.Time)
	if rate > 0 {
		tick := time.NewTicker(senders * time.Second / time.Duration(rate))
		defer tick.Stop()
		pace = tick.C
	}
	for round := 0; sending.Err() == nil; round++ {
		for i := first; i < len(l.devices) && sending.Err() == nil; i += senders {
			if rate > 0 {
				<-pace
			}
			if !l.message(ctx, l.devices[i], round) {
				return
			}
		}
	}
}

func (l *load) message(ctx context.Context, d *device, round int) bool {
	id, begin := d.id(round), time.Now()
	for {
		_, err := l.agent.CreateAgentMessage(ctx, d.number, id, text(id))
		if err == nil {
			break
		}
		if code := rbm.CodeOf(err); ctx.Err() != nil || code == rbm.CodeInvalidArgument || code == rbm.CodeNotFound {
			l.p.t.Errorf("sending %s: %v", id, err)
			return false
		}
	}
	took := int64(time.Since(begin))
	for old := l.slowest.Load(); took > old && !l.slowest.CompareAndSwap(old, took); old = l.slowest.Load() {
	}
	d.mu.Lock()
	d.acked = append(d.acked, time.Now())
	d.mu.Unlock()
	return true
}

// end ends the sending and checks that all has arrived.
func (l *load) end(ctx context.Context) {
	t := l.p.t
	t.Helper()
	l.stop()
	l.senders.Wait()
	total := l.p.check(ctx, l.devices)
	for l.receipts() < total {
		select {
		case <-l.heard:
		case <-ctx.Done():
			t.Errorf("the webhook heard of %d of %d messages", l.receipts(), total)
			return
		}
	}
	l.answers.Range(func(status, n any) bool {
		t.Logf("answered %d: %d times", status, n.(*atomic.Int64).Load())
		return true
	})
	t.Logf("the slowest send, all its tries together, took %v", time.Duration(l.slowest.Load()).Round(time.Millisecond))
}

func (l *load) receipts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.told)
}
