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

// Trimmer is a store that can be told to give back the room of what was deleted in
// a range, which stores otherwise do when they come by. A DB need not be one.
type Trimmer interface {
	// Trim returns when that is done. It takes about as long as reading and writing what
	// is left in r.
	Trim(ctx context.Context, r Range) error
}
