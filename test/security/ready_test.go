package security

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/server"
)

// The question whether a server is ready reaches it on this machine, whatever name its
// certificate has; what it answers is the error.
func TestReadyIsAskedOverTLS(t *testing.T) {
	dir := t.TempDir()
	certificate(t, dir, "rcs.example.com")
	var cfg server.Config
	s := started(t, func(c *server.Config) {
		c.TLS.CertFile, c.TLS.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		c.PublicURL, c.Admin.Listen = "https://rcs.example.com", "127.0.0.1:0"
		cfg = *c
	})
	cfg.Admin.Listen = strings.TrimPrefix(s.AdminURL(), "https://")
	must(t, server.AskReady(t.Context(), cfg))
	stop(t, s)
	if err := server.AskReady(t.Context(), cfg); err == nil {
		t.Error("a server that has stopped is ready")
	}
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, r.URL.Path+": the store does not take writes", http.StatusServiceUnavailable)
	}))
	defer broken.Close()
	cfg = server.Default()
	cfg.Listen = broken.Listener.Addr().String()
	if err := server.AskReady(t.Context(), cfg); err == nil || err.Error() != "not ready: 503 Service Unavailable: /readyz: the store does not take writes" {
		t.Errorf("a server that says so is not ready: %v", err)
	}
}
