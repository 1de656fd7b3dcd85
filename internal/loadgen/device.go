package loadgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	json "github.com/go-json-experiment/json"
	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/frame"
)

// device is a phone that acknowledges everything, remembers nothing and checks
// the order. One goroutine, its reader, owns what is not said to be otherwise.
type device struct {
	r      *run
	index  int
	token  string
	joined func() // called with each welcome

	generation uint32        // connections so far
	latest     time.Duration // when the message was sent that, of those that came, was sent last
	ws         *websocket.Conn
	silence    time.Duration

	mu      sync.Mutex // owns the rest
	acks    []frame.MessageRef
	writing bool
}

// The waits between attempts to connect (docs/device-protocol.md, "After a break").
const (
	retryMin = 250 * time.Millisecond
	retryMax = 30 * time.Second
)

// patience is how long a phone may take to connect for the first time.
const patience = 30 * time.Second

var (
	writeBuffers sync.Pool // of all connections
	readBuffers  = sync.Pool{New: func() any { return new(bytes.Buffer) }}
)

// stay keeps the phone connected until ctx ends or the server will not have it.
func (d *device) stay(ctx context.Context) {
	start := time.Now()
	for wait := retryMin; ctx.Err() == nil; wait = min(2*wait, retryMax) {
		before := d.generation
		err := d.connection(ctx)
		if ctx.Err() != nil {
			return
		}
		if final(err) || d.generation == 0 && time.Since(start) > patience {
			d.r.fail(fmt.Errorf("phone %s: %w", d.number(), err))
			return
		}
		if d.generation != before {
			d.r.count.disconnects.Add(1)
			wait = retryMin
		}
		pause(ctx, wait/2+rand.N(wait/2+1))
	}
}

func (d *device) number() string { return number(d.r.opts.First, d.index) }

// final says that connecting again cannot help.
func final(err error) bool {
	if errors.Is(err, errRefused) {
		return true
	}
	c, closed := errors.AsType[*websocket.CloseError](err)
	return closed && (c.Code == frame.CloseUnauthenticated || c.Code == frame.CloseReplaced || c.Code == frame.CloseProtocolError)
}

var errRefused = errors.New("the server refuses the phone")

// connection is one connection, from the dialing to its end.
func (d *device) connection(ctx context.Context) error {
	dialer := websocket.Dialer{
		HandshakeTimeout: dialTimeout, TLSClientConfig: d.r.opts.TLS, NetDialContext: d.dial,
		ReadBufferSize: 512, WriteBufferSize: 1 << 10, WriteBufferPool: &writeBuffers,
	}
	ws, answer, err := dialer.DialContext(ctx, d.r.opts.DeviceURL, nil)
	if err != nil && answer != nil {
		err = fmt.Errorf("%s answers %s", d.r.opts.DeviceURL, answer.Status)
		if answer.StatusCode/100 == 4 {
			err = fmt.Errorf("%w: %w", errRefused, err)
		}
	}
	if err != nil {
		return err
	}
	defer ws.Close()
	defer context.AfterFunc(ctx, func() { ws.Close() })()
	d.ws, d.silence = ws, dialTimeout
	pong := ws.PingHandler()
	ws.SetPingHandler(func(data string) error { d.expect(); return pong(data) })
	if err := d.greet(); err != nil {
		return err
	}
	for {
		if err := d.read(); err != nil {
			return err
		}
	}
}

// phonesPerAddress keeps the phones of one source address below the ports that
// the machine gives out for it.
const phonesPerAddress = 20_000

// dial connects. On loopback many phones come from many addresses.
func (d *device) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	if host, _, err := net.SplitHostPort(address); err == nil && d.index >= phonesPerAddress {
		if ip := net.ParseIP(host).To4(); ip != nil && ip.IsLoopback() {
			dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(d.index/phonesPerAddress))}
		}
	}
	return dialer.DialContext(ctx, network, address)
}

func (d *device) expect() { d.ws.SetReadDeadline(time.Now().Add(d.silence)) }

