package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// Place is NextSeq where other processes write to the same store: later than
// every place that any of them was given before this call began, also when their
// clocks differ. A store that serves one process only gives NextSeq.
func (l *Ledger) Place(ctx context.Context) (Seq, error) {
	s, ok := l.db.(store.Sequencer)
	if !ok {
		return l.NextSeq(), nil
	}
	n, err := s.Sequence(ctx, uint64(seqAt(l.clock.Now())))
	return Seq(n), err
}

// ErrTaken says that another item has the place. A database that has crashed may
// give a number again which was not used until then (store.Sequencer).
var ErrTaken = errors.New("ledger: the place is another item's")

// claim makes b fail if another item has the place.
func (l *Ledger) claim(b *store.Batch, seq Seq) {
	if _, shared := l.db.(store.Sequencer); shared {
		b.Absent(bodyKey(seq))
	}
}

// taken is ErrTaken if err says so of the place.
func taken(err error, seq Seq) error {
	var conflict *store.ConflictError
	if errors.As(err, &conflict) && conflict.Key == bodyKey(seq) {
		return ErrTaken
	}
	return err
}

// Pending gives the items waiting for phone in the order of arrival, from the
// first on, without those at the places skip: at least limit items, unless there are no
// more, and then more is false. All are as one moment had them, so an item comes with every item whose send
// was acknowledged before its own began.
func (l *Ledger) Pending(ctx context.Context, phone string, skip map[Seq]bool, limit int) (items []Waiting, more bool, err error) {
	places, more, err := l.places(ctx, phone, skip, limit)
	if err != nil || len(places) == 0 {
		return nil, more, err
	}
	keys := make([]store.Key, len(places))
	for i, p := range places {
		keys[i] = bodyKey(p.seq)
	}
	bodies, err := store.Collect(ctx, l.db, keys)
	if err != nil {
		return nil, false, err
	}
	for i, p := range places {
		it, err := l.pending(ctx, mailboxKey(phone, p.seq), p.seq, bodies[keys[i]])
		if err != nil {
			return nil, false, fmt.Errorf("ledger: body of a waiting item at %d: %w", p.seq, err)
		}
		if it != nil {
			items = append(items, Waiting{it, p.state})
		}
	}
	return items, more, nil
}

// pending reads the body of what waits at place. Nil: it has left the mailbox, or
// its place is set aside, since the body is damaged.
func (l *Ledger) pending(ctx context.Context, place store.Key, seq Seq, body []byte) (it *Item, err error) {
	if body == nil {
		if _, gone := l.db.Get(ctx, place); errors.Is(gone, store.ErrNotFound) {
			return nil, nil
		}
		err = store.ErrNotFound
	} else {
		it, err = decodeItem(bodyKey(seq), body)
	}
	if l.setAside(ctx, store.Record{Key: place}, bodyError(seq, err)) {
		return nil, nil
	}
	return it, err
}

// places reads the rows of a mailbox without those of skip.
func (l *Ledger) places(ctx context.Context, phone string, skip map[Seq]bool, limit int) (places []place, more bool, err error) {
	r := store.Prefix(key(kindMailbox, phone, sep))
	r.Limit = len(skip) + limit
	n := 0
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return nil, false, err
		}
		n++
		p, err := decodeWaiting(rec)
		if l.setAside(ctx, rec, err) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		if !skip[p.seq] {
			places = append(places, p)
		}
	}
	return places, n == r.Limit, nil
}

// How often Recount counts, and the part of the time that it may take.
const (
	countEvery = time.Minute
	countShare = 100
)

// Recount counts what is queued on a store that several processes use, from time to
// time, until ctx ends; on another it returns at once.
func (l *Ledger) Recount(ctx context.Context) {
	c, ok := l.db.(store.Counter)
	for ok && ctx.Err() == nil {
		begun := time.Now()
		n, err := c.Count(ctx, store.Prefix(key(kindMailbox)))
		if err == nil {
			l.queued.Store(n)
		} else if ctx.Err() == nil {
			l.logger().Warn("ledger: counting what is queued", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(countEvery, countShare*time.Since(begun))):
		}
	}
}
