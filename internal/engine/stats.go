package engine

import "sync/atomic"

// Stats counts what has happened since the start.
type Stats struct {
	Accepted   atomic.Int64 // agentMessages accepted, repeats not counted
	Repeated   atomic.Int64 // sends ignored because their id was used before
	Events     atomic.Int64 // agentEvents accepted
	Sent       atomic.Int64 // deliveries handed to a phone's link, repeats counted
	Delivered  atomic.Int64 // agentMessages acknowledged by phones
	Read       atomic.Int64 // agentMessages read
	Revoked    atomic.Int64 // agentMessages revoked by their agent
	Expired    atomic.Int64 // agentMessages taken back at their expireTime
	Unknown    atomic.Int64 // expireTime came, and the phone did not say whether it has the message
	Upstream   atomic.Int64 // messages and events from phones
	Superseded atomic.Int64 // connections replaced by a newer one of the same phone
}

// Stats is the engine's counters, live.
func (e *Engine) Stats() *Stats { return &e.stats }

// Online is the number of phones connected now.
func (e *Engine) Online() int { return e.online.count() }

// IsOnline says whether phone is connected now.
func (e *Engine) IsOnline(phone string) bool { return e.online.get(phone) != nil }
