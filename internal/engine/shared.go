package engine

import (
	"context"
	"errors"

	"github.com/openrbm/openrbm/internal/ledger"
)

// On a store that other processes write to as well, order is not a matter of this
// process's lanes. The place of an item comes from the store, later than any that
// was given before; and every look at a mailbox begins at its start and sees it as
// one moment had it. So whoever sees an item sees all items that were acknowledged
// before it was sent, through whatever node they came. Items whose sends overlapped
// may reach the phone in either order.

// acceptShared is accept on a shared store.
func (e *Engine) acceptShared(ctx context.Context, it *ledger.Item, add func(context.Context, *ledger.Item) error, hand func(*ledger.Item)) (err error) {
	for err = ledger.ErrTaken; errors.Is(err, ledger.ErrTaken); {
		if it.Seq, err = e.ledger.Place(ctx); err == nil {
			err = add(ctx, it)
		}
	}
	if err != nil {
		return err
	}
	e.accepted(ctx, it)
	hand(it)
	return nil
}

// Hint says that something may have come for phone through another node. It
// never blocks.
func (e *Engine) Hint(phone string) {
	if m := e.online.get(phone); m != nil && !e.opts.LoseHints {
		m.rescan()
	}
}

// place notes where a delivery that begins stands in the mailbox. The caller holds mu.
func (m *Mailbox) place(it ledger.Waiting) {
	if !m.e.opts.Shared {
		return
	}
	if m.places == nil {
		m.places = make(map[Ref]ledger.Seq)
	}
	m.places[it.Ref] = it.Seq
}

// scanShared reads the next items from the ledger, from the start of the mailbox
// on. What is under way is passed over, also if it lands meanwhile.
func (m *Mailbox) scanShared() error {
	m.mu.Lock()
	m.dropOutcomes()
	skip := make(map[ledger.Seq]bool, len(m.places))
	for _, seq := range m.places {
		skip[seq] = true
	}
	m.mu.Unlock()
	for limit := m.readAhead(); ; limit *= 2 {
		items, more, err := m.e.ledger.Pending(context.Background(), m.phone, skip, limit)
		if err != nil {
			return err
		}
		if m.take(items, more) {
			return nil
		}
	}
}

// take makes items the next ones. False: none of them can be sent, and there are
// more behind them.
func (m *Mailbox) take(items []ledger.Waiting, more bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if more && !m.sendsAny(items) {
		return m.closed
	}
	m.fresh, m.behind = items, m.behind || more
	return true
}

// sendsAny says whether launch would send one of items. The caller holds mu.
func (m *Mailbox) sendsAny(items []ledger.Waiting) bool {
	now := m.e.clock.Now()
	for _, it := range items {
		if m.sendable(it, now) {
			return true
		}
	}
	return false
}
