package registry

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// tally is what was spent of a durable allowance, oldest first.
type tally struct {
	Spent []spent `json:"spent"`
}

// spent is one use. The same id is counted once.
type spent struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
}

// allowance is how much may be spent within a period that ends now.
type allowance struct {
	most    int
	period  time.Duration
	refusal string // what is said when it is used up
}

// add counts id, or fails with RESOURCE_EXHAUSTED and the time until there is
// room again.
func (t *tally) add(id string, now time.Time, a allowance) error {
	if slices.ContainsFunc(t.Spent, func(s spent) bool { return s.ID == id }) {
		return nil
	}
	kept := slices.DeleteFunc(slices.Clone(t.Spent), func(s spent) bool { return now.Sub(s.Time) >= a.period })
	if len(kept) >= a.most {
		err := rbm.Errorf(rbm.CodeResourceExhausted, "%s", a.refusal)
		if len(kept) > 0 {
			err.RetryAfter = kept[len(kept)-a.most].Time.Add(a.period).Sub(now)
		}
		return err
	}
	t.Spent = append(kept, spent{id, now.Truncate(time.Millisecond)})
	return nil
}

// spend counts id in the tally of key, durably.
func (r *Registry) spend(ctx context.Context, table ledger.Table[tally], key, id string, a allowance) error {
	now := r.clock.Now()
	change := func(t *tally) error { return t.add(id, now, a) }
	_, err := table.Update(ctx, key, change)
	if errors.Is(err, store.ErrNotFound) {
		var t tally
		if err = change(&t); err == nil {
			err = table.Create(ctx, key, &t)
		}
		if errors.Is(err, store.ErrConflict) { // someone else made it
			_, err = table.Update(ctx, key, change)
		}
	}
	return r.wireError(ctx, "allowance", key, err)
}

// promotionPeriod is the time over which promotions are counted
// (facts/rbm-api.md §4.2).
const promotionPeriod = 28 * 24 * time.Hour

// CountPromotion counts a promotional message of agent to phone. It fails with
// RESOURCE_EXHAUSTED, in the words of facts/rbm-api.md §4.2, when there were most
// in the last 28 days. The same messageID is counted once.
func (r *Registry) CountPromotion(ctx context.Context, agent, phone, messageID string, most int) error {
	return r.spend(ctx, r.promotions, ledger.ID(agent, phone), messageID, allowance{most, promotionPeriod,
		"You have reached the allowed traffic limit for this agent on the user, your message will not be delivered"})
}
