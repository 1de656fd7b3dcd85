package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/frame"
)

// session is one connection of a phone.
type session struct {
	g    *Gateway
	ws   *websocket.Conn
	conn *conn // below ws

	heard   atomic.Int64           // when something was last heard, as g.now
	closing atomic.Pointer[reason] // set when the close frame is sent
	writing sync.Mutex             // for whoever writes data frames

	// The sweeper's.
	pinged time.Duration

	// The reader's. Phone and box are set before the session is online, and may be
	// read by all who found it there.
	phone string
	box   *engine.Mailbox
	pace  limiter
	seen  time.Duration // when Phones.Seen was last told, as g.now
}

func newSession(g *Gateway, ws *websocket.Conn, c *conn) *session {
	s := &session{g: g, ws: ws, conn: c}
	c.timeout = g.opts.WriteTimeout
	s.hear()
	ws.SetReadLimit(frame.MaxFrameBytes)
	ws.SetPongHandler(func(string) error { s.hear(); return nil })
	answer := ws.PingHandler()
	ws.SetPingHandler(func(data string) error { s.hear(); return answer(data) })
	return s
}

// hear notes a sign of life. The reader calls it.
func (s *session) hear() {
	now := s.g.now()
	s.heard.Store(int64(now))
	if s.box != nil && now-s.seen >= time.Hour {
		elsewhere(s.tellSeen)
	}
}

// tellSeen tells the registry that the phone is connected now.
func (s *session) tellSeen() {
	s.seen = s.g.now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.g.ctx), s.g.opts.WriteTimeout)
	defer cancel()
	if err := s.g.phones.Seen(ctx, s.phone); err != nil {
		s.log(slog.LevelWarn, "presence not recorded", "err", err)
	}
}

// run is the whole session. The hello and every frame are handled on goroutines
// of their own, while the reader waits for them: the stack that they need would stay
// with the reader, and it is most of what an idle phone costs.
func (s *session) run() {
	defer s.g.end(s)
	defer s.conn.Close()
	welcome := false
	if elsewhere(func() { welcome = s.greet() }); !welcome {
		s.g.stats.Refused.Add(1)
		s.drainInput(nil)
		return
	}
	err := s.read()
	s.box.Detach()
	s.drainInput(err)
	s.tellSeen()
	s.log(slog.LevelInfo, "phone offline", "closing", s.closing.Load(), "err", err)
}

// elsewhere calls f on another goroutine and waits for it.
func elsewhere(f func()) {
	var done sync.WaitGroup
	done.Go(f)
	done.Wait()
}

// read handles frames until the connection breaks.
func (s *session) read() error {
	for {
		data, err := s.next()
		if err != nil {
			return err
		}
		if s.closing.Load() != nil {
			continue // the phone repeats what was not confirmed
		}
		elsewhere(func() { s.handle(data) })
		if s.released() {
			s.close(closeGoingAway)
		}
	}
}

var errBinary = errors.New("a binary message")

// next reads one frame. A message that is not text closes the session.
func (s *session) next() ([]byte, error) {
	kind, data, err := s.ws.ReadMessage()
	if err != nil {
		return nil, err
	}
	s.hear()
	s.g.stats.Received.Add(1)
	if kind != websocket.TextMessage && s.closing.Load() == nil {
		s.close(closeBinary)
		return nil, errBinary
	}
	return data, nil
}

// drainInput lets the phone read why the connection ends: one that is closed with
// unread input is reset, and what was sent last is lost.
func (s *session) drainInput(err error) {
	if errors.Is(err, websocket.ErrReadLimit) { // the library has sent the close frame
		s.conn.SetReadDeadline(time.Now().Add(lingerWait))
		io.CopyN(io.Discard, s.conn, maxDrained)
		return
	}
	for s.closing.Load() != nil {
		if _, _, err := s.ws.NextReader(); err != nil {
			return
		}
	}
}

// maxDrained bounds what is read of a phone that sent too large a frame.
const maxDrained = 1 << 20

// released says that the engine has let the mailbox go.
func (s *session) released() bool {
	select {
	case <-s.box.Done():
		return true
	default:
		return false
	}
}

// reason is why a connection is closed, as the phone is told.
type reason struct {
	code int
	text string
}

func (r *reason) String() string {
	if r == nil {
		return "by the phone"
	}
	return r.text
}

var (
	closeGoingAway = reason{frame.CloseGoingAway, "going away"}
	closeReplaced  = reason{frame.CloseReplaced, "connected again"}
	closeRevoked   = reason{frame.CloseUnauthenticated, "token revoked"}
	closeSilent    = reason{frame.CloseSilent, "nothing heard"}
	closeBinary    = reason{frame.CloseProtocolError, "binary message"}
	closeMalformed = reason{frame.CloseProtocolError, "not a JSON object"}
	closeNoHello   = reason{frame.CloseUnauthenticated, "no hello"}
	closeHello     = reason{frame.CloseUnauthenticated, "hello refused"}
	closeSecond    = reason{frame.CloseProtocolError, "second hello"}
)

// How long a close may take: to send it, and to hear the phone's.
const (
	closeWait  = time.Second
	lingerWait = 2 * time.Second
)

// close tells the phone why, and lets the reader end when the phone has answered,
// or soon. Anyone may call it; only the first call counts.
func (s *session) close(why reason) {
	if !s.closing.CompareAndSwap(nil, &why) {
		return
	}
	message := websocket.FormatCloseMessage(why.code, why.text)
	if s.ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(closeWait)) != nil {
		s.conn.Close()
		return
	}
	s.conn.SetReadDeadline(time.Now().Add(lingerWait))
}

func (s *session) log(level slog.Level, what string, args ...any) {
	if s.g.log.Enabled(s.g.ctx, level) {
		s.g.log.Log(s.g.ctx, level, what, append([]any{"phone", s.phone, "remote", s.conn.RemoteAddr()}, args...)...)
	}
}
