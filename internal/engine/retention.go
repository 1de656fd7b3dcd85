package engine

import (
	"context"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
)

// How often retention is looked at, and how much it does in one commit.
const (
	retentionInterval = 10 * time.Minute
	retentionBatch    = 256
)

// runRetention drops what has waited too long, and forgets what is too old.
func (e *Engine) runRetention(ctx context.Context) {
	var dropped ledger.Seq // everything up to here has been looked at
	for {
		now := e.clock.Now()
		// What is new enough to wait is not looked at: these cost one seek each.
		seen, err := e.retire(ctx, dropped, now.Add(-e.opts.QueueRetention), e.ledger.DropAged)
		dropped = seen
		if err == nil {
			_, err = e.retire(ctx, 0, now.Add(-e.opts.HistoryRetention), e.ledger.Forget)
		}
		if err == nil {
			err = e.forgetUpstream(ctx, now.Add(-e.opts.UpstreamRetention))
		}
		if err != nil && ctx.Err() == nil {
			e.log.Error("retention", "err", err)
		}
		if !e.clock.Sleep(ctx, retentionInterval) {
			return
		}
	}
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
