package cluster

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// countDelay is for how long calls are counted before the other nodes hear of them.
const countDelay = 250 * time.Millisecond

// counts are calls of which the other nodes have not heard.
type counts struct {
	mu      sync.Mutex
	calls   map[string]int // nil: none
	flushes int            // makes each hint another one
}

// Count tells the other nodes, soon, of a call that counts towards a limit.
func (n *Node) Count(limit string) {
	c := &n.counts
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = make(map[string]int)
		time.AfterFunc(countDelay, n.flushCounts)
	}
	c.calls[limit]++
}

func (n *Node) flushCounts() {
	c := &n.counts
	c.mu.Lock()
	calls := c.calls
	c.calls = nil
	c.flushes++
	flush := c.flushes
	c.mu.Unlock()
	for limit, k := range calls {
		n.hint("n", fmt.Sprintf("%d %d %s", flush, k, limit))
	}
}

// counted takes what another node's Count has told.
func (n *Node) counted(about string) {
	part := strings.SplitN(about, " ", 3)
	if len(part) < 3 {
		return
	}
	if calls, err := strconv.Atoi(part[1]); err == nil && calls > 0 {
		n.opts.Hooks.Counted(part[2], calls)
	}
}
