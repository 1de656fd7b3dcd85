package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/rbm"
)

const (
	dialTimeout  = 10 * time.Second // for the handshake, and again for the welcome
	writeTimeout = 10 * time.Second
	byeTimeout   = time.Second // for the close frames of both sides
)

// link is one connection of the phone.
type link struct {
	p       *Phone
	ws      *websocket.Conn
	silence time.Duration // after which the connection is dead
	refused *frame.Error  // the error that came last and named no frame; the reader's

	// The phone's, guarded by its mu.
	sending bool
	reports []ref
	posts   []*post
}

// writeBuffers are shared by all phones of the process.
var writeBuffers sync.Pool

func (p *Phone) dial(ctx context.Context) (*link, error) {
	d := websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, HandshakeTimeout: dialTimeout, NetDialContext: p.opts.DialContext,
		ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10, WriteBufferPool: &writeBuffers,
	}
	ws, answer, err := d.DialContext(ctx, p.opts.URL, nil)
	if err != nil && answer != nil {
		return nil, refusal(answer.StatusCode, p.opts.URL)
	}
	if err != nil {
		return nil, err
	}
	ws.SetReadLimit(frame.MaxServerFrameBytes)
	return &link{p: p, ws: ws, silence: dialTimeout}, nil
}

// refusal is what an answer to the handshake means: 4xx is that nothing is there
// for phones.
func refusal(status int, url string) error {
	err := fmt.Errorf("%s answers %d %s", url, status, http.StatusText(status))
	if status/100 == 4 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout {
		return &finalError{rbm.Errorf(rbm.CodeNotFound, "No device protocol: %v", err)}
	}
	return err
}

// hangUp makes the connection end with ctx. The function that it returns ends the
// connection at once.
func (l *link) hangUp(ctx context.Context) func() {
	stop := context.AfterFunc(ctx, func() {
		bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		l.ws.WriteControl(websocket.CloseMessage, bye, time.Now().Add(byeTimeout))
		time.AfterFunc(byeTimeout, func() { l.ws.Close() }) // if the server does not hang up
	})
	return func() {
		stop()
		l.ws.Close()
	}
}

// greet says hello and waits for the welcome.
func (l *link) greet() error {
	l.expect()
	pong := l.ws.PingHandler()
	l.ws.SetPingHandler(func(data string) error { l.expect(); return pong(data) })
	l.ws.SetPongHandler(func(string) error { l.expect(); return nil })
	hello, err := l.p.hello()
	if err != nil {
		return &finalError{err}
	}
	if err := l.write(hello); err != nil {
		return err
	}
	for {
		f, err := l.next()
		if err != nil {
			return err
		}
		switch f := f.(type) {
		case *frame.Welcome:
			l.silence = time.Duration(2 * f.PingSeconds * float64(time.Second))
			l.expect()
			return nil
		case *frame.Error:
			l.refused = f
		default:
			return fmt.Errorf("phone: a %T before the welcome", f)
		}
	}
}

func (p *Phone) hello() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return encode(&frame.Hello{
		Header: frame.Header{Type: frame.TypeHello}, Protocol: frame.Protocol,
		PhoneNumber: p.opts.Number, Token: p.opts.Token,
		Features: names(p.opts.Features), Carrier: p.opts.Carrier, Window: p.opts.Window, Client: p.opts.Client,
	})
}

// encode gives the wire form of a frame, or the error that the server would give.
func encode(f frame.Frame) ([]byte, error) {
	data, err := frame.Encode(f)
	if err == nil {
		_, err = frame.DecodePhone(data)
	}
	if refused, ok := errors.AsType[*frame.Error](err); ok {
		return nil, failure(refused)
	}
	if err != nil {
		return nil, rbm.Errorf(rbm.CodeInvalidArgument, "The content cannot be sent: %v", err)
	}
	return data, nil
}

func names(features []rbm.Feature) []string {
	list := make([]string, len(features))
	for i, f := range features {
		list[i] = string(f)
	}
	return list
}

// expect gives the server its time to say something.
func (l *link) expect() { l.ws.SetReadDeadline(time.Now().Add(l.silence)) }

// next reads the next frame that this phone knows.
func (l *link) next() (frame.Frame, error) {
	for {
		_, data, err := l.ws.ReadMessage()
		if err != nil {
			return nil, l.ended(err)
		}
		l.expect()
		f, err := frame.DecodeServer(data)
		if err != nil {
			l.p.log.Warn("frame not understood", "err", err)
		}
		if f != nil {
			return f, nil
		}
	}
}

// ended is what the end of the connection means: some are final
// (docs/device-protocol.md, the table of close codes).
func (l *link) ended(err error) error {
	c, closed := errors.AsType[*websocket.CloseError](err)
	if !closed {
		return err
	}
	reason := rbm.Errorf(rbm.CodeFailedPrecondition, "The server has closed the connection: %d %s", c.Code, c.Text)
	if l.refused != nil {
		reason = failure(l.refused)
	}
	switch c.Code {
	case frame.CloseUnauthenticated, frame.CloseReplaced, frame.CloseProtocolError, websocket.CloseMessageTooBig:
		return &finalError{reason}
	}
	return reason
}

func (l *link) write(data []byte) error {
	l.ws.SetWriteDeadline(time.Now().Add(writeTimeout))
	return l.ws.WriteMessage(websocket.TextMessage, data)
}
