package engine

import (
	"context"
	"slices"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
)

// pump works until there is nothing to do.
func (m *Mailbox) pump() {
	m.e.clock.Turn("pump", m.phone, m.nth)
	for work := m.next(); work != nil; work = m.next() {
		if err := work(); err != nil {
			m.e.log.Warn("phone taken offline", "phone", m.phone, "err", err)
			m.Detach()
		}
	}
}

// next is the next work; nil stops the pump. What the phone has reported comes
// first, when it has waited long enough or makes room for what is to be sent; it counts
// even when the phone has gone meanwhile.
func (m *Mailbox) next() func() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := min(len(m.reports), maxBatch); n > 0 && (m.ripe || m.closed || m.full()) {
		reports := m.reports[:n:n]
		m.reports = m.reports[n:]
		m.ripe = m.ripe && len(m.reports) > 0
		return func() error { return m.settle(reports) }
	}
	if m.closed {
		m.running = false
		return nil
	}
	if effects := append(m.effects, m.launch()...); len(effects) > 0 {
		m.effects = nil
		return func() error { return m.link.Send(effects) }
	}
	if m.behind && len(m.fresh) == 0 && !m.full() {
		m.behind = false // before the scan: what is offered from now on is kept
		if m.e.opts.Shared {
			return m.scanShared
		}
		return m.scan
	}
	m.running = false
	return nil
}

// full says that nothing more may be sent before a report is settled. The caller
// holds mu.
func (m *Mailbox) full() bool { return len(m.flights) >= m.window }

// launch takes from fresh what the window has room for. The caller holds mu.
func (m *Mailbox) launch() []Effect {
	var effects []Effect
	now := m.e.clock.Now()
	for len(m.fresh) > 0 && len(m.flights) < m.window {
		it := m.fresh[0]
		m.fresh[0] = ledger.Waiting{} // lets the payload go
		m.fresh = m.fresh[1:]
		if it.Seq <= m.cursor && !m.e.opts.Shared {
			continue
		}
		m.cursor = it.Seq
		if !m.sendable(it, now) {
			continue
		}
		if m.flights == nil {
			m.flights = make(map[Ref]flight)
		}
		m.flights[it.Ref] = flight{sent: sentOf(it)}
		m.place(it)
		effect, _ := toPhone(it)
		effects = append(effects, effect)
		m.e.noteSent(m.phone, &effect)
	}
	m.e.stats.Sent.Add(int64(len(effects)))
	return effects
}

// sentOf is what a change needs to know of an item that is sent, if it is queued.
func sentOf(it ledger.Waiting) *ledger.Item {
	if it.State != delivery.Queued {
		return nil
	}
	sent := *it.Item
	sent.Payload, sent.Media = nil, nil
	return &sent
}

// sendable says that it is neither being taken back nor due for that, and is
// something for the phone. The caller holds mu.
func (m *Mailbox) sendable(it ledger.Waiting, now time.Time) bool {
	if _, held := m.withheld[it.Ref]; held {
		return false
	}
	_, send := toPhone(it)
	expired := !it.ExpireTime.IsZero() && !it.ExpireTime.After(now)
	return send && !(expired && it.State == delivery.Queued)
}

// toPhone is the effect that brings it to the phone, if there is one.
func toPhone(it ledger.Waiting) (Effect, bool) {
	switch {
	case it.State == delivery.Unconfirmed:
		return Effect{Kind: Revoke, Ref: it.Ref}, true
	case it.State != delivery.Queued:
		return Effect{}, false
	case it.Kind == delivery.Event:
		return Effect{Kind: DeliverEvent, Ref: it.Ref, Payload: it.Payload}, true
	}
	return Effect{Kind: DeliverMessage, Ref: it.Ref, Payload: it.Payload, Media: it.Media}, true
}

