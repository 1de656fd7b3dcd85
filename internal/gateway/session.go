package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
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
	in   input // the reader's
	from netip.Addr

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
	s := &session{g: g, ws: ws, conn: c, in: input{conn: c}}
	c.timeout = g.opts.WriteTimeout
	s.hear()
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

// run is the whole session. What comes is read and handled on goroutines of its
// own, while the reader waits for them: the stack that they need would stay with the
// reader, and it is most of what an idle phone costs.
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

// read handles frames until the connection breaks. Over TLS, the reader waits with
// a deep stack.
func (s *session) read() error {
	for {
		if err := s.in.await(); err != nil {
			return err
		}
		var err error
		elsewhere(func() { err = s.readBurst() })
		if err != nil {
			return err
		}
	}
}

// readBurst handles what has come, at least a part of it.
func (s *session) readBurst() error {
	for {
		data, err := s.next()
		if err != nil {
			return err
		}
		if data != nil && s.closing.Load() == nil { // else the phone repeats what was not confirmed
			s.handle(data)
			if s.released() {
				s.close(closeGoingAway)
			}
		}
		if s.in.buf == nil {
			return nil
		}
	}
}

var errBinary = errors.New("a binary message")

// next reads one message; nil is that only a control frame has come. A message that
// is not text closes the session.
func (s *session) next() ([]byte, error) {
	s.in.borrow()
	defer s.in.giveBack()
	kind, data, err := s.in.message(s.control)
	if wrong, ok := errors.AsType[*wireError](err); ok {
		s.close(reason{wrong.code, wrong.text})
	}
	if err != nil {
		return nil, err
	}
	s.hear()
	if kind == 0 {
		return nil, nil
	}
	s.g.stats.Received.Add(1)
	if kind != websocket.TextMessage && s.closing.Load() == nil {
		s.close(closeBinary)
		return nil, errBinary
	}
	return data, nil
}

// control answers a control frame. A close frame is an error.
func (s *session) control(p part) error {
	switch p.op {
	case websocket.PongMessage:
		s.wait(1)
		return nil
	case websocket.PingMessage:
		s.wait(1)
		s.ws.WriteControl(websocket.PongMessage, p.payload, time.Now().Add(closeWait)) // the reader notices
		return nil
	case websocket.CloseMessage:
		closed, err := closeCode(p.payload)
		if err != nil {
			return err
		}
		message := websocket.FormatCloseMessage(closed.Code, "")
		s.ws.WriteControl(websocket.CloseMessage, message, time.Now().Add(closeWait)) // the phone may be gone
		return closed
	}
	return breach("a kind of frame that is not known")
}

// drainInput lets the phone read why the connection ends: one that is closed with
// unread input is reset, and what was sent last is lost.
func (s *session) drainInput(err error) {
	if _, over := errors.AsType[*websocket.CloseError](err); over || s.closing.Load() == nil {
		return
	}
	if _, wrong := errors.AsType[*wireError](err); wrong { // what follows makes no sense
		io.CopyN(io.Discard, s.conn, maxDrained)
		return
	}
	for err = nil; err == nil; {
		_, err = s.next()
	}
}

// maxDrained bounds what is read of a phone that has broken the protocol.
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
