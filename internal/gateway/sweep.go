package gateway

import (
	"runtime/debug"
	"time"

	"github.com/gorilla/websocket"
)

// sweeps is how often each phone is looked at in a PingInterval.
const sweeps = 8

// pingWait bounds how long one phone can hold up the sweeper: a ping is a few
// bytes, and there is room for them unless the phone takes nothing.
const pingWait = 250 * time.Millisecond

// sweep looks at all phones from time to time: it pings the quiet ones, and ends
// the sessions of those that are dead or that the engine has let go.
func (g *Gateway) sweep() {
	tick := time.NewTicker(max(g.opts.PingInterval/sweeps, time.Millisecond))
	defer tick.Stop()
	var all []*session
	var crowd crowd
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-tick.C:
		}
		g.mu.Lock()
		for _, s := range g.online {
			all = append(all, s)
		}
		g.mu.Unlock()
		for _, s := range all {
			s.look()
		}
		if crowd.calmAfterStorm(len(all)) {
			debug.FreeOSMemory()
		}
		clear(all)
		all = all[:0]
	}
}

// crowd watches how many phones are connected. When very many have come at once,
// their handshakes leave as much garbage as they need memory themselves, and while
// they are idle nothing would collect it.
type crowd struct{ last, before int }

// storm is how many phones more make it worth to collect the garbage.
const storm = 1000

// calmAfterStorm says, once, that many phones have come and no more are coming.
func (c *crowd) calmAfterStorm(now int) bool {
	calm := now-c.last < storm/10
	c.last = now
	if c.before = min(c.before, now); !calm || now-c.before < max(storm, c.before/10) {
		return false
	}
	c.before = now
	return true
}

// look is the sweeper's work for one session. The sweeper calls it.
func (s *session) look() {
	now := s.g.now()
	silent := now - time.Duration(s.heard.Load())
	switch interval := s.g.opts.PingInterval; {
	case s.closing.Load() != nil:
	case s.released():
		go s.close(closeGoingAway)
	case silent >= 2*interval:
		s.g.stats.Silent.Add(1)
		go s.close(closeSilent)
	case silent >= interval && now-s.pinged >= interval:
		s.pinged = now
		s.ping()
	}
}

// ping asks the phone for a sign of life. It does not wait behind a write: that
// has its own deadline.
func (s *session) ping() {
	if !s.writing.TryLock() {
		return
	}
	defer s.writing.Unlock()
	if s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(pingWait)) != nil {
		s.conn.Close()
	}
}

// now is the time since the gateway started.
func (g *Gateway) now() time.Duration { return time.Since(g.start) }
