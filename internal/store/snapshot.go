package store

import (
	"context"
	"iter"
)

// Snapshotter is a store that can be read as it stood at one moment, across all
// ranges: what a backup needs. A DB need not be one.
type Snapshotter interface {
	// Snapshot holds the moment of the call: all commits that had been acknowledged
	// are in it, each whole, and of those under way some may be. It costs space until
	// it is closed, as what is deleted meanwhile is kept for it.
	Snapshot(ctx context.Context) (Snapshot, error)
}

// Snapshot is a store as it stood at one moment.
type Snapshot interface {
	// Scan is as in DB.
	Scan(ctx context.Context, r Range) iter.Seq2[Record, error]
	// Close lets the moment go. DB.Close waits for it.
	Close() error
}
