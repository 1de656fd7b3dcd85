package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// A store into which the records of another are written bears a mark until all of
// them are there and compared: nobody opens it before. The mark is the first record
// to come and the last to go, and only one of founding and filling gets an empty store.
var fillKey = key(kindMeta, "filling")

// Why a store cannot be filled, or opened.
var (
	ErrUnfinished = errors.New("ledger: the store is being filled with the records of another, or that was broken off, and not all are there")
	ErrNotEmpty   = errors.New("ledger: the store is not empty")
)

// Filling is a store that is being filled. Its scans do not show the mark; one with
// a limit may end a record early for that.
type Filling struct {
	store.DB
	mark []byte
}

// Fill marks db, which must be empty. It fails with ErrNotEmpty, or with
// ErrUnfinished if somebody else has marked it.
func Fill(ctx context.Context, db store.DB) (*Filling, error) {
	if err := finished(ctx, db); err != nil {
		return nil, err
	}
	switch k, err := anyKey(ctx, db); {
	case err != nil:
		return nil, err
	case k != "":
		return nil, fmt.Errorf("%w: it has %q", ErrNotEmpty, k)
	}
	var mark writer
	mark.byte(recordV1)
	mark.time(time.Now())
	mark.string(rand.Text())
	var b store.Batch
	b.Absent(fillKey)
	b.Absent(formatKey)
	b.Put(fillKey, mark)
	if err := (&Ledger{db: db}).commit(ctx, &b, store.Record{Key: fillKey, Value: mark}); err != nil {
		return nil, fmt.Errorf("ledger: marking the store: %w", err)
	}
	return &Filling{db, mark}, nil
}

// Scan implements store.DB, without the mark.
func (f *Filling) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for rec, err := range f.DB.Scan(ctx, r) {
			if rec.Key != fillKey && !yield(rec, err) {
				return
			}
		}
	}
}

// Finish takes the mark away: the store has all records, of a format that this
// program knows. What the processes on the other store kept of themselves is
// removed. If the store is a store.Sequencer, its numbers go on after atLeast and
// after all places of the records.
func (f *Filling) Finish(ctx context.Context, atLeast uint64) error {
	if err := known(ctx, f.DB); err != nil {
		return err
	}
	for _, kind := range []byte{kindNode, kindOnline, kindLease} {
		if err := f.clear(ctx, kind); err != nil {
			return fmt.Errorf("ledger: removing what nodes kept of themselves: %w", err)
		}
	}
	if s, ok := f.DB.(store.Sequencer); ok {
		last, err := lastPlace(ctx, f.DB)
		if err == nil {
			_, err = s.Sequence(ctx, max(uint64(last), atLeast)+1)
		}
		if err != nil {
			return fmt.Errorf("ledger: going on after the last place: %w", err)
		}
	}
	var b store.Batch
	b.Equals(fillKey, f.mark)
	b.Delete(fillKey)
	if err := (&Ledger{db: f.DB}).commit(ctx, &b, store.Record{Key: fillKey}); err != nil {
		return fmt.Errorf("ledger: taking the mark away: %w", err)
	}
	return nil
}

// cleared is how many records are removed in one commit.
const cleared = 1000

func (f *Filling) clear(ctx context.Context, kind byte) error {
	for {
		var b store.Batch
		r := store.Prefix(key(kind))
		r.Limit = cleared
		for rec, err := range f.DB.Scan(ctx, r) {
			if err != nil {
				return err
			}
			b.Delete(rec.Key)
		}
		if b.Empty() {
			return nil
		}
		if err := f.DB.Commit(ctx, &b); err != nil {
			return err
		}
	}
}

// Readable says why the records of db, which nobody has opened, are not to be taken
// elsewhere: not all are there, or they are none of this program's.
func Readable(ctx context.Context, db store.DB) error {
	if err := finished(ctx, db); err != nil {
		return err
	}
	return known(ctx, db)
}

// finished fails with ErrUnfinished if db is marked.
func finished(ctx context.Context, db store.DB) error {
	mark, err := db.Get(ctx, fillKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ledger: looking for a mark: %w", err)
	}
	r := open(mark)
	since := r.time()
	return fmt.Errorf("%w (begun at %s)", ErrUnfinished, since.UTC().Format(time.RFC3339))
}

// known fails unless db says that its format is one that this program knows.
func known(ctx context.Context, db store.DB) error {
	version, _, err := readFormat(ctx, db)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errors.New("ledger: the records do not say which format they have: they are no store of openrbm")
	case err != nil:
		return fmt.Errorf("ledger: reading the format: %w", err)
	case version > formatVersion():
		return newer(version)
	}
	return nil
}

// NodeRecords are the records of the processes that work on db, as bytes, by their
// names. One that is alive changes its own every few seconds.
func NodeRecords(ctx context.Context, db store.DB) (map[string]string, error) {
	nodes := make(map[string]string)
	for rec, err := range db.Scan(ctx, store.Prefix(key(kindNode))) {
		if err != nil {
			return nil, fmt.Errorf("ledger: reading the nodes: %w", err)
		}
		nodes[string(rec.Key[1:])] = string(rec.Value)
	}
	return nodes, nil
}
