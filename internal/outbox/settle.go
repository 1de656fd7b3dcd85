package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// report hands a finished attempt to work.
func (c *courier) report(a *attempt) {
	c.o.journal(a)
	c.mu.Lock()
	c.finished = append(c.finished, a)
	if !a.abandoned {
		c.health.note(a)
	}
	c.mu.Unlock()
	c.signal()
}

// settle writes down what came of attempts: the delivered are retired, in one
// commit; the failed get their next time.
func (c *courier) settle(ctx context.Context, finished []*attempt, now time.Time) {
	for _, a := range finished {
		c.inAir--
		switch {
		case a.abandoned:
			delete(c.flying, rowOf(a.notice))
		case a.err == nil:
			c.succeeded()
			c.answered = append(c.answered, a.notice)
		default:
			c.failed(a, now)
			c.postpone(ctx, a, now)
		}
	}
	if len(c.answered) > 0 && !now.Before(c.hold) {
		c.retire(ctx, now)
	}
}

// retire removes what was delivered. If the store fails it is tried again after
// a pause, without calling the webhook again; only a restart in between makes a repeat.
func (c *courier) retire(ctx context.Context, now time.Time) {
	if err := c.o.ledger.Retire(ctx, c.answered...); err != nil {
		c.trouble(now, "retiring delivered notices", err)
		return
	}
	for _, n := range c.answered {
		delete(c.flying, rowOf(n))
	}
	c.answered = nil
}

// postpone gives the notice of a its next time.
func (c *courier) postpone(ctx context.Context, a *attempt, now time.Time) {
	due := now.Add(interval(a.notice.Attempts+1, c.o.opts.Jitter()))
	err := c.o.ledger.Postpone(ctx, a.notice, due)
	delete(c.flying, rowOf(a.notice))
	switch {
	case err == nil:
		c.look = sooner(c.look, due)
	case errors.Is(err, store.ErrConflict):
		c.look = now // the row has moved or is gone: see where it is
	default:
		c.trouble(now, "postponing a notice", err)
	}
}

func (c *courier) succeeded() {
	if c.pace.down() {
		c.o.log.Info("webhook answers again", "agent", c.agent)
	}
	c.pace.succeeded(c.o.opts.PerAgent)
}

func (c *courier) failed(a *attempt, now time.Time) {
	wasDown := c.pace.down()
	c.pace.failed(a.started, now)
	if c.pace.down() && !wasDown {
		c.o.log.Warn("webhook fails: called at intervals until it answers", "agent", c.agent, "err", a.err)
	}
	if c.pace.resume.After(now) && len(c.queue) > 0 {
		c.queue, c.look = nil, now // not kept in memory over a pause
	}
}
