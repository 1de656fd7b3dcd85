package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/cluster"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/rbm"
)

// ClusterConfig is this server among others on the same PostgreSQL (docs/cluster.md).
// Without Listen it works alone.
type ClusterConfig struct {
	// Node is this server's name, unique in the cluster. Default: the host's name and
	// something random.
	Node string `toml:"node"`
	// Listen is the address where other nodes ask this one, such as "10.0.0.1:8082":
	// on a network that nobody else reaches.
	Listen string `toml:"listen"`
	// URL is how other nodes reach Listen. Default: http:// and the address.
	URL string `toml:"url"`
	// SecretFile holds the secret that all nodes share, at least 32 bytes.
	SecretFile string `toml:"secret_file"`
}

var nodeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

func (c *ClusterConfig) check(all *Config, rule func(holds bool, format string, args ...any)) {
	rule(c.Node == "" || nodeForm.MatchString(c.Node), "cluster.node: %q must be 1 to 100 letters, digits, '.', '_' or '-'", c.Node)
	if c.Listen == "" {
		rule(c.URL == "" && c.SecretFile == "", "cluster: url and secret_file go with listen")
		return
	}
	_, _, err := net.SplitHostPort(c.Listen)
	rule(err == nil, "cluster.listen: %q is not host:port", c.Listen)
	rule(all.Store.Postgres != "", "cluster.listen: many servers need store.postgres")
	rule(all.Media.SharedDir, "cluster.listen: files, or with media.s3 unfinished uploads, are in media.dir, which all servers must see: say so with media.shared_dir")
	rule(len(all.TLS.ACME.Domains) == 0 || all.TLS.ACME.SharedDir, "cluster.listen: certificates, and answers to the authority's challenges, are in tls.acme.dir, which all servers must see: say so with tls.acme.shared_dir")
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		rule(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Path == "", "cluster.url: %q is not like http://10.0.0.1:8082", c.URL)
	}
	_, err = c.secret()
	rule(err == nil, "cluster.secret_file: %v", err)
}

func (c *ClusterConfig) secret() ([]byte, error) {
	if c.SecretFile == "" {
		return nil, errors.New("is needed")
	}
	b, err := os.ReadFile(c.SecretFile)
	if secret := strings.TrimSpace(string(b)); err != nil || len(secret) >= 32 {
		return []byte(secret), err
	}
	return nil, fmt.Errorf("the secret in %s is shorter than 32 bytes", c.SecretFile)
}

// Work that one node does for all, beside the engine's.
const (
	workMedia   = "media"
	workWebhook = "webhooks " // of an agent
)

// refreshEvery is how old what is known of agents can be when another node has
// changed them and its word was lost.
const refreshEvery = 2 * time.Second

// internalConnections is how many connections of other nodes there are at most.
const internalConnections = 10_000

// openInternal listens for other nodes, without the limits for strangers.
func (s *Server) openInternal() (*listener, error) {
	l, err := net.Listen("tcp", s.cfg.Cluster.Listen)
	if err != nil {
		return nil, err
	}
	return &listener{Listener: front.Limit(l, internalConnections, internalConnections, s.cfg.Clients.proxies()), http: &http.Server{
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}}, nil
}

// joinCluster makes this server a node, if its store is one for many.
func (s *Server) joinCluster(ctx context.Context) error {
	if s.cfg.Store.Postgres == "" {
		return nil
	}
	c := &s.cfg.Cluster
	if s.nodeName = c.Node; s.nodeName == "" {
		host, _ := os.Hostname() // "" will do
		s.nodeName = host + "-" + rand.Text()[:8]
	}
	o := cluster.Options{Name: s.nodeName, Hooks: s.clusterHooks(), Logger: s.log}
	if s.internal != nil {
		var err error
		if o.Secret, err = c.secret(); err != nil {
			return fmt.Errorf("cluster.secret_file: %w", err)
		}
		if o.URL = strings.TrimSuffix(c.URL, "/"); o.URL == "" {
			o.URL = "http://" + s.internal.Addr().String()
		}
	}
	var err error
	s.node, err = cluster.Join(ctx, s.ledger, o)
	return err
}

