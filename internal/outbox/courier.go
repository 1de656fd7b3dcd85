package outbox

import (
	"context"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
)

// storePause is how long a courier waits after the store, or the Targets, failed.
const storePause = time.Second

// courier brings one agent's notices to its webhook. Its goroutine, work, runs
// only while something is due soon.
type courier struct {
	o     *Outbox
	agent string
	wake  chan struct{} // holds one: there is news under mu

	mu       sync.Mutex // guards the news and what others may read
	running  bool
	hinted   bool       // look in the ledger
	urged    bool       // forget every pause
	finished []*attempt // to be settled
	health   Health
	oldest   time.Time // when the oldest notice seen waiting happened; zero: none, or no webhook

	// Owned by work; the next goroutine finds what the last one left.
	queue    []*ledger.Notice // due, not begun
	flying   map[row]bool     // begun and not settled: still due in the ledger
	inAir    int              // attempts that have not finished
	answered []*ledger.Notice // delivered, not yet retired
	look     time.Time        // when the ledger has something due; zero: nothing known
	front    time.Time        // nothing is due before it, as far as was seen
	whole    time.Time        // when the ledger was looked at from its beginning
	hold     time.Time        // no attempt before: the store failed
	pace     pace
}

// row names one outbox row.
type row struct {
	event string
	due   int64
}

func rowOf(n *ledger.Notice) row { return row{n.EventID, n.Due.UnixNano()} }

func newCourier(o *Outbox, agent string) *courier {
	return &courier{
		o: o, agent: agent, wake: make(chan struct{}, 1),
		flying: make(map[row]bool), pace: pace{window: 1},
	}
}

// hint makes the courier look in the ledger and, with urge, forget its pauses.
// It says whether work is to be started.
func (c *courier) hint(urge bool) (start bool) {
	c.mu.Lock()
	start = !c.running
	c.running, c.hinted, c.urged = true, true, c.urged || urge
	c.mu.Unlock()
	c.signal()
	return start
}

func (c *courier) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// active says whether work is running.
func (c *courier) active() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// condition is what Health and Stats tell.
func (c *courier) condition() (h Health, oldest time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.health, c.oldest
}

// work runs until nothing is due soon, or the shift has ended and no attempt is
// in flight.
func (c *courier) work(s *shift) {
	ctx := context.WithoutCancel(s.ctx) // what has happened is still written down when the shift has ended
	for {
		c.o.clock.Turn("courier", c.agent, 0)
		now := c.o.clock.Now()
		c.takeNews(ctx, now)
		if s.ctx.Err() != nil {
			if c.inAir == 0 {
				c.finish(ctx, now)
				return
			}
			<-c.wake
			continue
		}
		c.launch(ctx, s.attempts, now)
		at := c.next(now)
		if c.idle(at, now) && c.rest() {
			return
		}
		c.o.clock.SleepUntil(s.ctx, at, c.wake)
	}
}

// takeNews takes in what has come under mu, and settles what has finished.
func (c *courier) takeNews(ctx context.Context, now time.Time) {
	c.mu.Lock()
	finished, hinted, urged := c.finished, c.hinted, c.urged
	c.finished, c.hinted, c.urged = nil, false, false
	c.mu.Unlock()
	if hinted {
		c.look = now
	}
	if urged {
		c.hold, c.pace.resume = time.Time{}, time.Time{}
	}
	c.settle(ctx, finished, now)
}

// next is when there is something to begin; zero: only news can change that.
func (c *courier) next(now time.Time) time.Time {
	at := c.look
	if len(c.queue) > 0 {
		at = now
	}
	if at.IsZero() {
		return at
	}
	at = latest(at, c.pausedUntil())
	if c.inAir > 0 && !at.After(now) {
		return time.Time{} // no room: the end of an attempt makes some
	}
	return at
}

func (c *courier) pausedUntil() time.Time { return latest(c.hold, c.pace.resume) }

// idle says that there is nothing to do before the next sweep.
func (c *courier) idle(at, now time.Time) bool {
	return c.inAir == 0 && len(c.answered) == 0 && (at.IsZero() || at.After(now.Add(c.o.opts.SweepInterval)))
}

// rest ends the goroutine, unless there is news.
func (c *courier) rest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hinted {
		return false
	}
	c.running = false
	if c.look.IsZero() {
		c.oldest = time.Time{}
	}
	return true
}

// finish ends the goroutine with the shift. What it has not written down is
// read, and attempted, again by the next.
func (c *courier) finish(ctx context.Context, now time.Time) {
	if len(c.answered) > 0 {
		c.retire(ctx, now)
	}
	c.queue, c.answered = nil, nil
	clear(c.flying)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// sooner is the earlier of a and b, where zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
