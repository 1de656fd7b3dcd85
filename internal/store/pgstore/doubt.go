package pgstore

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/openrbm/openrbm/internal/store"
)

// doubts are about commits that can be seen although the standbys may not have
// them: PostgreSQL shows them when the wait for a standby was broken off, and, after it has
// restarted, all that its own log holds. An answer must not be built on them: when
// the standby takes over, they have never been.
type doubts struct {
	mark         store.Key     // a key that no other store uses, and no scan meets
	raised, sunk atomic.Uint64 // how many there were, and how many of these are no more
}

// raise says that what is read from now on may be such a commit.
func (d *doubts) raise() { d.raised.Add(1) }

// sure returns when whatever was read before the call is as durable as what was
// acknowledged: a commit that comes later in the log is.
func (d *DB) sure(ctx context.Context) error {
	raised := d.doubts.raised.Load()
	if d.doubts.sunk.Load() >= raised {
		return nil
	}
	var b store.Batch
	b.Absent(d.doubts.mark)
	err := d.Commit(ctx, &b)
	if errors.Is(err, store.ErrUnknown) {
		err = d.Commit(ctx, &b) // it leaves nothing, so that it may be done twice
	}
	if err != nil {
		return err
	}
	for sunk := d.doubts.sunk.Load(); sunk < raised && !d.doubts.sunk.CompareAndSwap(sunk, raised); {
		sunk = d.doubts.sunk.Load()
	}
	return nil
}