// clusterHooks are what the node asks of the parts, which are there when it runs.
func (s *Server) clusterHooks() cluster.Hooks {
	return cluster.Hooks{
		Online: func(phone string) bool { return s.engine.IsOnline(phone) },
		Phones: func() []string {
			if s.engine == nil {
				return nil
			}
			return s.engine.Phones()
		},
		Wake: func(phone string) { s.engine.Hint(phone) },
		WakeAgent: func(agent string) {
			if agent == "" {
				s.outbox.Sweep()
				return
			}
			if s.ownsWebhooks(agent) {
				s.outbox.Hint(agent)
			}
		},
		Link:      func(phone string) (func(), bool) { return s.gateway.Link(phone) },
		Elsewhere: func(phone string) { s.engine.Elsewhere(phone) },
		Missed: func() {
			s.engine.Rescan()
			s.outbox.Sweep()
		},
		Counted: func(limit string, calls int) { s.api.Counted(limit, calls) },
		Changed: s.forget,
		Answer:  s.answerNode,
		Busy: func(mine func(string) bool) bool {
			return s.outbox.Busy(func(agent string) bool { return mine(workWebhook + agent) })
		},
		Deposed: func() { s.engine.Release() },
	}
}

// counter tells other nodes of calls that count towards a limit; nil: there can be
// none.
func (s *Server) counter() func(limit string) {
	if s.node == nil {
		return nil
	}
	return s.node.Count
}

// authChanged is what nodes say when rights were taken away.
const authChanged = "auth"

// forget drops what another node has changed from the caches.
func (s *Server) forget(what string) {
	if what == authChanged {
		s.auth.Forget()
		return
	}
	s.registry.Forget(context.Background(), what)
}

// told tells the other nodes of a change, as the registry does.
func (s *Server) told(what string) {
	if s.node != nil {
		s.node.Changed(context.Background(), what)
	}
}

// disconnectQuestion asks the node of a phone to end its connection.
type disconnectQuestion struct {
	Disconnect string `json:"disconnect"`
}

// answerNode answers what another node asks of a phone.
func (s *Server) answerNode(ctx context.Context, question []byte) ([]byte, error) {
	var q disconnectQuestion
	if err := json.Unmarshal(question, &q); err == nil && q.Disconnect != "" {
		if !s.engine.IsOnline(q.Disconnect) {
			return nil, engine.ErrNotHere
		}
		s.gateway.Disconnect(q.Disconnect)
		return nil, nil
	}
	return s.engine.Answer(ctx, question)
}

// disconnect ends the connection of a phone, wherever it is.
func (s *Server) disconnect(phone string) {
	s.gateway.Disconnect(phone)
	if s.node == nil {
		return
	}
	question, err := json.Marshal(disconnectQuestion{phone})
	if err == nil {
		_, _, err = s.node.Ask(context.Background(), phone, question)
	}
	if err != nil {
		s.log.Error("ending the connection of a phone at another node", "phone", phone, "err", err)
	}
}

// peers are the other nodes as the engine sees them; nil: there can be none.
func (s *Server) peers() engine.Peers {
	if s.node == nil {
		return nil
	}
	return s.node
}

// wakeWebhooks tells the node that has an agent's webhooks that there is work.
func (s *Server) wakeWebhooks(agent string) {
	if s.node != nil {
		s.node.WakeAgent(agent)
	}
}

func (s *Server) ownsWebhooks(agent string) bool {
	return s.node == nil || s.node.Owns(workWebhook+agent)
}

// refresh reads what other nodes may have changed, until ctx ends.
func (s *Server) refresh(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.registry.Refresh(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("reading the agents", "err", err)
		}
	}
}

// NodeStatus is a server of the cluster, as /admin/v1/status shows it.
type NodeStatus struct {
	Node      string        `json:"node"`
	URL       string        `json:"url,omitempty"`
	StartTime rbm.Timestamp `json:"startTime"`
	Phones    int           `json:"phones"`
	Leases    int           `json:"leases"`
	Silent    string        `json:"silent"`
	Self      bool          `json:"self,omitempty"`
}

// nodes lists the servers of the cluster.
func (s *Server) nodes(ctx context.Context) (any, error) {
	if s.node == nil {
		return nil, nil
	}
	list, err := s.node.Status(ctx)
	if err != nil {
		return nil, err
	}
	shown := make([]NodeStatus, len(list))
	for i, n := range list {
		shown[i] = NodeStatus{n.Name, n.URL, rbm.Timestamp(n.Start), n.Phones, n.Leases, n.Silent.String(), n.Self}
	}
	return shown, nil
}
