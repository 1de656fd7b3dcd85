package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/httpapi"
	"github.com/openrbm/openrbm/internal/netguard"
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/registry"
)

// APIURL is where agents reach the API, without a slash at the end.
func (s *Server) APIURL() string {
	if s.cfg.PublicURL != "" {
		return strings.TrimSuffix(s.cfg.PublicURL, "/")
	}
	return s.scheme() + "://" + s.public.Addr().String()
}

// publicURLs are APIURL and, where it has a name, those of the regional endpoints
// (facts/rbm-api.md §5.4).
func (s *Server) publicURLs() []string {
	base := s.APIURL()
	all := []string{base}
	if scheme, host, ok := strings.Cut(base, "://"); ok {
		for _, region := range httpapi.Regions() {
			all = append(all, scheme+"://"+region+"-"+host)
		}
	}
	return all
}

// AdminURL is where the admin API is.
func (s *Server) AdminURL() string {
	if s.admin == s.public {
		return s.APIURL()
	}
	return s.scheme() + "://" + s.admin.Addr().String()
}

// DeviceURL is where phones connect.
func (s *Server) DeviceURL() string {
	return "ws" + strings.TrimPrefix(s.APIURL(), "http") + "/device/v1/connect"
}

// AdminToken is the bearer token of the admin API.
func (s *Server) AdminToken() string { return s.auth.AdminToken() }

func (s *Server) scheme() string {
	if s.cfg.TLS.on() {
		return "https"
	}
	return "http"
}

// webhookGuard says where webhooks may be.
func (s *Server) webhookGuard() netguard.Guard {
	return netguard.Guard{AllowPrivate: s.cfg.Webhooks.AllowPrivate}
}

func (s *Server) outboxOptions() outbox.Options {
	o := outbox.Options{
		Timeout: time.Duration(s.cfg.Webhooks.Timeout), Retention: time.Duration(s.cfg.Webhooks.Retention),
		PerAgent: s.cfg.Webhooks.PerAgent, Drain: outboxDrain, Owns: s.ownsWebhooks, Elsewhere: s.wakeWebhooks, Journal: s.journal, Logger: s.log,
	}
	if guard := s.webhookGuard(); !guard.AllowPrivate {
		o.DialControl = guard.Control
	}
	return o
}

// webhooks tells the outbox where agents want to be called.
type webhooks struct{ *registry.Registry }

func (w webhooks) Webhook(ctx context.Context, agent string) (outbox.Webhook, bool, error) {
	if a, err := w.Agent(agent); err == nil && a.WebhookPaused {
		return outbox.Webhook{}, false, nil
	}
	hook, err := w.WebhookOf(ctx, agent)
	if err != nil || hook == nil {
		return outbox.Webhook{}, false, err
	}
	return outbox.Webhook{URL: hook.URI, Token: hook.ClientToken}, true, nil
}

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("ok\n"))
}

// probe keeps strangers from making the store write as often as they ask: what was
// found counts for a moment.
type probe struct {
	mu   sync.Mutex
	at   time.Time
	last error
}

// probeEvery is how long a finding counts.
const probeEvery = 250 * time.Millisecond

func (p *probe) run(look func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.at) >= probeEvery {
		p.last = look()
		p.at = time.Now()
	}
	return p.last
}

// readyz says whether the server can do its work, or why not.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	err := s.notReady(func() error {
		return s.probe.run(func() error { return s.ledger.Probe(r.Context()) })
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
