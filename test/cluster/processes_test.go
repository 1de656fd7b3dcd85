package cluster_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/test/postgres"
	"github.com/openrbm/openrbm/test/process"
)

const adminToken = "the-admin-token-of-the-test"

// processes are `openrbm serve`, several times, behind a balancer.
type processes struct {
	t         testing.TB
	dir, url  string
	addresses []string
	mu        sync.Mutex
	running   []*exec.Cmd   // nil: killed
	cpu       time.Duration // of those that were killed
}

// startProcesses starts n nodes on the database, with further settings.
func startProcesses(t testing.TB, n int, dsn, settings string) *processes {
	t.Helper()
	p := &processes{t: t, dir: t.TempDir(), running: make([]*exec.Cmd, n)}
	balancer := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: p.pick()})
			r.Out.Host = r.In.Host
		},
		Transport:    &http.Transport{MaxIdleConnsPerHost: 256},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	t.Cleanup(balancer.Close)
	p.url = balancer.URL
	p.write("secret", "0123456789abcdef0123456789abcdef")
	p.write("token", adminToken)
	for i := range p.running {
		p.addresses = append(p.addresses, free(t))
		p.write(fmt.Sprint("n", i, ".toml"), fmt.Sprintf(`listen = %q
public_url = %q
data = "n%d"
[log]
level = "error"
[admin]
token_file = "token"
[clients]
connections_per_client = 0
token_requests_per_minute = 0
[cluster]
node = "n%d"
listen = %q
secret_file = "secret"
[webhooks]
allow_private = true
[media]
dir = "media"
shared_dir = true
[store]
postgres = %q
%s`, p.addresses[i], p.url, i, i, free(t), dsn, settings))
		p.start(i)
	}
	t.Cleanup(func() {
		for i := range p.running {
			p.kill(i)
		}
	})
	return p
}

func (p *processes) write(name, text string) {
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// pick is the address of a node that has not been killed, or of one that has if there
// is no other.
func (p *processes) pick() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	order := rand.Perm(len(p.running))
	for _, i := range order {
		if p.running[i] != nil {
			return p.addresses[i]
		}
	}
	return p.addresses[order[0]]
}

// dial connects a phone to a node that has not been killed.
func (p *processes) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, network, p.pick())
}

// start starts a node and returns when it is ready.
func (p *processes) start(i int) {
	p.t.Helper()
	cmd := process.Command(p.t, "serve", "--config", filepath.Join(p.dir, fmt.Sprint("n", i, ".toml")))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	if err := p.readiness(ctx, i, true); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.running[i] = cmd
	p.mu.Unlock()
}

// readiness waits until /readyz of a node says that it is ready, or that it is not.
func (p *processes) readiness(ctx context.Context, i int, want bool) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addresses[i]+"/readyz", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			if ready := resp.StatusCode == http.StatusOK; ready == want {
				return nil
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("node %d: /readyz does not change: %v", i, err)
		}
	}
}

// kill kills a node, if it runs.
func (p *processes) kill(i int) {
	p.mu.Lock()
	cmd := p.running[i]
	p.running[i] = nil
	p.mu.Unlock()
	if cmd != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		p.mu.Lock()
		p.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		p.mu.Unlock()
	}
}

// used is the CPU time of all nodes, the killed ones too.
func (p *processes) used() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := p.cpu
	for _, cmd := range p.running {
		if cmd != nil {
			own, _ := postgres.CPU(cmd.Process.Pid)
			total += own
		}
	}
	return total
}

// admin administers the cluster.
func (p *processes) admin() *client.Admin {
	p.t.Helper()
	a, err := client.NewAdmin(client.AdminOptions{BaseURL: p.url, Token: adminToken})
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

// agent makes an agent with a webhook, and returns a client for it.
func (p *processes) agent(ctx context.Context, hook string, calls *http.Client) *client.Client {
	p.t.Helper()
	admin := p.admin()
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
	c, err := client.New(client.Options{BaseURL: p.url, Key: key, AgentID: "agent", HTTPClient: calls})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}
