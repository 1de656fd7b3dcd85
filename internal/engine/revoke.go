package engine

import (
	"context"
	"errors"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// Revoke takes a message back for its agent. When it returns nil the message
// was still queued and will never be delivered; NOT_FOUND means that it was
// delivered, is gone already, or never was (facts/rbm-api.md §1.2).
func (e *Engine) Revoke(ctx context.Context, ref Ref, phone string) error {
	ctx = context.WithoutCancel(ctx)
	if done, err := e.revokeElsewhere(ctx, ref, phone); done {
		if err == nil {
			e.recall(ref, phone) // it may have come here meanwhile
		}
		return err
	}
	return e.revoke(ctx, ref, phone)
}

// revoke is Revoke where the phone is connected, or for one that is connected nowhere.
func (e *Engine) revoke(ctx context.Context, ref Ref, phone string) error {
	e.settle(ref, phone) // a send under way ends first
	if err := e.revocable(ctx, ref, phone); err != nil {
		return err
	}
	e.settle(ref, phone) // and what is stored now has been offered to its mailbox
	answered, release := e.withhold(phone, ref)
	defer release()
	e.awaitVerdict(ctx, answered)
	e.clock.Turn("revoke", ref.ID, 0)
	done, err := e.apply(ctx, ledger.Change{Ref: ref, Phone: phone, What: delivery.AgentRevoked})
	if err != nil {
		return e.unavailable(ctx, err)
	}
	if done[0].Refused {
		return rbm.NotFound()
	}
	e.recall(ref, phone)
	return nil
}

// recall makes sure that a phone that is online does not show what has been revoked.
func (e *Engine) recall(ref Ref, phone string) {
	if m := e.online.get(phone); m != nil {
		m.recall(ref)
	}
}

// settle waits for the sends to phone that are under way.
func (e *Engine) settle(ref Ref, phone string) {
	e.lanes.settle(phone, e.ledger.LastSeq)
	e.clock.Turn("revoke", ref.ID, 0)
}

// revocable refuses what cannot be revoked, before a phone is asked for it.
func (e *Engine) revocable(ctx context.Context, ref Ref, phone string) error {
	st, err := e.ledger.Status(ctx, ref)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return rbm.NotFound()
	case err != nil:
		return e.unavailable(ctx, err)
	case st.Phone != phone || delivery.Step(st.Kind, st.State, delivery.AgentRevoked).Refused:
		return rbm.NotFound()
	}
	return nil
}

// withhold stops the sending of a message to a phone that is online.
func (e *Engine) withhold(phone string, ref Ref) (answered <-chan struct{}, release func()) {
	if m := e.online.get(phone); m != nil {
		return m.withhold(ref)
	}
	return nil, func() {}
}

// awaitVerdict waits until a phone that was sent a message has said whether it
// can be taken back. It says false when the phone did not say.
func (e *Engine) awaitVerdict(ctx context.Context, answered <-chan struct{}) bool {
	if answered == nil {
		return true
	}
	e.clock.SleepUntil(ctx, e.clock.Now().Add(e.opts.VerdictWait), answered)
	select {
	case <-answered:
		return true
	default:
		return false
	}
}

// apply makes changes durable, then counts them, logs them and wakes the outbox.
func (e *Engine) apply(ctx context.Context, changes ...ledger.Change) ([]ledger.Changed, error) {
	done, err := e.ledger.Apply(ctx, changes...)
	if err != nil {
		return nil, err
	}
	for i := range done {
		c := &done[i]
		e.log.DebugContext(ctx, c.What.String(), "agent", c.Change.Agent, "messageId", c.Change.ID, "phone", c.Change.Phone,
			"known", c.Known(), "state", c.Outcome.State, "reports", c.Reports, "refused", c.Refused)
		if !c.Known() || c.Status.Kind != delivery.Message {
			continue
		}
		if c.What == delivery.AgentRevoked && !c.Refused {
			e.stats.Revoked.Add(1)
		}
		for _, r := range c.Reports {
			e.stats.count(r)
		}
		if len(c.Reports) > 0 {
			e.opts.Notify(c.Change.Agent)
		}
		e.noteChanged(c)
	}
	return done, nil
}

// count adds a report to the counters.
func (s *Stats) count(r delivery.Report) {
	switch r {
	case delivery.ReportDelivered:
		s.Delivered.Add(1)
	case delivery.ReportRead:
		s.Read.Add(1)
	case delivery.ReportRevoked:
		s.Expired.Add(1)
	case delivery.ReportRevokeFailed:
		s.Unknown.Add(1)
	}
}
