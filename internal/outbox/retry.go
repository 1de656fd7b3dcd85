package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// maxHasten is how many of an agent's waiting notices Retry looks at. Beyond so
// many the next attempt is at most maxInterval away, and the queue is longer.
const maxHasten = 1 << 16

// Retry makes every waiting notice of agent due now, and ends the pauses of its
// webhook. It returns how many notices wait. Attempts in flight go on.
func (o *Outbox) Retry(ctx context.Context, agent string) (int, error) {
	now := o.clock.Now()
	waiting, _, err := o.ledger.DueNotices(ctx, agent, time.Time{}, now.Add(2*maxInterval), maxHasten)
	if err != nil {
		return 0, err
	}
	for _, n := range waiting {
		if err := o.hasten(ctx, n, now); err != nil {
			return 0, err
		}
	}
	o.nudge(agent, true)
	return len(waiting), nil
}

// hasten makes n due, unless it is already: then it may be in flight.
func (o *Outbox) hasten(ctx context.Context, n *ledger.Notice, now time.Time) error {
	if !n.Due.After(now) {
		return nil
	}
	err := o.ledger.Hasten(ctx, n)
	if errors.Is(err, store.ErrConflict) {
		return nil // delivered or attempted meanwhile
	}
	return err
}
