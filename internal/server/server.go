package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/cluster"
	"github.com/openrbm/openrbm/internal/console"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/internal/gateway"
	"github.com/openrbm/openrbm/internal/httpapi"
	"github.com/openrbm/openrbm/internal/journal"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/redact"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/internal/store"
)

// Version is this program's version. Packagers set it: -ldflags "-X …/internal/server.Version=…".
var Version = "0.1.0"

// The bounds on every listener.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 32 << 10
)

// outboxDrain is how much of the ten seconds of a stop the webhooks may take.
const outboxDrain = 3 * time.Second

// Server is the whole platform, running. Start makes one.
type Server struct {
	cfg   Config
	log   *slog.Logger
	clock *clock.Clock

	db       store.DB
	ledger   *ledger.Ledger
	registry *registry.Registry
	auth     *auth.Auth
	outbox   *outbox.Outbox
	engine   *engine.Engine
	gateway  *gateway.Gateway
	media    *media.Files
	journal  *journal.Journal
	metrics  *metrics
	api      *httpapi.API
	node     *cluster.Node // nil: the store serves this process only
	nodeName string

	public, admin *listener // admin is public when it has no address of its own
	redirect      *listener // or nil
	internal      *listener // for other nodes; nil: there are none
	tls           *tls.Config
	acme          *front.Manager // or nil
	logins        *front.Logins
	ready         atomic.Bool
	probe         probe
	stopLoops     context.CancelFunc
	loops         sync.WaitGroup
}

// listener is an HTTP server on an address.
type listener struct {
	*front.Listener
	http *http.Server
}

// Start opens the store and serves until Stop. It returns when every listener
// accepts connections.
func Start(ctx context.Context, cfg Config) (s *Server, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	s = &Server{cfg: cfg, log: newLogger(cfg.Log), clock: clock.New(), metrics: newMetrics()}
	defer func() {
		if err != nil {
			s.close(ctx)
			s = nil
		}
	}()
	if err := s.listen(); err != nil {
		return s, err
	}
	if err := s.build(ctx); err != nil {
		return s, err
	}
	s.run()
	s.ready.Store(true)
	return s, nil
}

func newLogger(c LogConfig) *slog.Logger {
	var opts slog.HandlerOptions
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // checked by Config.Check
	opts.Level = level
	var to io.Writer = redact.Writer{To: os.Stderr}
	if c.FullNumbers {
		to = os.Stderr
	}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(to, &opts))
	}
	return slog.New(slog.NewTextHandler(to, &opts))
}

func (s *Server) listen() error {
	var err error
	if s.tls, s.acme, err = s.openTLS(); err != nil {
		return err
	}
	if s.public, err = s.open(s.cfg.Listen, s.tls); err != nil {
		return err
	}
	s.admin = s.public
	if s.cfg.Admin.Listen != "" {
		if s.admin, err = s.open(s.cfg.Admin.Listen, s.tls); err != nil {
			return err
		}
	}
	if s.cfg.TLS.RedirectListen != "" {
		if s.redirect, err = s.open(s.cfg.TLS.RedirectListen, nil); err != nil {
			return err
		}
		s.redirect.http.Handler = s.redirector()
	}
	if s.cfg.Cluster.Listen != "" {
		s.internal, err = s.openInternal()
	}
	return err
}

// open listens at address, and bounds what comes from there.
func (s *Server) open(address string, tls *tls.Config) (*listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	limited := front.Limit(l, s.cfg.Clients.Connections, s.cfg.Clients.ConnectionsPerClient, s.cfg.Clients.proxies())
	return &listener{Listener: limited, http: &http.Server{
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, TLSConfig: tls,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}}, nil
}

