// Package clock is the platform's one source of time. It follows the machine's
// clock and can be turned ahead, so that a tester sees tonight what happens in
// fifteen days.
package clock

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Clock tells the time and wakes sleepers. Make one with New.
type Clock struct {
	offset atomic.Int64 // nanoseconds
	mu     sync.Mutex
	turned chan struct{} // closed and replaced whenever the clock is turned

	conduct func(who, of string, nth uint32) // see Conduct
}

// New returns a clock that shows the machine's time.
func New() *Clock {
	return &Clock{turned: make(chan struct{})}
}

// Now is the current time, in UTC.
func (c *Clock) Now() time.Time {
	return time.Now().Add(c.Offset()).UTC()
}

// Offset is how far the clock has been turned ahead.
func (c *Clock) Offset() time.Duration {
	return time.Duration(c.offset.Load())
}

// Advance turns the clock ahead by d and wakes every sleeper whose time has come.
// A d of zero or less changes nothing: time does not run backwards.
func (c *Clock) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset.Add(int64(d))
	close(c.turned)
	c.turned = make(chan struct{})
}

// SleepUntil waits until the clock shows t, wake yields, or ctx ends. It says
// false only in the last case. A zero t is never reached; a nil wake never yields.
func (c *Clock) SleepUntil(ctx context.Context, t time.Time, wake <-chan struct{}) bool {
	select {
	case <-wake: // first, so that it is not left to chance what a sleeper hears of
		return true
	default:
	}
	for {
		c.mu.Lock()
		turned := c.turned
		left := t.Sub(c.Now())
		c.mu.Unlock()

		var ring <-chan time.Time
		if !t.IsZero() {
			if left <= 0 {
				return ctx.Err() == nil
			}
			timer := time.NewTimer(left)
			defer timer.Stop()
			ring = timer.C
		}
		select {
		case <-ctx.Done():
			return false
		case <-wake:
			return true
		case <-ring:
			return true
		case <-turned:
		}
	}
}

// Sleep waits for d of the clock's time; false when ctx ended first.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) bool {
	return c.SleepUntil(ctx, c.Now().Add(d), nil)
}

// Conduct makes every goroutine that says Turn wait there until f returns. It is
// for the simulation, which so decides the order in which things happen, and is
// called before anybody uses the clock.
func (c *Clock) Conduct(f func(who, of string, nth uint32)) { c.conduct = f }

// Turn is said by a goroutine that begins, or that another has woken, before it
// touches what it shares: who it is, of what, and which of these. It does nothing
// unless there is a conductor.
func (c *Clock) Turn(who, of string, nth uint32) {
	if c.conduct != nil {
		c.conduct(who, of, nth)
	}
}
