package ledger

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/store"
)

// Ledger is the durable memory of the platform. Make one with Open.
type Ledger struct {
	// Log hears of what is set aside; nil: slog.Default().
	Log *slog.Logger

	db    store.DB
	clock *clock.Clock
	last  atomic.Uint64 // the Seq given out last
	// queued is the items in mailboxes; what was there at the start is added when
	// it has been counted. What other processes do is seen by Recount.
	queued  atomic.Int64
	damaged atomic.Int64 // records set aside
}

// Open reads the state of db, or founds it if db is empty. It upgrades what an
// older program has written, and refuses what a newer one has, and what is not
// whole (ErrUnfinished).
func Open(ctx context.Context, db store.DB, c *clock.Clock) (*Ledger, error) {
	l := &Ledger{db: db, clock: c}
	if err := l.checkFormat(ctx); err != nil {
		return nil, err
	}
	last, err := lastPlace(ctx, db)
	if err != nil {
		return nil, err
	}
	l.last.Store(uint64(last))
	if _, shared := db.(store.Counter); !shared {
		l.countQueued(ctx)
	}
	return l, nil
}

// countQueued counts the mailboxes in the background, as they are now: it
// returns when the scan has its view of the store.
func (l *Ledger) countQueued(ctx context.Context) {
	begun := make(chan struct{})
	go func() {
		n, first := int64(0), true
		for _, err := range l.db.Scan(context.WithoutCancel(ctx), store.Prefix(key(kindMailbox))) {
			if first {
				close(begun)
				first = false
			}
			if err != nil {
				return // the store is closing: nobody will ask
			}
			n++
		}
		l.queued.Add(n)
		if first {
			close(begun)
		}
	}()
	<-begun
}

// Queued is the number of items in all mailboxes. After a start it grows until
// those that were there before have been counted. On a store that several processes
// use, it is that of the last Recount, and what this process did since.
func (l *Ledger) Queued() int64 { return max(0, l.queued.Load()) }

// Probe makes a small durable write, to see that the store takes writes.
func (l *Ledger) Probe(ctx context.Context) error {
	var w writer
	w.byte(recordV1)
	w.time(l.clock.Now())
	var b store.Batch
	b.Put(key(kindMeta, "probe"), w)
	return l.db.Commit(ctx, &b)
}

// Clock is the clock that the ledger writes by.
func (l *Ledger) Clock() *clock.Clock { return l.clock }

// NextSeq is the next place in the order of arrival. It is later than every
// place given before, also before a restart, even if the clock was set back.
func (l *Ledger) NextSeq() Seq {
	for {
		last := l.last.Load()
		next := max(uint64(seqAt(l.clock.Now())), last+1)
		if l.last.CompareAndSwap(last, next) {
			return Seq(next)
		}
	}
}

// LastSeq is the place given out last.
func (l *Ledger) LastSeq() Seq { return Seq(l.last.Load()) }

// attempts bounds how often a change is tried again against concurrent changes
// of the same records before it is given up as unavailable.
const attempts = 16

// commit commits b. When the store cannot say whether b was written, commit
// reads back the record that proves it, or with no Value, that it is gone (law 4:
// unknown is not failed). A commit that has begun is not cancelled with ctx: that
// would make its outcome unknown.
func (l *Ledger) commit(ctx context.Context, b *store.Batch, proof store.Record) error {
	ctx = context.WithoutCancel(ctx)
	err := l.db.Commit(ctx, b)
	if !errors.Is(err, store.ErrUnknown) {
		return err
	}
	now, readErr := l.db.Get(ctx, proof.Key)
	switch {
	case proof.Value == nil && errors.Is(readErr, store.ErrNotFound):
		return nil
	case proof.Value != nil && readErr == nil && string(now) == string(proof.Value):
		return nil
	}
	return err
}