// build opens the store and puts the parts together, from the bottom up.
func (s *Server) build(ctx context.Context) error {
	db, err := openStore(ctx, &s.cfg, s.log, s.metrics.observeCommit)
	if err != nil {
		return err
	}
	s.db = db
	if s.ledger, err = ledger.Open(ctx, db, s.clock); err != nil {
		return err
	}
	s.ledger.Log = s.log
	if err := s.joinCluster(ctx); err != nil {
		return err
	}
	if s.registry, err = registry.Open(ctx, s.ledger, s.log, s.cfg.geography()); err != nil {
		return err
	}
	if s.node != nil {
		s.registry.MaxAge, s.registry.Changed = refreshEvery, s.told
	}
	s.logins = front.NewLogins(s.cfg.Clients.proxies(), s.cfg.Clients.FailedLoginsPerMinute, s.cfg.Clients.TokenRequestsPerMinute)
	s.auth, err = auth.New(ctx, s.ledger, auth.Options{
		ReadAdminToken: s.cfg.readAdminToken(), PublicURLs: s.publicURLs(), OnlyPublic: s.cfg.PublicURL != "",
		Logins: s.logins, Changed: func() { s.told(authChanged) }, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.journal = journal.New(time.Now())
	s.outbox = outbox.New(s.ledger, webhooks{s.registry}, s.outboxOptions())
	s.engine = engine.New(s.ledger, s.registry, engine.Options{
		VerdictWait:    time.Duration(s.cfg.Phones.VerdictWait),
		QueueRetention: time.Duration(s.cfg.Messages.QueueRetention), HistoryRetention: time.Duration(s.cfg.Messages.HistoryRetention),
		Notify: s.outbox.Hint, Shared: s.node != nil, Peers: s.peers(), Platform: s.registry.AnswerInvitation, Journal: s.journal, Logger: s.log,
	})
	s.registry.Connected = s.engine.IsOnline
	s.gateway = gateway.New(s.engine, s.registry, gateway.Options{PingInterval: time.Duration(s.cfg.Phones.Ping), Logins: s.logins, Logger: s.log})
	if s.media, err = s.openMedia(ctx); err != nil {
		return err
	}
	s.metrics.watch(s)
	s.route()
	return nil
}

// route says what is served at which path of which listener.
func (s *Server) route() {
	s.api = httpapi.New(httpapi.Parts{
		Ledger: s.ledger, Engine: s.engine, Registry: s.registry, Auth: s.auth, Outbox: s.outbox, Media: s.media, Clock: s.clock, Journal: s.journal,
		WebhookClient: s.outbox.Client(), WebhookGuard: s.webhookGuard(), Disconnect: s.disconnect, Node: s.nodeName, Nodes: s.nodes, Count: s.counter(), Backup: s.backup, Observe: s.metrics.observeCall, Logger: s.log,
		Version: Version, StoreName: s.cfg.Store.name(), TurnClock: s.cfg.Clock.Adjustable,
		BaseURL: s.APIURL(), RegionHeader: s.cfg.RegionHeader, Limits: s.cfg.Limits.httpapi(),
		Logins: s.logins,
	})
	for _, l := range s.listeners() {
		l.http.RegisterOnShutdown(s.api.Close)
	}
	headers := front.NewHeaders(s.APIURL())
	public := http.NewServeMux()
	public.Handle("/", s.api)
	public.Handle("/device/v1/connect", s.gateway)
	public.Handle(media.Path, s.media)
	s.public.http.Handler = headers.Wrap(public)
	admin := public
	if s.admin != s.public {
		// The console at the administrator's address needs what phones and agents need.
		admin = http.NewServeMux()
		s.admin.http.Handler = headers.Wrap(admin)
		public.HandleFunc("/admin/", http.NotFound)
		admin.Handle("/", s.api)
		admin.Handle("/device/v1/connect", s.gateway)
		admin.Handle(media.Path, s.media)
	}
	admin.Handle(console.Path, console.Handler())
	if s.internal != nil {
		s.internal.http.Handler = s.node
	}
	admin.HandleFunc("GET /healthz", s.healthz)
	admin.HandleFunc("GET /readyz", s.readyz)
	if s.admin == s.public {
		admin.Handle("GET /metrics", s.guarded(s.metrics)) // anybody can reach it
	} else {
		admin.Handle("GET /metrics", s.metrics)
	}
	admin.Handle(profilesPath, s.profiles())
}

// run starts everything that works by itself.
func (s *Server) run() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stopLoops = cancel
	if s.node != nil {
		s.loops.Go(func() { s.node.Run(ctx) })
		s.loops.Go(func() { s.refresh(ctx) })
		s.loops.Go(func() { s.ledger.Recount(ctx) })
	}
	s.loops.Go(func() { s.engine.Run(ctx) })
	s.loops.Go(func() { s.media.Run(ctx) })
	s.loops.Go(func() { s.forgetActs(ctx) })
	s.loops.Go(func() { s.recordAttempts(ctx) })
	s.loops.Go(func() { s.api.Watch(ctx) })
	s.loops.Go(func() { s.finishErasures(ctx) })
	s.loops.Go(func() {
		if err := s.outbox.Run(ctx); err != nil {
			s.log.Error("outbox", "err", err)
		}
	})
	if s.acme != nil {
		s.loops.Go(func() {
			if err := s.acme.Run(ctx); err != nil {
				s.log.Error("certificates", "err", err)
			}
		})
	}
	for _, l := range s.listeners() {
		s.loops.Go(func() {
			var err error
			if l.http.TLSConfig != nil {
				err = l.http.ServeTLS(l, "", "")
			} else {
				err = l.http.Serve(l)
			}
			if !errors.Is(err, http.ErrServerClosed) {
				s.log.Error("listener", "address", l.Addr(), "err", err)
			}
		})
	}
}

func (s *Server) listeners() []*listener {
	var all []*listener
	if s.public != nil {
		all = append(all, s.public)
	}
	if s.admin != nil && s.admin != s.public {
		all = append(all, s.admin)
	}
	if s.redirect != nil {
		all = append(all, s.redirect)
	}
	if s.internal != nil {
		all = append(all, s.internal)
	}
	return all
}

// Handler answers what comes to the public address; without the network, for
// benchmarks.
func (s *Server) Handler() http.Handler { return s.public.http.Handler }

// Stop lets requests under way finish, takes the phones offline and closes the
// store; it takes no longer than ctx. What was acknowledged is kept in any case.
func (s *Server) Stop(ctx context.Context) error {
	s.ready.Store(false)
	return s.close(ctx)
}

// close ends what has been started, in reverse.
func (s *Server) close(ctx context.Context) error {
	var errs []error
	var wg sync.WaitGroup
	if s.gateway != nil {
		wg.Go(func() { s.gateway.Drain(ctx) })
	}
	for _, l := range s.listeners() {
		wg.Go(func() {
			if l.http.Shutdown(ctx) != nil {
				l.http.Close()
			}
			l.Close()
		})
	}
	wg.Wait()
	if s.stopLoops != nil {
		s.stopLoops()
	}
	s.loops.Wait()
	if s.media != nil {
		s.media.Close()
	}
	if s.engine != nil {
		s.engine.Close()
	}
	if s.gateway != nil {
		s.gateway.Close()
	}
	if s.node != nil {
		s.node.Leave(ctx)
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}
