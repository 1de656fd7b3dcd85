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
	kept := t.within(a.period, now)
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

// within are the uses that still count, oldest first.
func (t *tally) within(period time.Duration, now time.Time) []spent {
	return slices.DeleteFunc(slices.Clone(t.Spent), func(s spent) bool { return now.Sub(s.Time) >= period })
}

// Spent is how much of an allowance is used, and when the oldest use stops to
// count; zero: none is used.
type Spent struct {
	Used int
	Next time.Time
}

// spent reads the tally of key.
func (r *Registry) spent(ctx context.Context, table ledger.Table[tally], key string, period time.Duration) (Spent, error) {
	t, err := table.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return Spent{}, nil
	}
	if err != nil {
		return Spent{}, r.wireError(ctx, "allowance", key, err)
	}
	kept := t.within(period, r.clock.Now())
	if len(kept) == 0 {
		return Spent{}, nil
	}
	return Spent{len(kept), kept[0].Time.Add(period)}, nil
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

// Promotions is how many promotional messages of agent to phone count now. They
// are counted while there is a limit for them.
func (r *Registry) Promotions(ctx context.Context, agent, phone string) (Spent, error) {
	return r.spent(ctx, r.promotions, ledger.ID(agent, phone), promotionPeriod)
}

// Invitations is how many tester requests of agent count now.
func (r *Registry) Invitations(ctx context.Context, agent string) (Spent, error) {
	return r.spent(ctx, r.invitations, ledger.ID("invitations", agent), invitationPeriod)
}
