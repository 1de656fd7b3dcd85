package store

import "context"

// Compactor is a store that can be told to forget physically what was deleted
// from it, which stores otherwise do in their own time. A DB need not be one.
type Compactor interface {
	// Compact returns when no file of the store holds anything that had been deleted
	// or replaced when it was called, except what a Snapshot holds on to. It may take
	// as long as reading and writing all that is stored.
	Compact(ctx context.Context) error
}
