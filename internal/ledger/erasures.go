package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// An erasure that is under way is a row "e number": whoever finds it goes on with
// it. "x compact" says that something was erased and the store has yet to forget
// it physically.

func erasureKey(number string) store.Key { return key(kindErasure, number) }

var compactKey = key(kindMeta, "compact")

// Erasure is one that is under way.
type Erasure struct {
	Number string
	Begun  time.Time
}

// BeginErasure notes, durably, that what is kept of number is to be erased.
func (l *Ledger) BeginErasure(ctx context.Context, number string) error {
	k, v := erasureKey(number), encodeUpstream(l.clock.Now())
	var b store.Batch
	b.Put(k, v)
	return l.commit(ctx, &b, store.Record{Key: k, Value: v})
}

// Erasures lists those that are under way.
func (l *Ledger) Erasures(ctx context.Context) ([]Erasure, error) {
	var list []Erasure
	for rec, err := range l.db.Scan(ctx, store.Prefix(key(kindErasure))) {
		if err != nil {
			return nil, err
		}
		begun, err := decodeUpstream(rec)
		if err != nil {
			return nil, err
		}
		list = append(list, Erasure{string(rec.Key[1:]), begun})
	}
	return list, nil
}

// Erasing says that the erasure of number is under way.
func (l *Ledger) Erasing(ctx context.Context, number string) (bool, error) {
	_, err := l.db.Get(ctx, erasureKey(number))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// EndErasure ends that of number; what is left is to Compact.
func (l *Ledger) EndErasure(ctx context.Context, number string) error {
	k := erasureKey(number)
	var b store.Batch
	b.Delete(k)
	b.Put(compactKey, []byte{recordV1})
	return l.commit(ctx, &b, store.Record{Key: k})
}

// Compact makes the store forget physically what has been erased, if anything has.
// A store that is no store.Compactor does that in its own time.
func (l *Ledger) Compact(ctx context.Context) error {
	if _, err := l.db.Get(ctx, compactKey); errors.Is(err, store.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if c, ok := l.db.(store.Compactor); ok {
		if err := c.Compact(ctx); err != nil {
			return err
		}
	}
	var b store.Batch
	b.Delete(compactKey)
	return l.commit(ctx, &b, store.Record{Key: compactKey})
}
