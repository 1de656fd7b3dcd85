package gateway

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// corkBytes is about how much is collected before it is written.
const corkBytes = 32 << 10

// conn is a connection that can be corked: what is written is then collected,
// so that many small frames go out in one packet.
type conn struct {
	net.Conn
	timeout time.Duration   // for each flush
	raw     syscall.RawConn // nil: TLS

	mu  sync.Mutex
	buf *[]byte // nil: not corked
}

var corks = sync.Pool{New: func() any { b := make([]byte, 0, corkBytes); return &b }}

func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.buf == nil {
		return c.Conn.Write(p)
	}
	if len(*c.buf)+len(p) > corkBytes {
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	if len(p) > corkBytes {
		return c.Conn.Write(p)
	}
	*c.buf = append(*c.buf, p...)
	return len(p), nil
}

// cork begins to collect.
func (c *conn) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buf = corks.Get().(*[]byte)
}

// uncork writes what was collected.
func (c *conn) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.flush()
	corks.Put(c.buf)
	c.buf = nil
	return err
}

func (c *conn) flush() error {
	if len(*c.buf) == 0 {
		return nil
	}
	c.Conn.SetWriteDeadline(time.Now().Add(c.timeout))
	_, err := c.Conn.Write(*c.buf)
	*c.buf = (*c.buf)[:0]
	return err
}

// hijacker hands the connection to the WebSocket library as a conn.
type hijacker struct {
	http.ResponseWriter
	conn *conn
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = &conn{Conn: c}
	if plain, ok := c.(syscall.Conn); ok {
		if h.conn.raw, err = plain.SyscallConn(); err != nil {
			return nil, nil, err
		}
	}
	return h.conn, rw, nil
}
