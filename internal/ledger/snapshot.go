package ledger

import (
	"context"
	"errors"
	"iter"

	"github.com/openrbm/openrbm/internal/store"
)

// ErrNoSnapshots is the error of a store that cannot be read as of one moment.
var ErrNoSnapshots = errors.New("ledger: this store cannot be read as of one moment")

// Snapshot holds all that is kept, as it stands now; the caller closes it.
func (l *Ledger) Snapshot(ctx context.Context) (store.Snapshot, error) { return Snapshot(ctx, l.db) }

// Snapshot is Ledger.Snapshot of a store that no server runs on.
func Snapshot(ctx context.Context, db store.DB) (store.Snapshot, error) {
	s, ok := db.(store.Snapshotter)
	if !ok {
		return nil, ErrNoSnapshots
	}
	return s.Snapshot(ctx)
}

// MediaIDs lists the ids of the documents of Media in s that begin with prefix.
func MediaIDs(ctx context.Context, s store.Snapshot, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for rec, err := range s.Scan(ctx, store.Prefix(key(kindMedia, prefix))) {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(string(rec.Key[1:]), nil) {
				return
			}
		}
	}
}
