package gateway

import "sync/atomic"

// Stats counts what has happened since the start.
type Stats struct {
	Connected atomic.Int64 // hellos that were welcomed
	Refused   atomic.Int64 // connections that ended without a welcome
	Replaced  atomic.Int64 // connections that ended as the phone connected again
	Silent    atomic.Int64 // connections that ended as nothing was heard
	Received  atomic.Int64 // frames from phones
	Sent      atomic.Int64 // frames to phones
	Errors    atomic.Int64 // frames of phones that were refused
	Slowed    atomic.Int64 // frames that were read late, as the phone sends too fast
}

// Stats is the gateway's counters, live.
func (g *Gateway) Stats() *Stats { return &g.stats }
