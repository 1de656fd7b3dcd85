package engine

import (
	"context"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
)

// How often retention is looked at, and how much it does in one commit.
const (
	retentionInterval = 10 * time.Minute
	retentionBatch    = 256
	upstreamLooks     = 24     // per UpstreamRetention
	trimAfter         = 50_000 // items forgotten: then their room is given back
)

// runRetention drops what has waited too long, and forgets what is too old.
func (e *Engine) runRetention(ctx context.Context) {
	var dropped ledger.Seq // everything up to here has been looked at
	forgotten := 0         // since the store was trimmed
	var upstream time.Time // when to look at what phones sent: all of it is read
	for {
		if !e.owns(workRetention) {
			if !e.clock.Sleep(ctx, retentionInterval) {
				return
			}
			continue
		}
		now := e.clock.Now()
		// What is new enough to wait is not looked at: these cost one seek each.
		seen, err := e.retire(ctx, dropped, now.Add(-e.opts.QueueRetention), e.dropAged)
		dropped = seen
		if err == nil {
			err = e.forget(ctx, now.Add(-e.opts.HistoryRetention), &forgotten)
		}
		if err == nil && !now.Before(upstream) {
			err = e.forgetUpstream(ctx, now.Add(-e.opts.UpstreamRetention))
			upstream = now.Add(e.opts.UpstreamRetention / upstreamLooks)
		}
		if err != nil && ctx.Err() == nil {
			e.log.Error("retention", "err", err)
		}
		if !e.clock.Sleep(ctx, retentionInterval) {
			return
		}
	}
}

// forget removes what came before the time before, and gives back the room of it
// when it is much: forgotten counts it.
func (e *Engine) forget(ctx context.Context, before time.Time, forgotten *int) error {
	upTo, err := e.retire(ctx, 0, before, func(ctx context.Context, items ...*ledger.Item) error {
		*forgotten += len(items)
		return e.ledger.Forget(ctx, items...)
	})
	if err != nil || *forgotten < trimAfter {
		return err
	}
	*forgotten = 0
	return e.ledger.Trim(ctx, upTo)
}

// retire hands all items that came after seq and before the time before to do.
func (e *Engine) retire(ctx context.Context, after ledger.Seq, before time.Time, do func(context.Context, ...*ledger.Item) error) (ledger.Seq, error) {
	for {
		items, err := e.ledger.Arrived(ctx, after, before, retentionBatch)
		if err != nil || len(items) == 0 {
			return after, err
		}
		if err := do(ctx, items...); err != nil {
			return after, err
		}
		after = items[len(items)-1].Seq
	}
}

// dropAged takes items out of their mailboxes whose queue retention is over.
// Nobody is told (facts/rbm-api.md §1.1), unless the item expires: expireTime
// decides then, also if it came while the server was down.
func (e *Engine) dropAged(ctx context.Context, items ...*ledger.Item) error {
	var changes []ledger.Change
	for _, it := range items {
		switch {
		case it.ExpireTime.After(e.clock.Now()):
			continue
		case !it.ExpireTime.IsZero():
			changes = append(changes, ledger.Change{Ref: it.Ref, Phone: it.Phone, What: delivery.TimeExpired})
		}
		changes = append(changes, ledger.Change{Ref: it.Ref, Phone: it.Phone, What: delivery.QueueExpired})
	}
	_, err := e.apply(ctx, changes...)
	return err
}

func (e *Engine) forgetUpstream(ctx context.Context, before time.Time) error {
	from := ""
	for {
		next, err := e.ledger.ForgetUpstream(ctx, from, before, retentionBatch)
		if err != nil || next == "" {
			return err
		}
		from = next
	}
}
