package gateway

import (
	"context"
	"sync"
)

// closers is how many connections are closed side by side.
const closers = 32

// Drain takes no more phones, tells those that are connected to connect again
// later, and waits until they are gone; when ctx ends first, what is left is cut.
// Then it does what Close does.
func (g *Gateway) Drain(ctx context.Context) error {
	left := g.refuseNew()
	var wg sync.WaitGroup
	next := make(chan *session)
	for range min(closers, len(left)) {
		wg.Go(func() {
			for s := range next {
				s.close(closeGoingAway)
			}
		})
	}
	for _, s := range left {
		next <- s
	}
	close(next)

	g.stop() // the sweeper
	done := make(chan struct{})
	go func() {
		wg.Wait()
		g.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	g.Close()
	return ctx.Err()
}

// Close cuts all connections and waits until their readers have ended.
func (g *Gateway) Close() {
	for _, s := range g.refuseNew() {
		s.conn.Close()
	}
	g.stop()
	g.wg.Wait()
}

// refuseNew stops taking phones and returns the sessions there are.
func (g *Gateway) refuseNew() []*session {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.draining = true
	all := make([]*session, 0, len(g.sessions))
	for s := range g.sessions {
		all = append(all, s)
	}
	return all
}
