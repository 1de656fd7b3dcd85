package store

import (
	"context"
	"errors"
)

// A store that several processes use at once may also have the interfaces below.

// Sequencer gives out numbers in the order in which they are asked for, whichever
// process asks and whatever its clock says.
type Sequencer interface {
	// Sequence returns a number that is greater than every number that any caller
	// was given before this call began, and not less than atLeast. A number that was
	// not used in a commit may be given again after a crash of the database.
	Sequence(ctx context.Context, atLeast uint64) (uint64, error)
}

// Collector reads many records in one round trip.
type Collector interface {
	// Collect returns the values of those keys that exist, as they stood at one moment.
	Collect(ctx context.Context, keys []Key) (map[Key][]byte, error)
}

// Collect returns the values of those keys that exist, in one round trip where db
// is a Collector.
func Collect(ctx context.Context, db DB, keys []Key) (map[Key][]byte, error) {
	if c, ok := db.(Collector); ok {
		return c.Collect(ctx, keys)
	}
	found := make(map[Key][]byte, len(keys))
	for _, k := range keys {
		switch v, err := db.Get(ctx, k); {
		case err == nil:
			found[k] = v
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	return found, nil
}

// Counter counts records without handing them out. Only a store that several
// processes use needs it: one process knows what it has written.
type Counter interface {
	// Count returns how many records are in r, of one record kind, whose Limit does not count.
	Count(ctx context.Context, r Range) (int64, error)
}

// MaxHint is the longest hint, in bytes.
const MaxHint = 7900

// Notifier carries hints between the processes that use a store. Hints may be
// lost, and come at any moment after they were sent.
type Notifier interface {
	// Notify sends a hint, text of at most MaxHint bytes, to all who listen, also in
	// this process.
	Notify(ctx context.Context, hint string) error
	// Listen calls ready when it hears hints from then on, and hear for each, one at a
	// time. It returns why it can hear no more, or the error of ctx.
	Listen(ctx context.Context, ready func(), hear func(hint string)) error
}