// greet says hello and reads the welcome.
func (d *device) greet() error {
	d.expect()
	hello, err := frame.Encode(&frame.Hello{
		Header: frame.Header{Type: frame.TypeHello}, Protocol: frame.Protocol, PhoneNumber: d.number(), Token: d.token,
		Features: featureNames, Carrier: carrier, Window: d.r.opts.Window, Client: "openrbm-bench",
	})
	if err != nil {
		return err
	}
	if err := d.ws.WriteMessage(websocket.TextMessage, hello); err != nil {
		return err
	}
	_, data, err := d.ws.ReadMessage()
	if err != nil {
		return err
	}
	f, err := frame.DecodeServer(data)
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case *frame.Welcome:
		d.silence = time.Duration(2 * f.PingSeconds * float64(time.Second))
		d.expect()
		d.generation++
		d.joined()
		return nil
	case *frame.Error:
		if f.Temporary() {
			return f
		}
		return fmt.Errorf("%w: %v", errRefused, f)
	}
	return fmt.Errorf("in place of the welcome came %.80s", data)
}

// read handles one frame.
func (d *device) read() error {
	_, in, err := d.ws.NextReader()
	if err != nil {
		return err
	}
	buf := readBuffers.Get().(*bytes.Buffer)
	defer readBuffers.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(in); err != nil {
		return err
	}
	d.expect()
	var f struct {
		Type      frame.Type `json:"type"`
		AgentID   string     `json:"agentId"`
		MessageID string     `json:"messageId"`
		EventID   string     `json:"eventId"`
	}
	if err := json.Unmarshal(buf.Bytes(), &f); err != nil {
		return fmt.Errorf("the server sends %.80q: %w", buf.Bytes(), err)
	}
	switch f.Type {
	case frame.TypeAgentMessage:
		d.came(f.MessageID)
		d.ack(frame.MessageRef{AgentID: f.AgentID, MessageID: f.MessageID})
	case frame.TypeAgentEvent:
		d.ack(frame.MessageRef{AgentID: f.AgentID, MessageID: f.EventID})
	}
	return nil
}

// came checks and times a message.
func (d *device) came(id string) {
	c := &d.r.count
	n, ours := d.r.book.number(id)
	if !ours {
		c.foreign.Add(1)
		return
	}
	rec, now := d.r.book.at(n), d.r.book.now()
	if n%d.r.opts.Phones != d.index {
		c.misdelivered.Add(1)
	}
	if !rec.framed.CompareAndSwap(0, d.generation) {
		if rec.framed.Load() == d.generation {
			c.duplicated.Add(1)
		} else {
			c.repeated.Add(1)
		}
		return
	}
	c.framed.Add(1)
	d.r.measure(d.r.frame, rec, now)
	// A message that was accepted before another was sent must come before it.
	if acked := time.Duration(rec.acked.Load()); acked != 0 && acked < d.latest {
		c.disordered.Add(1)
	}
	d.latest = max(d.latest, time.Duration(rec.begun.Load()))
}

// ack acknowledges a message. Only one goroutine writes, and only while there is
// something: what comes meanwhile goes out with its next frame.
func (d *device) ack(m frame.MessageRef) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.acks = append(d.acks, m)
	if !d.writing {
		d.writing = true
		go d.write(d.ws)
	}
}

func (d *device) write(ws *websocket.Conn) {
	for refs := d.take(); refs != nil; refs = d.take() {
		ws.SetWriteDeadline(time.Now().Add(dialTimeout))
		if ws.WriteMessage(websocket.TextMessage, frame.AppendReports(nil, frame.TypeAck, refs)) != nil {
			ws.Close() // the reader connects again, and the server repeats
		}
	}
}

// take gives what is to be acknowledged next; nil ends the writing.
func (d *device) take() []frame.MessageRef {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(len(d.acks), frame.MaxRefs)
	if n == 0 {
		d.acks, d.writing = nil, false
		return nil
	}
	refs := d.acks[:n:n]
	d.acks = d.acks[n:]
	return refs
}
