package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// Arrived lists up to limit items that came after seq and before the time
// before, in the order of arrival. Their bodies are left out.
func (l *Ledger) Arrived(ctx context.Context, after Seq, before time.Time, limit int) ([]*Item, error) {
	var items []*Item
	r := store.Range{Start: bodyKey(after + 1), End: bodyKey(seqAt(before)), Limit: limit}
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		it, err := decodeItem(rec.Key, rec.Value)
		if l.setAside(ctx, rec, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		it.Payload = nil
		items = append(items, it)
	}
	return items, nil
}

// Trim gives back the room of the items up to seq that were forgotten, and of
// notices that were retired. A store that is no store.Trimmer does that in its own time.
func (l *Ledger) Trim(ctx context.Context, upTo Seq) error {
	t, ok := l.db.(store.Trimmer)
	if !ok {
		return nil
	}
	if err := t.Trim(ctx, store.Prefix(key(kindOutbox))); err != nil {
		return err
	}
	return t.Trim(ctx, store.Range{Start: key(kindBody), End: bodyKey(upTo + 1)})
}

// Forget removes what is kept of items: their bodies, and that their ids were
// used. An item that still waits in a mailbox is passed over.
func (l *Ledger) Forget(ctx context.Context, items ...*Item) error {
	for range attempts {
		var b store.Batch
		for _, it := range items {
			if err := l.forget(ctx, &b, it); err != nil {
				return err
			}
		}
		if b.Empty() {
			return nil
		}
		if err := l.db.Commit(ctx, &b); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return store.ErrConflict
}

func (l *Ledger) forget(ctx context.Context, b *store.Batch, it *Item) error {
	k := idKey(it.Ref)
	v, err := l.db.Get(ctx, k)
	if errors.Is(err, store.ErrNotFound) {
		b.Delete(bodyKey(it.Seq))
		return nil
	}
	if err != nil {
		return err
	}
	st, err := decodeStatus(it.Ref, v)
	if err != nil || st.State.Waiting() {
		return err
	}
	b.Delete(bodyKey(it.Seq))
	if st.Seq == it.Seq {
		b.Equals(k, v)
		b.Delete(k)
	}
	return nil
}

// ForgetUpstream removes up to limit marks of things that phones sent before
// the time before, looking from the key from. It returns where to go on; "" is
// the end.
func (l *Ledger) ForgetUpstream(ctx context.Context, from string, before time.Time, limit int) (next string, err error) {
	var b store.Batch
	r := store.Range{Start: max(store.Key(from), key(kindUpstream)), End: key(kindUpstream + 1), Limit: limit}
	n := 0
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return "", err
		}
		n, next = n+1, string(rec.Key)+sep
		at, err := decodeUpstream(rec)
		if l.setAside(ctx, rec, err) {
			continue
		}
		if err != nil {
			return "", err
		}
		if at.Before(before) {
			b.Delete(rec.Key)
		}
	}
	if n < limit {
		next = ""
	}
	if b.Empty() {
		return next, nil
	}
	return next, l.db.Commit(ctx, &b)
}
