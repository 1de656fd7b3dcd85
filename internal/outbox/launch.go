package outbox

import (
	"context"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
)

// page is how many due notices are read at a time.
const page = 64

// launch begins attempts as long as something is due and there is room. ctx is
// for the store, flight for the attempts.
func (c *courier) launch(ctx, flight context.Context, now time.Time) {
	if !c.o.opts.Owns(c.agent) {
		c.leave() // whoever owns them looks for itself
		return
	}
	if now.Before(c.pausedUntil()) {
		return
	}
	for dropped := 0; c.inAir < c.pace.window && c.pending(now); {
		hook, configured, err := c.o.targets.Webhook(ctx, c.agent)
		if err != nil {
			c.trouble(now, "reading the webhook", err)
			return
		}
		if !configured && dropped == 0 && !c.stale(now) {
			c.leave()
			return
		}
		if !c.refill(ctx, now) {
			return
		}
		var ok bool
		if dropped, ok = c.dropAged(ctx, now); !ok {
			return
		}
		if !configured {
			if c.queue = nil; dropped > 0 {
				continue // there may be more of that age
			}
			c.leave()
			return
		}
		if !c.begin(flight, hook) {
			return
		}
	}
}

// pending says that something is due, or may be.
func (c *courier) pending(now time.Time) bool {
	return len(c.queue) > 0 || !c.look.IsZero() && !c.look.After(now)
}

// stale says that the ledger has not been looked at from its beginning for a sweep.
// Without a webhook that is only done to drop what is too old: a hint for each
// message must not read a page of what waits.
func (c *courier) stale(now time.Time) bool { return now.Sub(c.whole) >= c.o.opts.SweepInterval }

// leave lets the agent's notices lie until a hint or the sweep asks again.
func (c *courier) leave() {
	c.queue, c.look = nil, time.Time{}
	c.see(time.Time{})
}

// frontMargin is how much earlier than those that were seen a notice may yet come to
// be due: commits take a while, and the clocks of nodes differ. A look at the whole,
// once in a SweepInterval, finds what came later still.
const frontMargin = time.Minute

// refill reads due notices when none is queued, and says whether one is.
func (c *courier) refill(ctx context.Context, now time.Time) bool {
	if len(c.queue) > 0 {
		return true
	}
	if !c.pending(now) {
		return false
	}
	if c.stale(now) {
		c.front, c.whole = time.Time{}, now
	}
	due, next, err := c.o.ledger.DueNotices(ctx, c.agent, c.front, now, len(c.flying)+page)
	if err != nil {
		c.trouble(now, "reading due notices", err)
		return false
	}
	c.look = next
	c.front = now.Add(-frontMargin)
	if len(due) > 0 {
		c.front = sooner(c.front, due[0].Due.Add(-frontMargin))
	}
	c.see(c.oldestOf(ctx, due, next))
	for _, n := range due {
		if !c.flying[rowOf(n)] {
			c.queue = append(c.queue, n)
		}
	}
	return len(c.queue) > 0
}

// begin starts attempts with what is queued. False: there is no room for more.
func (c *courier) begin(ctx context.Context, hook Webhook) bool {
	for len(c.queue) > 0 {
		release, ok := c.room()
		if !ok {
			return false
		}
		n := c.queue[0]
		c.queue = c.queue[1:]
		c.flying[rowOf(n)] = true
		c.inAir++
		go func() {
			a := c.o.attempt(ctx, hook, n)
			release()
			c.report(a)
		}()
	}
	return true
}

// room finds a place for one more attempt. The first of an agent is always free,
// the others count for all agents together.
func (c *courier) room() (release func(), ok bool) {
	if c.inAir == 0 {
		return func() {}, true
	}
	if c.inAir >= c.pace.window {
		return nil, false
	}
	select {
	case c.o.slots <- struct{}{}:
		return func() { <-c.o.slots }, true
	default:
		return nil, false
	}
}

// dropAged drops what is queued and too old. False: the store failed.
func (c *courier) dropAged(ctx context.Context, now time.Time) (dropped int, ok bool) {
	var aged, kept []*ledger.Notice
	for _, n := range c.queue {
		if now.Sub(n.Created) >= c.o.opts.Retention {
			aged = append(aged, n)
		} else {
			kept = append(kept, n)
		}
	}
	if len(aged) == 0 {
		return 0, true
	}
	c.queue = kept
	if err := c.o.ledger.Bury(ctx, aged...); err != nil {
		c.trouble(now, "dropping notices", err)
		return 0, false
	}
	for _, n := range aged {
		c.o.log.Warn("notice dropped: too old", "agent", n.Agent, "event", n.EventID,
			"type", n.Type, "created", n.Created, "attempts", n.Attempts)
	}
	c.mu.Lock()
	c.health.Dropped += int64(len(aged))
	c.mu.Unlock()
	return len(aged), true
}

// trouble makes a pause and looks afresh after it.
func (c *courier) trouble(now time.Time, doing string, err error) {
	c.o.log.Error("outbox: "+doing, "agent", c.agent, "err", err)
	c.queue, c.look, c.whole, c.hold = nil, now, time.Time{}, now.Add(storePause)
}

// see notes when the oldest notice that waits happened.
func (c *courier) see(created time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.oldest = created
}

// oldestOf is when the oldest of the due notices happened, or if there are none,
// the one that is due next. It serves the metrics only.
func (c *courier) oldestOf(ctx context.Context, due []*ledger.Notice, next time.Time) time.Time {
	if len(due) == 0 && !next.IsZero() {
		due, _, _ = c.o.ledger.DueNotices(ctx, c.agent, c.front, next, 1)
	}
	var t time.Time
	for _, n := range due {
		t = sooner(t, n.Created)
	}
	return t
}
