package cluster_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	nodes "github.com/openrbm/openrbm/internal/cluster"
	"github.com/openrbm/openrbm/internal/server"
)

// A server that the others cannot ask is not let in, and whoever does not know
// the secret is not answered.
func TestStrangersAreRefused(t *testing.T) {
	c := start(t, 1)
	status, err := c.admin(0).Status(c.Context())
	if err != nil || len(status.Nodes) != 1 || !status.Nodes[0].Self {
		t.Fatalf("%+v, %v", status, err)
	}
	for path, body := range map[string]string{"/cluster/v1/ask": `{"what":"revoke"}`, "/cluster/v1/changed": "auth", "/cluster/v1/joined": ""} {
		for _, mac := range []string{"", "00", strings.Repeat("00", 32)} {
			req, err := http.NewRequestWithContext(c.Context(), http.MethodPost, status.Nodes[0].URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("OpenRBM-Time", "1")
			req.Header.Set("OpenRBM-MAC", mac)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s with the MAC %q: %d", path, mac, resp.StatusCode)
			}
		}
	}
	cfg := server.DemoConfig(t.TempDir(), "127.0.0.1:0")
	cfg.Log.Level, cfg.Store.Postgres = "error", c.dsn
	if s, err := server.Start(t.Context(), cfg); !errors.Is(err, nodes.ErrAlone) {
		t.Errorf("a server of its own on the cluster's database: %v", err)
		if err == nil {
			_ = s.Stop(t.Context())
		}
	}
}
