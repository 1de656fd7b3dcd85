//go:build deploylint

package deploy_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/test/postgres"
	"github.com/openrbm/openrbm/test/process"
)

func TestMain(m *testing.M) { postgres.Main(m) }

const patience = 60 * time.Second

// host is an address of this machine that stands for a container.
func host(n int) string { return fmt.Sprintf("127.77.0.%d", n) }

// balancer is the host of HAProxy; the nodes are 1 to 3.
const balancer = 9

// composedCluster is what the compose file starts, as processes.
type composedCluster struct {
	t     *testing.T
	dir   string
	dsn   string
	nodes [4]*exec.Cmd
}

func (c *composedCluster) start(n int) {
	c.t.Helper()
	config := deployed(c.t, "compose/openrbm.toml")
	for from, to := range map[string]string{"/run/secrets": c.dir, "0.0.0.0": host(n)} {
		config = strings.ReplaceAll(config, from, to)
	}
	file := filepath.Join(c.dir, fmt.Sprintf("rcs-%d.toml", n))
	write(c.t, file, config)
	c.nodes[n] = process.Command(c.t, "serve", "--config", file, fmt.Sprintf("--set=cluster.node='rcs-%d'", n), fmt.Sprintf("--set=cluster.url='http://%s:8082'", host(n)),
		fmt.Sprintf("--set=public_url='http://%s:8080'", host(balancer)), fmt.Sprintf("--set=store.postgres='%s'", c.dsn), fmt.Sprintf("--set=data='%s/files'", c.dir))
	c.nodes[n].Stderr = os.Stderr
	if err := c.nodes[n].Start(); err != nil {
		c.t.Fatal(err)
	}
}

// await waits until url answers 200.
func (c *composedCluster) await(url string) {
	c.t.Helper()
	late := time.After(patience)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		if resp, err := http.Get(url); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-look.C:
		case <-late:
			c.t.Fatalf("%s is not ready", url)
		}
	}
}

// up starts three nodes on a new database, and HAProxy.
func up(t *testing.T) *composedCluster {
	t.Helper()
	c := &composedCluster{t: t, dir: t.TempDir(), dsn: postgres.Database(t)}
	for _, secret := range []string{"admin-token", "cluster-secret"} {
		write(t, filepath.Join(c.dir, secret), strings.Repeat("x", 64))
	}
	proxy := strings.ReplaceAll(deployed(t, "compose/haproxy.cfg"), "maxconn 100000", "maxconn 1000") // open files
	proxy = strings.ReplaceAll(proxy, "bind :", "bind "+host(balancer)+":")
	for n := 1; n <= 3; n++ {
		proxy = strings.ReplaceAll(proxy, fmt.Sprintf(" rcs-%d:", n), " "+host(n)+":")
		c.start(n)
	}
	file := filepath.Join(c.dir, "haproxy.cfg")
	write(t, file, proxy)
	run := exec.CommandContext(t.Context(), "haproxy", "-db", "-f", file)
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		c.await("http://" + host(n) + ":8081/readyz")
	}
	c.await("http://" + host(balancer) + ":8081/readyz")
	return c
}

// restart takes a node out as a service manager does, and starts it again.
func (c *composedCluster) restart(n int) {
	c.t.Helper()
	begin := time.Now()
	if err := c.nodes[n].Process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatal(err)
	}
	if err := c.nodes[n].Wait(); err != nil {
		c.t.Errorf("rcs-%d: %v", n, err)
	}
	c.t.Logf("rcs-%d stopped in %v", n, time.Since(begin).Round(time.Millisecond))
	c.start(n)
	c.await("http://" + host(n) + ":8081/readyz")
}

// The nodes of the compose file behind its HAProxy: each is restarted in turn, as an
// update does it, while an agent sends. Whatever is acknowledged reaches the phone,
// once and in order.
func TestRollingRestart(t *testing.T) {
	c := up(t)
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	api := "http://" + host(balancer) + ":8080"
	if resp, err := http.Get(api + "/admin/v1/status"); err != nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("the admin API is public: %v, %v", resp, err)
	}
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: "http://" + host(balancer) + ":8081", Token: strings.Repeat("x", 64)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.CreateAgent(ctx, client.Agent{AgentID: "shop", DisplayName: "Shop", Launched: true}); err != nil {
		t.Fatal(err)
	}
	key, err := admin.CreateKey(ctx, "shop")
	if err != nil {
		t.Fatal(err)
	}
	const number = "+12223334444"
	made, err := admin.CreatePhone(ctx, client.Phone{PhoneNumber: number, RCSEnabled: true, Features: phone.DefaultFeatures()})
	if err != nil {
		t.Fatal(err)
	}
	p, err := phone.Dial(ctx, phone.Options{URL: "ws" + strings.TrimPrefix(api, "http") + "/device/v1/connect", Number: number, Token: made.DeviceToken, RetryMin: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	agent, err := client.New(client.Options{BaseURL: api, Key: key, AgentID: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for n := 1; n <= 3; n++ {
			c.restart(n)
		}
	}()
	sent, failed := 0, 0
	for done := false; !done && ctx.Err() == nil; {
		select {
		case <-over:
			done = true
		default:
		}
		id := fmt.Sprintf("m%06d", sent)
		for {
			_, err := agent.CreateAgentMessage(ctx, number, id, &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: id}})
			if err == nil || ctx.Err() != nil {
				break
			}
			failed++
			t.Logf("%s: %v", id, err)
		}
		sent++
	}
	last := fmt.Sprintf("m%06d", sent-1)
	if _, err := p.WaitMessage(ctx, func(m *phone.Message) bool { return m.MessageID == last }); err != nil {
		t.Fatalf("%s does not arrive: %v", last, err)
	}
	messages := p.Messages()
	if len(messages) != sent {
		t.Errorf("%d messages on the phone, want %d", len(messages), sent)
	}
	for i, m := range messages {
		if want := fmt.Sprintf("m%06d", i); m.MessageID != want {
			t.Fatalf("message %d is %s, want %s", i, m.MessageID, want)
		}
	}
	t.Logf("%d messages, %d calls failed and were repeated", sent, failed)
}
