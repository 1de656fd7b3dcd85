package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
)

// Change is something that happened to an item. An item of another phone than
// Phone counts as unknown: nobody changes what is not theirs.
type Change struct {
	Ref
	Phone string
	What  delivery.Happening
	// Sent is the item as it was read from the mailbox, if the caller has it: as long
	// as nothing has happened to it, its status follows, and need not be read.
	Sent *Item
}

// Changed is what a Change came to. An unknown item has the zero Status, and a
// revocation of it is refused.
type Changed struct {
	Change
	Status
	delivery.Outcome
}

// Known says that the item exists.
func (c *Changed) Known() bool { return c.Status.Seq != 0 }

// Apply makes all changes, one after the other, in one durable commit: the new
// states, the rows they move, and the notices to the agents.
func (l *Ledger) Apply(ctx context.Context, changes ...Change) ([]Changed, error) {
	for try := range attempts {
		p := plan{l: l, again: try > 0, items: make(map[Ref]*change, len(changes))}
		done, err := p.run(ctx, changes)
		if err != nil {
			return nil, err
		}
		if err = p.commit(ctx); err == nil {
			return done, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("ledger: %v changes too fast", changes[0].Ref)
}

// plan is one try at Apply.
type plan struct {
	l     *Ledger
	again bool // what was thought to follow did not
	items map[Ref]*change
	order []*change // as they were loaded
	batch store.Batch
	proof store.Record
	left  int64 // items that leave their mailboxes
}

// change is an item before and after the changes of a plan.
type change struct {
	stored  []byte
	before  Status
	now     Status
	reports []delivery.Report
}

func (p *plan) run(ctx context.Context, changes []Change) ([]Changed, error) {
	done := make([]Changed, len(changes))
	for i, c := range changes {
		done[i].Change = c
		it, err := p.load(ctx, c)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if err != nil || it.now.Phone != c.Phone {
			done[i].Refused = c.What == delivery.AgentRevoked
			continue
		}
		o := delivery.Step(it.now.Kind, it.now.State, c.What)
		if o.State != it.now.State {
			it.now.State, it.now.ChangeTime = o.State, p.l.clock.Now()
		}
		it.reports = append(it.reports, o.Reports...)
		done[i].Status, done[i].Outcome = it.now, o
	}
	return done, nil
}

func (p *plan) load(ctx context.Context, c Change) (*change, error) {
	if it, ok := p.items[c.Ref]; ok {
		return it, nil
	}
	var st *Status
	var b []byte
	var err error
	if c.Sent != nil && !p.again && delivery.Step(c.Sent.Kind, delivery.Queued, c.What).State != delivery.Queued {
		st = c.Sent.queued() // the check of the commit says if that is wrong
		b = st.encode()
	} else if b, err = p.l.db.Get(ctx, idKey(c.Ref)); err == nil {
		st, err = decodeStatus(c.Ref, b)
	}
	if err != nil {
		return nil, err
	}
	it := &change{stored: b, before: *st, now: *st}
	p.items[c.Ref], p.order = it, append(p.order, it)
	return it, nil
}

func (p *plan) commit(ctx context.Context) error {
	for _, it := range p.order {
		if err := p.write(it); err != nil {
			return err
		}
	}
	if p.batch.Empty() {
		return nil
	}
	err := p.l.commit(ctx, &p.batch, p.proof)
	if err == nil {
		p.l.queued.Add(-p.left)
	}
	return err
}

// write adds the rows of one changed item to the batch.
func (p *plan) write(it *change) error {
	v := it.now.encode()
	if bytes.Equal(v, it.stored) {
		return nil
	}
	k := idKey(it.now.Ref)
	p.proof = store.Record{Key: k, Value: v}
	p.batch.Equals(k, it.stored)
	p.batch.Put(k, v)

	switch place := mailboxKey(it.now.Phone, it.now.Seq); {
	case !it.before.State.Waiting(): // has left its mailbox before
	case it.now.State.Waiting():
		p.batch.Put(place, encodeWaiting(it.now.State))
	default:
		p.batch.Delete(place)
		p.left++
	}
	if it.before.State == delivery.Queued && !it.now.ExpireTime.IsZero() {
		p.batch.Delete(dueKey(it.now.ExpireTime, it.now.Seq))
	}
	if it.now.Agent == PlatformAgent {
		return nil // no webhook waits for the reports
	}
	for _, r := range it.reports {
		n, err := p.l.report(&it.now, r)
		if err != nil {
			return err
		}
		p.batch.Put(n.key(), n.encode())
	}
	return nil
}