// scan reads the next items from the ledger.
func (m *Mailbox) scan() error {
	upTo := m.e.lanes.settle(m.phone, m.e.ledger.LastSeq)
	m.e.clock.Turn("scan", m.phone, m.nth)
	m.mu.Lock()
	after, rescans := m.cursor, m.rescans
	m.dropOutcomes()
	m.mu.Unlock()
	items, err := m.e.ledger.Mailbox(context.Background(), m.phone, after, upTo, m.readAhead())
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rescans != rescans {
		return nil // behind is set: it is read again
	}
	if len(items) == m.readAhead() {
		m.fresh, m.behind = nil, true
	}
	items = slices.DeleteFunc(items, func(it ledger.Waiting) bool {
		_, sent := m.flights[it.Ref]
		return sent
	})
	m.fresh = append(items, m.fresh...)
	return nil
}

// dropOutcomes forgets what is withheld no more: the ledger has the outcome, and
// is read now. The caller holds mu.
func (m *Mailbox) dropOutcomes() {
	for ref, over := range m.withheld {
		if over && !contains(m.fresh, ref) {
			delete(m.withheld, ref)
		}
	}
}

func contains(items []ledger.Waiting, ref Ref) bool {
	for _, it := range items {
		if it.Ref == ref {
			return true
		}
	}
	return false
}

// settle makes what the phone reported durable, and only then confirms it.
func (m *Mailbox) settle(reports []ledger.Change) error {
	done, err := m.e.apply(context.Background(), reports...)
	if err != nil {
		return err // the phone repeats what is not confirmed
	}
	effects := make([]Effect, 0, len(done))
	m.mu.Lock()
	for _, c := range done {
		if c.Recall {
			effects = append(effects, Effect{Kind: Revoke, Ref: c.Change.Ref, Final: true})
		} else {
			effects = append(effects, Effect{Kind: Confirm, Ref: c.Change.Ref})
		}
		if !m.land(c.Change.Ref) && !c.Outcome.State.Waiting() {
			m.drop(c.Change.Ref)
		}
	}
	closed := m.closed
	m.mu.Unlock()
	if closed {
		return nil
	}
	return m.link.Send(effects)
}

// land ends the flight of ref and says whether it was under way. The caller holds mu.
func (m *Mailbox) land(ref Ref) (flew bool) {
	f, flew := m.flights[ref]
	if over := f.over; over != nil {
		close(over)
	}
	delete(m.flights, ref)
	delete(m.places, ref)
	return flew
}

// drop forgets an item that is to be sent: the phone has it from an earlier link,
// and what is confirmed is not sent again. The caller holds mu.
func (m *Mailbox) drop(ref Ref) {
	m.fresh = slices.DeleteFunc(m.fresh, func(it ledger.Waiting) bool { return it.Ref == ref })
}

// withhold stops the sending of a message that is being taken back. If the
// phone has been sent it, the phone is asked for it, and answered is closed when
// it has said something. The caller calls release when the ledger has the outcome.
func (m *Mailbox) withhold(ref Ref) (answered <-chan struct{}, release func()) {
	m.mu.Lock()
	if m.withheld == nil {
		m.withheld = make(map[Ref]bool)
	}
	m.withheld[ref] = false
	if f, sent := m.flights[ref]; sent {
		if f.over == nil { // else it has been asked
			f.over = make(chan struct{})
			m.flights[ref] = f
			m.effects = append(m.effects, Effect{Kind: Revoke, Ref: ref})
		}
		answered = f.over
	}
	m.mu.Unlock()
	if answered != nil {
		m.wake()
	}
	return answered, func() { m.release(ref) }
}

// release forgets that ref is withheld, at once if nothing can still send it.
func (m *Mailbox) release(ref Ref) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unhold(ref)
}

// unhold is release. The caller holds mu.
func (m *Mailbox) unhold(ref Ref) {
	if m.running || contains(m.fresh, ref) {
		if m.withheld == nil {
			m.withheld = make(map[Ref]bool)
		}
		m.withheld[ref] = true
	} else {
		delete(m.withheld, ref)
	}
}

// recall makes sure that a phone does not show what has been revoked: it came
// online while that was decided, or it was sent the message and does not answer.
func (m *Mailbox) recall(ref Ref) {
	m.mu.Lock()
	m.unhold(ref)
	_, sent := m.flights[ref]
	if sent { // no answer will come to a decision
		m.land(ref)
		m.effects = append(m.effects, Effect{Kind: Revoke, Ref: ref, Final: true})
	}
	m.mu.Unlock()
	if sent {
		m.wake()
	}
}
