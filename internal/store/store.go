// Package store is the seam between OpenRBM and the database under it: ordered
// keys, and atomic batches whose checks hold or nothing is written. Everything
// above it works on any implementation that passes the suite in storetest.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Key orders records. Its first byte is the record's kind: a key prefix in an
// embedded store, a table in a relational one. Keys compare as raw bytes and
// are between 1 and MaxKey bytes long.
type Key string

// Kind is the record kind, the first byte of the key; 0 for an empty key.
func (k Key) Kind() byte {
	if k == "" {
		return 0
	}
	return k[0]
}

// MaxKey is the longest key, in bytes, that every store accepts.
const MaxKey = 1024

// Record is one stored key with its value.
type Record struct {
	Key   Key
	Value []byte
}

// Range selects Start ≤ key < End, in ascending key order or, with Reverse, in
// descending order. Both ends must be of one record kind, except that End may
// be the first key of the next kind. Limit 0 means no limit.
type Range struct {
	Start, End Key
	Limit      int
	Reverse    bool
}

// Prefix is the range of all keys that begin with p.
func Prefix(p Key) Range {
	return Range{Start: p, End: PrefixEnd(p)}
}

// PrefixEnd is the first key after every key that begins with p.
func PrefixEnd(p Key) Key {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != 0xff {
			return p[:i] + Key([]byte{p[i] + 1})
		}
	}
	return ""
}

// DB is a store. All methods may be called from many goroutines at once.
//
// Reads return only durable data: what a Get or Scan has seen survives a crash
// that follows it, so an answer may be built on a read alone.
type DB interface {
	// Get returns the value of k, or ErrNotFound. The caller owns the result.
	Get(ctx context.Context, k Key) ([]byte, error)
	// Scan yields the records of r as they stood at one moment. An error ends it.
	// The yielded record is valid only until the next step.
	Scan(ctx context.Context, r Range) iter.Seq2[Record, error]
	// Commit writes all of b or nothing, and is durable when it returns nil. It
	// fails with ErrConflict when a check does not hold and with ErrUnknown when
	// it cannot say whether b was written: the caller then reads back. A batch
	// is the store's until Commit returns, and may be committed again after.
	// ErrUnavailable says that nothing of b was written.
	// When ctx ends, a batch that is not yet being written is withdrawn and the
	// error is that of ctx alone; otherwise the waiting ends, with ErrUnknown, not
	// the write.
	Commit(ctx context.Context, b *Batch) error
	// Close releases the store. Calls that follow fail with ErrClosed.
	Close() error
}

// The errors of a store; test for them with errors.Is.
var (
	ErrNotFound = errors.New("store: not found")
	ErrConflict = errors.New("store: a check of the batch does not hold")
	ErrUnknown  = errors.New("store: it is unknown whether the batch was written")
	ErrClosed   = errors.New("store: closed")

	// ErrUnavailable answers any call while the store cannot be reached or
	// cannot write. Nothing of the call was done, and it may be tried again later:
	// a store whose database or disk comes back goes on without help where it can.
	ErrUnavailable = errors.New("store: unavailable")

	// ErrDamaged: what was to be read is there and is not what was written. The rest
	// of the store may be sound.
	ErrDamaged = errors.New("store: damaged")
)

// ConflictError names the key whose check failed. It matches ErrConflict.
type ConflictError struct{ Key Key }

func (e *ConflictError) Error() string { return fmt.Sprintf("%v: key %q", ErrConflict, e.Key) }

// Is makes the error match ErrConflict.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }
