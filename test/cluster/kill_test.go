package cluster_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
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

// number reads a count from the environment.
func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

const adminToken = "the-admin-token-of-the-test"

// process3 is three `openrbm serve` behind a balancer.
type process3 struct {
	t         *testing.T
	dir, url  string
	addresses []string
	mu        sync.Mutex
	running   []*exec.Cmd // nil: killed
}

func startProcesses(t *testing.T) *process3 {
	t.Helper()
	p := &process3{t: t, dir: t.TempDir(), running: make([]*exec.Cmd, 3)}
	balancer := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: p.pick()})
			r.Out.Host = r.In.Host
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusServiceUnavailable) },
	})
	t.Cleanup(balancer.Close)
	p.url = balancer.URL
	p.write("secret", "0123456789abcdef0123456789abcdef")
	p.write("token", adminToken)
	dsn := postgres.Database(t)
	for i := range p.running {
		p.addresses = append(p.addresses, free(t))
		p.write(fmt.Sprint("n", i, ".toml"), fmt.Sprintf(`listen = %q
public_url = %q
data = "n%d"
[log]
level = "error"
[admin]
token_file = "token"
[store]
postgres = %q
[cluster]
node = "n%d"
listen = %q
secret_file = "secret"
[webhooks]
allow_private = true
[media]
dir = "media"
shared_dir = true
`, p.addresses[i], p.url, i, dsn, i, free(t)))
		p.start(i)
	}
	t.Cleanup(func() {
		for i := range p.running {
			p.kill(i)
		}
	})
	return p
}

func (p *process3) write(name, text string) {
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// pick is the address of a node that has not been killed.
func (p *process3) pick() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if i := rand.IntN(len(p.running)); p.running[i] != nil {
			return p.addresses[i]
		}
	}
}

// start starts a node and returns when it is ready.
func (p *process3) start(i int) {
	p.t.Helper()
	cmd := process.Command(p.t, "serve", "--config", filepath.Join(p.dir, fmt.Sprint("n", i, ".toml")))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		resp, err := http.Get("http://" + p.addresses[i] + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			p.t.Fatalf("node %d does not get ready: %v", i, err)
		}
	}
	p.mu.Lock()
	p.running[i] = cmd
	p.mu.Unlock()
}

// kill kills a node, if it runs.
func (p *process3) kill(i int) {
	p.mu.Lock()
	cmd := p.running[i]
	p.running[i] = nil
	p.mu.Unlock()
	if cmd != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
}

// device is a phone, and what it was sent and shows.
type device struct {
	number string
	mu     sync.Mutex
	acked  []time.Time // of each message that was sent to it
	shown  []string
	slow   time.Duration // the longest time from an answer to the screen
	more   chan struct{}
}

func (d *device) id(i int) string { return fmt.Sprintf("%s-%d", d.number[1:], i) }

func (d *device) event(e phone.Event) {
	m, ok := e.(*phone.Message)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := len(d.shown); i < len(d.acked) {
		d.slow = max(d.slow, time.Since(d.acked[i]))
	}
	d.shown = append(d.shown, m.MessageID)
	select {
	case d.more <- struct{}{}:
	default:
	}
}

// complete waits until the phone shows all that was sent.
func (d *device) complete(ctx context.Context) bool {
	for {
		d.mu.Lock()
		done := len(d.shown) >= len(d.acked)
		d.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-d.more:
		case <-ctx.Done():
			return false
		}
	}
}

// Nodes are killed under load, one after the other, and start again: nothing that
// was acknowledged is lost or shown twice, each phone gets its messages in order,
// and the webhook hears of each. CLUSTER_PHONES, CLUSTER_KILLS and CLUSTER_INTERVAL
// (milliseconds from one kill to the next) make it longer.
func TestNodesAreKilledUnderLoad(t *testing.T) {
	phones, kills := number("CLUSTER_PHONES", 20), number("CLUSTER_KILLS", 3)
	interval := time.Duration(number("CLUSTER_INTERVAL", 1000)) * time.Millisecond
	limit := time.Duration(kills)*(interval+10*time.Second) + 3*time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	p := startProcesses(t)
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: p.url, Token: adminToken})
	if err != nil {
		t.Fatal(err)
	}
	var told sync.Map
	var receipts atomic.Int64
	heard := make(chan struct{}, 1)
	hook := httptest.NewServer(&client.Webhook{ClientToken: "token", Handle: func(_ context.Context, e client.Event) error {
		if e.UserEvent != nil && e.UserEvent.EventType == rbm.UserEventDelivered {
			if _, again := told.LoadOrStore(e.UserEvent.MessageID, true); !again {
				receipts.Add(1)
			}
			select {
			case heard <- struct{}{}:
			default:
			}
		}
		return nil
	}})
	defer hook.Close()
	agent := p.agent(ctx, admin, hook.URL)
	devices := p.devices(ctx, admin, phones)

	sending, stop := context.WithCancel(ctx)
	var senders sync.WaitGroup
	const many = 8
	for s := range many {
		senders.Go(func() { p.load(ctx, sending, agent, devices, s, many) })
	}
	tick := time.NewTicker(interval)
	for k := range kills {
		<-tick.C
		p.kill(k % 3)
		p.start(k % 3)
	}
	<-tick.C
	tick.Stop()
	stop()
	senders.Wait()
	p.check(ctx, devices)
	total := int64(0)
	for _, d := range devices {
		total += int64(len(d.acked))
	}
	for receipts.Load() < total && ctx.Err() == nil {
		select {
		case <-heard:
		case <-ctx.Done():
			t.Errorf("the webhook heard of %d of %d messages", receipts.Load(), total)
		}
	}
}

