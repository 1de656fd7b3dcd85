package pgstore

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// hosts remembers where nobody answered: a machine that is gone does not even refuse
// a connection, and each attempt would wait for it before it came to the next host.
type hosts struct {
	timeout time.Duration // of one host

	mu     sync.Mutex
	silent map[string]time.Time // when, by address
}

// avoid is how long a silent host is passed over.
const avoid = 5 * time.Second

// divide gives each of several hosts of c its part of the time that a call has, and
// leaves some for the call itself.
func divide(c *pgconn.Config, timeout time.Duration) {
	names := map[string]bool{fmt.Sprint(c.Host, c.Port): true}
	for _, f := range c.Fallbacks {
		names[fmt.Sprint(f.Host, f.Port)] = true
	}
	each := timeout
	if len(names) > 1 {
		each = timeout / time.Duration(len(names)+1)
	}
	if c.ConnectTimeout == 0 || c.ConnectTimeout > each {
		c.ConnectTimeout = each
	}
	if len(names) > 1 {
		h := &hosts{timeout: c.ConnectTimeout, silent: make(map[string]time.Time)}
		c.DialFunc = h.around(c.DialFunc)
	}
}

func (h *hosts) around(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if h.avoids(address) {
			return nil, fmt.Errorf("%s did not answer a moment ago", address)
		}
		begin := time.Now()
		conn, err := dial(ctx, network, address)
		if err != nil && time.Since(begin) > h.timeout/2 {
			h.mu.Lock()
			h.silent[address] = time.Now()
			h.mu.Unlock()
		}
		return conn, err
	}
}

func (h *hosts) avoids(address string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.silent[address]
	if ok && time.Since(at) > avoid {
		delete(h.silent, address)
		return false
	}
	return ok
}
