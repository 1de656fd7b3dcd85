package gateway_test

import (
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy is a bad network between a phone and the server.
type proxy struct {
	listener net.Listener
	target   string
	// budget is how many bytes a new connection carries from the server before it
	// breaks; 0 means all.
	budget atomic.Int64

	mu    sync.Mutex
	holed *atomic.Bool // of the connections since the last hole
	conns []net.Conn
	wg    sync.WaitGroup
}

func newProxy(t testing.TB, target string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: strings.TrimPrefix(target, "http://"), holed: new(atomic.Bool)}
	p.wg.Go(p.serve)
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) url() string { return "ws://" + p.listener.Addr().String() + "/device/v1/connect" }

// hole makes all connections there are swallow everything, without closing them.
func (p *proxy) hole() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holed.Store(true)
	p.holed = new(atomic.Bool)
}

func (p *proxy) serve() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.target)
		if err != nil {
			near.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, near, far)
		holed := p.holed
		p.mu.Unlock()
		p.wg.Go(func() { carry(far, near, holed, 0) })
		p.wg.Go(func() { carry(near, far, holed, p.budget.Load()) })
	}
}

// carry copies until one side ends or the budget is used up; then both end.
func carry(to, from net.Conn, holed *atomic.Bool, budget int64) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if holed.Load() {
			continue
		}
		spent := budget > 0 && int64(n) >= budget
		if spent {
			n = int(budget)
		}
		if _, err := to.Write(buf[:n]); err != nil || spent {
			return
		}
		budget = max(0, budget-int64(n))
	}
}