// agent makes an agent with a webhook, and returns a client for it.
func (p *process3) agent(ctx context.Context, admin *client.Admin, hook string) *client.Client {
	p.t.Helper()
	_, err := admin.CreateAgent(ctx, client.Agent{AgentID: "agent", DisplayName: "Agent", Launched: true})
	if err == nil {
		_, err = admin.SetWebhook(ctx, "agent", client.WebhookConfig{URI: hook, ClientToken: "token"})
	}
	var key []byte
	if err == nil {
		key, err = admin.CreateKey(ctx, "agent")
	}
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := client.New(client.Options{BaseURL: p.url, Key: key, AgentID: "agent"})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// devices makes phones and connects them.
func (p *process3) devices(ctx context.Context, admin *client.Admin, n int) []*device {
	p.t.Helper()
	all := make([]*device, n)
	var group sync.WaitGroup
	for part := range 16 {
		group.Go(func() {
			for i := part; i < n; i += 16 {
				d := &device{number: fmt.Sprintf("+1222%07d", i), more: make(chan struct{}, 1)}
				made, err := admin.CreatePhone(ctx, client.Phone{PhoneNumber: d.number, RCSEnabled: true, Features: phone.DefaultFeatures()})
				if err != nil {
					p.t.Error(err)
					return
				}
				device, err := phone.Dial(ctx, phone.Options{
					URL: "ws" + p.url[len("http"):] + "/device/v1/connect", Number: d.number, Token: made.DeviceToken,
					RetryMin: 10 * time.Millisecond, RetryMax: 500 * time.Millisecond, OnEvent: d.event,
				})
				if err != nil {
					p.t.Error(err)
					return
				}
				p.t.Cleanup(func() { device.Close() })
				all[i] = d
			}
		})
	}
	group.Wait()
	if p.t.Failed() {
		p.t.FailNow()
	}
	return all
}

// load sends to every many-th phone, one message after the other, each until it
// is acknowledged.
func (p *process3) load(ctx, sending context.Context, agent *client.Client, devices []*device, first, many int) {
	for round := 0; sending.Err() == nil; round++ {
		for i := first; i < len(devices) && sending.Err() == nil; i += many {
			d := devices[i]
			id := d.id(round)
			for {
				_, err := agent.CreateAgentMessage(ctx, d.number, id, text(id))
				if err == nil {
					break
				}
				if code := rbm.CodeOf(err); ctx.Err() != nil || code == rbm.CodeInvalidArgument || code == rbm.CodeNotFound {
					p.t.Errorf("sending %s: %v", id, err)
					return
				}
			}
			d.mu.Lock()
			d.acked = append(d.acked, time.Now())
			d.mu.Unlock()
		}
	}
}

func (p *process3) check(ctx context.Context, devices []*device) {
	p.t.Helper()
	total, slow := 0, time.Duration(0)
	for _, d := range devices {
		if !d.complete(ctx) {
			p.t.Errorf("%s shows %d of %d messages", d.number, len(d.shown), len(d.acked))
		}
		d.mu.Lock()
		for i, id := range d.shown {
			if id != d.id(i) {
				p.t.Errorf("%s: message %d on the screen is %s", d.number, i, id)
				break
			}
		}
		total, slow = total+len(d.shown), max(slow, d.slow)
		d.mu.Unlock()
	}
	p.t.Logf("%d messages to %d phones; the slowest was shown %v after its answer", total, len(devices), slow.Round(time.Millisecond))
}
