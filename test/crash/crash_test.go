// Package crash kills the real server process under load, and holds it to what
// it acknowledged.
package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/test/postgres"
	"github.com/openrbm/openrbm/test/process"
)

// One round: so many messages from so many senders to one phone that is away,
// with the server killed while they are sent; then the phone comes, and the
// server is killed while they are delivered.
const (
	messages     = 1000
	senders      = 8
	killsSending = 2
	killsDeliver = 2
	roundTimeout = 2 * time.Minute
)

// number reads how often from the environment.
func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func TestMain(m *testing.M) { postgres.Main(m) }

// Every acknowledged message arrives, once on the screen, in the order in which
// the sends were acknowledged, and its receipt reaches the webhook. CRASH_ROUNDS says
// how often, on the embedded store.
func TestSIGKILLLosesNothing(t *testing.T) {
	crashRounds(t, number("CRASH_ROUNDS", 50), func(t *testing.T) world {
		d := process.StartDemo(t, t.TempDir())
		return world{d, d.Kill, d.Start}
	})
}

// The same on PostgreSQL, CRASH_POSTGRES_ROUNDS times.
func TestSIGKILLLosesNothingOnPostgres(t *testing.T) {
	crashRounds(t, number("CRASH_POSTGRES_ROUNDS", 2), func(t *testing.T) world {
		d := process.StartDemo(t, t.TempDir(), "--config", onPostgres(t, postgres.Database(t)))
		return world{d, d.Kill, d.Start}
	})
}

// The same when it is PostgreSQL that is killed, CRASH_DATABASE_ROUNDS times: the
// server stays and goes on by itself.
func TestKilledPostgresLosesNothing(t *testing.T) {
	crashRounds(t, number("CRASH_DATABASE_ROUNDS", 1), func(t *testing.T) world {
		database := postgres.New(t)
		d := process.StartDemo(t, t.TempDir(), "--config", onPostgres(t, database.Database(t)))
		return world{d, func() { database.Kill(t) }, func() { database.Start(t) }}
	})
}

// onPostgres is a file with settings. A node that has a name need not wait for the
// end of the one that was killed.
func onPostgres(t *testing.T, dsn string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "openrbm.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "[store]\npostgres = %q\n[cluster]\nnode = \"demo\"\n", dsn), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// world is a server, and how to kill and start it, or its database.
type world struct {
	*process.Demo
	kill, start func()
}

func crashRounds(t *testing.T, rounds int, start func(t *testing.T) world) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var total atomic.Int64
	t.Cleanup(func() { t.Logf("%d kills, %d messages", rounds*(killsSending+killsDeliver), total.Load()) })
	for round := range rounds {
		own := rand.New(rand.NewPCG(random.Uint64(), 0))
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel() // a round waits more than it works
			total.Add(int64(crashRound(t, start(t), own)))
		})
	}
}

// sent is a message from its sender's view, with its times on a common scale.
type sent struct{ began, acked int64 }

// load is what the agent did, and what the phone and the webhook saw of it.
type load struct {
	agent string
	tick  atomic.Int64
	mu    sync.Mutex
	sent  map[string]sent
	shown []string
	told  map[string]bool
	moved chan struct{} // has an element when something was added
}

