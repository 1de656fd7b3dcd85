package outbox

import (
	"context"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
)

// attempt is one call to a webhook with one notice, and what came of it.
type attempt struct {
	notice  *ledger.Notice
	started time.Time
	latency time.Duration
	status  int   // 0: no answer
	err     error // nil: delivered
	// abandoned: the outbox stopped waiting. Whether the agent has it is unknown,
	// so it neither succeeded nor failed (law 4).
	abandoned bool
}

// attempt brings n to w. It ends with ctx, or after Options.Timeout.
func (o *Outbox) attempt(ctx context.Context, w Webhook, n *ledger.Notice) *attempt {
	a := &attempt{notice: n, started: o.clock.Now()}
	begin := time.Now() // not the clock, which may be turned meanwhile
	a.status, a.err = o.deliver(ctx, w, n)
	a.latency = time.Since(begin)
	a.abandoned = a.status == 0 && ctx.Err() != nil
	o.log.Debug("webhook called", "agent", n.Agent, "event", n.EventID, "type", n.Type,
		"attempt", n.Attempts+1, "status", a.status, "latency", a.latency, "err", a.err)
	return a
}

func (o *Outbox) deliver(ctx context.Context, w Webhook, n *ledger.Notice) (status int, err error) {
	body, err := envelop(n)
	if err != nil {
		return 0, err
	}
	got, err := call(ctx, o.opts.Client, w, o.opts.Timeout, map[string]string{
		headerSignature:   sign(w.Token, n.Data),
		headerWebhookType: webhookType(n),
	}, body)
	if err != nil {
		return 0, err
	}
	return got.status, got.check(w.Token)
}
