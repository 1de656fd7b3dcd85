package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/rbm"
)

// Phones knows the phones and is told of them. Errors are shown to the phone as
// rbm.AsError gives them.
type Phones interface {
	// Authenticate fails with UNAUTHENTICATED if the token is not the number's.
	Authenticate(ctx context.Context, number, token string) error
	// Announce records what the phone can show, and its network.
	Announce(ctx context.Context, number string, features []rbm.Feature, carrier string) error
	// Seen records that the phone is connected now. It is called when the phone
	// connects and disconnects, and about hourly between.
	Seen(ctx context.Context, number string) error
}

// Options are the gateway's settings; a zero field has the default that is named
// beside it.
type Options struct {
	PingInterval time.Duration // silence after which a phone is pinged; after twice that it is dead (30 s)
	HelloTimeout time.Duration // from the connection to the hello (10 s)
	WriteTimeout time.Duration // for each 32 KiB that a phone takes (10 s)
	Logins       *front.Logins // bounds failed hellos (nothing does)
	Logger       *slog.Logger
}

func (o *Options) setDefaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&o.PingInterval, 30*time.Second)
	set(&o.HelloTimeout, 10*time.Second)
	set(&o.WriteTimeout, 10*time.Second)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Gateway accepts the connections of phones. Make one with New, serve it at
// /device/v1/connect, end it with Drain or Close.
type Gateway struct {
	engine   *engine.Engine
	phones   Phones
	opts     Options
	log      *slog.Logger
	stats    Stats
	start    time.Time
	upgrader websocket.Upgrader

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	wg   sync.WaitGroup // the sweeper and the readers

	mu       sync.Mutex
	draining bool
	sessions map[*session]struct{} // all
	online   map[string]*session   // those that have said hello, by number
}

// New returns a gateway between e and the phones that are known to phones.
func New(e *engine.Engine, phones Phones, opts Options) *Gateway {
	opts.setDefaults()
	g := &Gateway{
		engine: e, phones: phones, opts: opts, log: opts.Logger, start: time.Now(),
		sessions: make(map[*session]struct{}), online: make(map[string]*session),
		upgrader: websocket.Upgrader{
			HandshakeTimeout: opts.HelloTimeout,
			ReadBufferSize:   unusedBuffer,
			WriteBufferSize:  writeBuffer,
			WriteBufferPool:  new(sync.Pool),
			Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
				refuse(w, status, reason.Error())
			},
		},
	}
	g.ctx, g.stop = context.WithCancel(context.Background())
	g.wg.Go(g.sweep)
	return g
}

// The library's buffers of a connection. It writes only, and the least that it
// wants for reading is 125 bytes.
const (
	unusedBuffer = 125
	writeBuffer  = 4 << 10
)

// ServeHTTP takes a phone's connection over; it returns when the handshake is
// done, so that what the HTTP server holds for a request is freed.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.isDraining() {
		refuse(w, http.StatusServiceUnavailable, "The server is going away.")
		return
	}
	h := hijacker{ResponseWriter: w}
	ws, err := g.upgrader.Upgrade(&h, r, nil)
	if err != nil {
		g.stats.Refused.Add(1)
		g.log.Debug("handshake failed", "remote", r.RemoteAddr, "err", err)
		return
	}
	s := newSession(g, ws, h.conn)
	s.from = g.opts.Logins.Client(r)
	if !g.begin(s) {
		h.conn.Close()
		return
	}
	go s.run()
}

func refuse(w http.ResponseWriter, status int, reason string) {
	e := rbm.ParseError(status, nil)
	e.Message = reason
	body, err := rbm.MarshalPretty(e.Envelope(false))
	if err != nil {
		http.Error(w, reason, status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Sec-Websocket-Version", "13")
	w.WriteHeader(status)
	w.Write(body)
}

// begin counts s in, unless the gateway is ending.
func (g *Gateway) begin(s *session) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		return false
	}
	g.sessions[s] = struct{}{}
	g.wg.Add(1)
	return true
}

// join makes s the session of its phone. The engine's mailbox and the gateway's
// entry change together, so that both know the same connection as the newest.
func (g *Gateway) join(s *session, window int) (joined bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		return false
	}
	old := g.online[s.phone]
	g.online[s.phone] = s
	s.box = g.engine.Attach(s.phone, window, s)
	if old != nil {
		g.stats.Replaced.Add(1)
		go old.close(closeReplaced)
	}
	return true
}

// end forgets s.
func (g *Gateway) end(s *session) {
	g.mu.Lock()
	delete(g.sessions, s)
	if g.online[s.phone] == s {
		delete(g.online, s.phone)
	}
	g.mu.Unlock()
	g.wg.Done()
}

func (g *Gateway) isDraining() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.draining
}

// Online says whether the phone is connected.
func (g *Gateway) Online(number string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.online[number] != nil
}

// Count is the number of phones that are connected.
func (g *Gateway) Count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.online)
}

// Disconnect ends the connection of a phone whose right to it has ended: it was
// deleted, or has a new token. The phone may try to connect again.
func (g *Gateway) Disconnect(number string) {
	if s := g.session(number); s != nil {
		s.close(closeRevoked)
	}
}

// Link returns what ends the present connection of a phone because it has connected
// to another node; false: it is not connected.
func (g *Gateway) Link(number string) (replaced func(), ok bool) {
	s := g.session(number)
	return func() { s.close(closeReplaced) }, s != nil
}

func (g *Gateway) session(number string) *session {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.online[number]
}
