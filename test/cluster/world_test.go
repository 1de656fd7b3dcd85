// Package cluster_test runs several servers on one PostgreSQL.
package cluster_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/servertest"
	"github.com/openrbm/openrbm/test/postgres"
)

func TestMain(m *testing.M) { postgres.Main(m) }

const patience = 30 * time.Second

// cluster is several servers; the first is a servertest.Server with its agent and
// phone.
// Its URL leads to all of them in turn.
type cluster struct {
	*servertest.Server
	t         *testing.T
	nodes     []*server.Server
	addresses []string
	turn      atomic.Int64
	dsn       string
}

// balance is the handler of the URL: a load balancer that knows who is there.
func (c *cluster) balance() http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: c.addresses[int(c.turn.Add(1))%len(c.addresses)]})
		r.Out.Host = r.In.Host
	}}
}

// free is an address where nobody listens.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts n servers on one database.
func start(t *testing.T, n int) *cluster {
	t.Helper()
	dsn, dir := postgres.Database(t), t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("0123456789abcdef0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, nodes: make([]*server.Server, n), dsn: dsn}
	for range n {
		c.addresses = append(c.addresses, free(t))
	}
	balancer := httptest.NewServer(c.balance())
	t.Cleanup(balancer.Close)
	settings := func(i int) string {
		return fmt.Sprintf("public_url = %q\n[store]\npostgres = %q\n[cluster]\nnode = \"n%d\"\nlisten = \"127.0.0.1:0\"\nsecret_file = %q\n[media]\nshared_dir = true\ndir = %q\n",
			balancer.URL, dsn, i, secret, filepath.Join(dir, "media"))
	}
	c.Server = servertest.New(t, servertest.Options{Dir: filepath.Join(dir, "n0"), Listen: c.addresses[0], Settings: settings(0)})
	for i := 1; i < n; i++ {
		cfg := server.DemoConfig(filepath.Join(dir, fmt.Sprint("n", i)), c.addresses[i])
		cfg.Log.Level = "error"
		if err := cfg.Apply("test", []byte(settings(i))); err != nil {
			t.Fatal(err)
		}
		s, err := server.Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		c.nodes[i] = s
		t.Cleanup(func() { c.stop(i) })
	}
	return c
}

func (c *cluster) stop(i int) {
	c.t.Helper()
	if i == 0 {
		c.Stop()
		return
	}
	if s := c.nodes[i]; s != nil {
		c.nodes[i] = nil
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			c.t.Error(err)
		}
	}
}

func (c *cluster) apiURL(i int) string { return "http://" + c.addresses[i] }

// agent calls the API of node i for the cluster's agent.
func (c *cluster) agent(i int) *client.Client {
	c.t.Helper()
	a, err := client.New(client.Options{BaseURL: c.apiURL(i), KeyFile: c.Ready.Agents[0].KeyFile, AgentID: c.Agent()})
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func (c *cluster) admin(i int) *client.Admin {
	c.t.Helper()
	a, err := client.NewAdmin(client.AdminOptions{BaseURL: c.apiURL(i), Token: c.Ready.AdminToken})
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

// connect connects the cluster's phone to node i.
func (c *cluster) connect(i int, options ...func(*phone.Options)) *phone.Phone {
	c.t.Helper()
	return c.Dial(append(options, func(o *phone.Options) { o.URL = "ws" + c.apiURL(i)[len("http"):] + "/device/v1/connect" })...)
}
