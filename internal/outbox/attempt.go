package outbox

import (
	"context"
	"net/url"
	"time"

	"github.com/openrbm/openrbm/internal/journal"
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
	// what was sent and what came back, for those who watch
	url, signature string
	body, answer   []byte
}

// attempt brings n to w. It ends with ctx, or after Options.Timeout.
func (o *Outbox) attempt(ctx context.Context, w Webhook, n *ledger.Notice) *attempt {
	a := &attempt{notice: n, started: o.clock.Now()}
	begin := time.Now() // not the clock, which may be turned meanwhile
	a.err = o.deliver(ctx, w, a)
	a.latency = time.Since(begin)
	a.abandoned = a.status == 0 && ctx.Err() != nil
	o.log.Debug("webhook called", "agent", n.Agent, "event", n.EventID, "type", n.Type,
		"attempt", n.Attempts+1, "status", a.status, "latency", a.latency, "err", a.err)
	return a
}

// deliver makes the call of a and notes in a what was said.
func (o *Outbox) deliver(ctx context.Context, w Webhook, a *attempt) (err error) {
	n := a.notice
	a.url, a.signature = w.URL, sign(w.Token, n.Data)
	if a.body, err = envelop(n); err != nil {
		return err
	}
	got, err := call(ctx, o.opts.Client, w, o.opts.Timeout, map[string]string{
		headerSignature:   a.signature,
		headerWebhookType: webhookType(n),
	}, a.body)
	if err != nil {
		return err
	}
	a.status, a.answer = got.status, []byte(excerpt(got.body, w.Token))
	return got.check(w.Token)
}

// journal tells those who watch. How the address ends is the agent's secret.
func (o *Outbox) journal(a *attempt) {
	if o.opts.Journal == nil || a.abandoned {
		return
	}
	why := "delivered"
	if a.err != nil {
		why = a.err.Error()
	}
	n := a.notice
	o.opts.Journal.Add(journal.Event{
		Time: a.started, Kind: journal.Webhook, Agent: n.Agent, Type: n.Type, Reason: why, Payload: n.Data,
		HTTP: &journal.Exchange{
			Method: "POST", URL: withoutQuery(a.url), Status: a.status, Took: a.latency, Request: a.body, Answer: a.answer,
		},
		Attempt: &journal.Attempt{EventID: n.EventID, Number: n.Attempts + 1, Signature: a.signature, Created: n.Created},
	})
}

// withoutQuery is an address without what may carry a key of its owner's.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.RawQuery, u.User, u.Fragment = "", nil, ""
	return u.String()
}
