package outbox

import (
	"context"

	"github.com/openrbm/openrbm/internal/ledger"
)

// Replay delivers notices of agent once more, whatever became of them: those that
// were given up, and those that were delivered. What is older than the retention
// counts as new.
func (o *Outbox) Replay(ctx context.Context, agent string, notices ...*ledger.Notice) error {
	now := o.clock.Now()
	for _, n := range notices {
		if now.Sub(n.Created) >= o.opts.Retention {
			n.Created = now
		}
	}
	if err := o.ledger.Replay(ctx, notices...); err != nil {
		return err
	}
	o.nudge(agent, true)
	return nil
}