// crashRound returns how many messages were acknowledged and came through.
func crashRound(t *testing.T, p world, random *rand.Rand) int {
	l := &load{sent: map[string]sent{}, told: map[string]bool{}, agent: p.Ready.Agents[0].AgentID, moved: make(chan struct{}, 1)}
	hook := httptest.NewServer(&client.Webhook{ClientToken: "token", Handle: l.hear})
	defer hook.Close()
	admin, agent := p.Admin(), p.Ready.Agents[0].AgentID
	if _, err := admin.SetWebhook(t.Context(), agent, client.WebhookConfig{URI: hook.URL, ClientToken: "token"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), roundTimeout)
	defer cancel()

	var senderGroup sync.WaitGroup
	for s := range senders {
		senderGroup.Go(func() { l.send(ctx, t, p.Client(), p.Ready.Phones[0].PhoneNumber, s) })
	}
	l.killAt(ctx, t, p, random, killsSending, func() int { return len(l.sent) })
	senderGroup.Wait()

	device, err := phone.Dial(ctx, phone.Options{
		URL: p.Ready.DeviceURL, Number: p.Ready.Phones[0].PhoneNumber, Token: p.Ready.Phones[0].DeviceToken,
		Window: 64, RetryMin: 5 * time.Millisecond, RetryMax: 50 * time.Millisecond, OnEvent: l.show,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	l.killAt(ctx, t, p, random, killsDeliver, func() int { return len(l.shown) })
	l.wait(ctx, t, func() int { return len(l.shown) }, messages)
	l.wait(ctx, t, func() int { return len(l.told) }, messages)
	return l.check(t, admin)
}

// send sends one sender's share, each until it is acknowledged.
func (l *load) send(ctx context.Context, t *testing.T, c *client.Client, to string, sender int) {
	for i := range messages / senders {
		id := fmt.Sprintf("%d-%d-%s", sender, i, client.NewMessageID())
		m := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: id}}
		began := l.tick.Add(1)
		for {
			_, err := c.CreateAgentMessage(ctx, to, id, m)
			if err == nil {
				break
			}
			if ctx.Err() != nil || rbm.CodeOf(err) == rbm.CodeInvalidArgument {
				t.Errorf("sending %s: %v", id, err)
				return
			}
		}
		l.add(func() { l.sent[id] = sent{began, l.tick.Add(1)} })
	}
}

func (l *load) show(e phone.Event) {
	if m, ok := e.(*phone.Message); ok {
		l.add(func() { l.shown = append(l.shown, m.MessageID) })
	}
}

func (l *load) hear(_ context.Context, e client.Event) error {
	if e.UserEvent != nil && e.UserEvent.EventType == rbm.UserEventDelivered {
		l.add(func() { l.told[e.UserEvent.MessageID] = true })
	}
	return nil
}

func (l *load) add(change func()) {
	l.mu.Lock()
	change()
	l.mu.Unlock()
	select {
	case l.moved <- struct{}{}:
	default:
	}
}

// killAt kills the server when so many of something have been reached, chosen
// at random, and starts it again.
func (l *load) killAt(ctx context.Context, t *testing.T, p world, random *rand.Rand, kills int, count func() int) {
	at := 0
	for k := range kills {
		at += 1 + random.IntN((messages-at)/(kills-k+1))
		l.wait(ctx, t, count, at)
		p.kill()
		p.start()
	}
}

// wait waits until count has reached n.
func (l *load) wait(ctx context.Context, t *testing.T, count func() int, n int) {
	t.Helper()
	for {
		l.mu.Lock()
		have := count()
		l.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-l.moved:
		case <-ctx.Done():
			t.Errorf("only %d of %d", have, n)
			return
		}
	}
}

// check compares what was acknowledged with what the screen shows.
func (l *load) check(t *testing.T, admin *client.Admin) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := map[string]bool{}
	latest := int64(0) // the latest beginning of what is on the screen so far
	for _, id := range l.shown {
		if seen[id] {
			t.Errorf("%s is on the screen twice", id)
		}
		seen[id] = true
		s := l.sent[id]
		if s.acked < latest {
			t.Errorf("%s was acknowledged before the sending of a message began that is above it", id)
		}
		latest = max(latest, s.began)
	}
	for id := range l.sent {
		if !seen[id] {
			where, err := admin.Message(t.Context(), l.agent, id)
			t.Errorf("%s was acknowledged and is lost; the server says %+v, %v", id, where, err)
		}
		if !l.told[id] {
			t.Errorf("the receipt of %s is lost", id)
		}
	}
	return len(l.sent)
}
