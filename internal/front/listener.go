package front

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
)

// Listener accepts no more connections than it should have at a time. One too many
// is closed at once: whoever waits for a place holds none, and whoever holds them
// gains nothing by it.
type Listener struct {
	net.Listener
	all, each int // at a time, and of one client; 0: no limit
	proxies   Proxies
	refused   atomic.Int64

	mu   sync.Mutex
	open int
	of   map[netip.Addr]int // of those that have connections
}

// Limit bounds the connections of l: all of them, and those of one client. A proxy
// is not one client.
func Limit(l net.Listener, all, each int, p Proxies) *Listener {
	return &Listener{Listener: l, all: all, each: each, proxies: p, of: make(map[netip.Addr]int)}
}

// Refused is how many connections were one too many.
func (l *Listener) Refused() int64 { return l.refused.Load() }

// Open is how many connections there are.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// Accept returns the next connection that there is a place for.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		var from netip.Addr
		if at, ok := c.RemoteAddr().(*net.TCPAddr); ok {
			from = network(at.AddrPort().Addr().Unmap().WithZone(""))
		}
		if l.enter(from) {
			return &counted{Conn: c, of: l, from: from}, nil
		}
		l.refused.Add(1)
		c.Close()
	}
}

func (l *Listener) enter(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all > 0 && l.open >= l.all {
		return false
	}
	if l.each > 0 && l.of[from] >= l.each && !l.proxies.trust(from) {
		return false
	}
	l.open++
	l.of[from]++
	return true
}

func (l *Listener) leave(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.of[from]--; l.of[from] == 0 {
		delete(l.of, from)
	}
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	of   *Listener
	from netip.Addr
	left atomic.Bool
}

func (c *counted) Close() error {
	if c.left.CompareAndSwap(false, true) {
		c.of.leave(c.from)
	}
	return c.Conn.Close()
}

// SyscallConn lets the gateway wait for many connections at little cost.
func (c *counted) SyscallConn() (syscall.RawConn, error) {
	if inner, ok := c.Conn.(syscall.Conn); ok {
		return inner.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// ReadFrom lets files go from the disk to the network without a copy, where the
// system can do that.
func (c *counted) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Conn, r) }
