package server

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/openrbm/openrbm/internal/cluster"
)

// metrics is what /metrics shows.
type metrics struct {
	http.Handler
	registry *prometheus.Registry
	calls    *prometheus.HistogramVec
	commits  prometheus.Histogram
	groups   prometheus.Histogram
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "openrbm_http_request_seconds", Help: "Time to answer a call, by route and status.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"method", "route", "status"}),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "openrbm_commit_seconds", Help: "Time until a group of changes is durable.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16),
		}),
		groups: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "openrbm_commit_group", Help: "Changes that became durable together.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 11),
		}),
	}
	m.registry.MustRegister(m.calls, m.commits, m.groups, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.Handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

func (m *metrics) observeCommit(group int, took time.Duration) {
	m.commits.Observe(took.Seconds())
	m.groups.Observe(float64(group))
}

func (m *metrics) observeCall(method, route string, status int, took time.Duration) {
	m.calls.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// watch shows what the parts count themselves.
func (m *metrics) watch(s *Server) {
	counter := func(name, help string, read func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "openrbm_" + name, Help: help}, read))
	}
	gauge := func(name, help string, read func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "openrbm_" + name, Help: help}, read))
	}
	of := func(v *atomic.Int64) func() float64 { return func() float64 { return float64(v.Load()) } }

	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "openrbm_build_info", Help: "1, with what runs.", ConstLabels: prometheus.Labels{"version": Version, "store": s.cfg.Store.name()},
	}, func() float64 { return 1 }))
	gauge("ready", "1 if this server can do its work, as /readyz says; its store has a second.", s.readiness)
	gauge("cluster_nodes", "Nodes alive, as this one sees them, itself included.", func() float64 { nodes, _ := s.members(); return float64(nodes) })
	gauge("cluster_leases", "Parts, of 64, of the work of one node at a time that are this node's.", func() float64 { _, leases := s.members(); return float64(leases) })

	e := s.engine.Stats()
	counter("messages_accepted_total", "agentMessages accepted, repeats not counted.", of(&e.Accepted))
	counter("messages_repeated_total", "Sends ignored because their id was used before.", of(&e.Repeated))
	counter("events_accepted_total", "agentEvents accepted.", of(&e.Events))
	counter("messages_sent_total", "Deliveries handed to phones, repeats counted.", of(&e.Sent))
	counter("messages_delivered_total", "agentMessages acknowledged by phones.", of(&e.Delivered))
	counter("messages_read_total", "agentMessages read.", of(&e.Read))
	counter("messages_revoked_total", "agentMessages revoked by their agents.", of(&e.Revoked))
	counter("messages_expired_total", "agentMessages taken back at their expireTime.", of(&e.Expired))
	counter("messages_unconfirmed_total", "agentMessages that expired while their phone did not answer.", of(&e.Unknown))
	counter("upstream_total", "Messages and events from phones.", of(&e.Upstream))
	gauge("messages_queued", "Items waiting in mailboxes.", func() float64 { return float64(s.ledger.Queued()) })
	counter("damaged_records_total", "Records that could not be read and were set aside.", func() float64 { return float64(s.ledger.SetAside()) })
	gauge("phones_online", "Phones connected.", func() float64 { return float64(s.engine.Online()) })

	g := s.gateway.Stats()
	counter("device_connections_total", "Connections of phones that were welcomed.", of(&g.Connected))
	counter("device_refused_total", "Connections of phones that ended without a welcome.", of(&g.Refused))
	counter("device_frames_received_total", "Frames from phones.", of(&g.Received))
	counter("device_frames_sent_total", "Frames to phones.", of(&g.Sent))
	counter("device_errors_total", "Frames of phones that were refused.", of(&g.Errors))

	counter("connections_refused_total", "Connections closed at once because there were too many.", func() float64 {
		n := int64(0)
		for _, l := range s.listeners() {
			n += l.Refused()
		}
		return float64(n)
	})
	gauge("connections", "Connections open, phones included.", func() float64 {
		n := 0
		for _, l := range s.listeners() {
			n += l.Open()
		}
		return float64(n)
	})
	counter("logins_refused_total", "Logins and token requests refused because there were too many.", func() float64 { return float64(s.logins.Refused()) })

	counter("webhook_delivered_total", "Webhook calls answered with 200.", func() float64 { return float64(s.outbox.Stats().Delivered) })
	counter("webhook_failed_total", "Webhook calls that failed.", func() float64 { return float64(s.outbox.Stats().Failed) })
	counter("webhook_dropped_total", "Events given up after the retention.", func() float64 { return float64(s.outbox.Stats().Dropped) })
	gauge("webhooks_failing", "Agents whose webhook fails.", func() float64 { return float64(s.outbox.Stats().Failing) })
	gauge("webhook_lag_seconds", "Age of the oldest event that is due and not yet delivered.", func() float64 { return s.outbox.Stats().Lag.Seconds() })
}

// scrapeProbe is how long a scrape waits for the store.
const scrapeProbe = time.Second

func (s *Server) readiness() float64 {
	err := s.notReady(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeProbe)
		defer cancel()
		return s.ledger.Probe(ctx)
	})
	if err != nil {
		return 0
	}
	return 1
}

// members are the nodes, and the leases of this one, which alone has all.
func (s *Server) members() (nodes, leases int) {
	if s.node == nil {
		return 1, cluster.Shards
	}
	return s.node.Counts()
}
