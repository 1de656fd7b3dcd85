package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// Found is an item with where it stands.
type Found struct {
	Item   *Item
	Status *Status
}

// Search says which items are wanted, among those that arrived before a place
// (0: all) and not before a time (zero: all).
type Search struct {
	Before Seq
	Since  time.Time
	// Item and Status judge what is found; nil takes all. Status is asked only of
	// what Item has taken.
	Item   func(*Item) bool
	Status func(*Status) bool
	// Limit is how many are wanted, Scan how many are looked at for it; both are
	// more than 0.
	Limit, Scan int
}

// searchPage is how many items are read before their states are looked up.
const searchPage = 500

// Recent finds items, the newest first. next is the Before to go on with; 0: that
// was all.
func (l *Ledger) Recent(ctx context.Context, q Search) (found []Found, next Seq, err error) {
	for next = q.Before; q.Scan > 0; q.Scan -= searchPage {
		items, read, err := l.backwards(ctx, next, q.Since, min(searchPage, q.Scan), q.Item)
		if err != nil {
			return nil, 0, err
		}
		for _, it := range items {
			st, err := l.Status(ctx, it.Ref)
			if err != nil && !errors.Is(err, store.ErrNotFound) { // else forgotten since
				return nil, 0, err
			}
			if err != nil || st.Seq != it.Seq || q.Status != nil && !q.Status(st) {
				continue
			}
			found = append(found, Found{it, st})
			if len(found) == q.Limit {
				return found, it.Seq, nil
			}
		}
		if next = read; next == 0 {
			break
		}
	}
	return found, next, nil
}

// backwards reads a page of items and gives those that take accepts, and where the
// next page begins; 0: there is none.
func (l *Ledger) backwards(ctx context.Context, before Seq, since time.Time, limit int, take func(*Item) bool) (items []*Item, next Seq, err error) {
	r := store.Range{Start: key(kindBody), End: key(kindBody + 1), Limit: limit, Reverse: true}
	if !since.IsZero() {
		r.Start = bodyKey(seqAt(since))
	}
	if before != 0 {
		r.End = bodyKey(before)
	}
	n := 0
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return nil, 0, err
		}
		it, err := decodeItem(rec.Key, rec.Value)
		if err != nil {
			return nil, 0, err
		}
		n, next = n+1, it.Seq
		if take == nil || take(it) {
			items = append(items, it)
		}
	}
	if n < limit {
		next = 0
	}
	return items, next, nil
}
