package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/openrbm/openrbm/internal/store"
)

// upgrade leads the data from one format to the next. A crash may end it
// anywhere; it is then run again from its beginning, on what it left. So it must
// come to the same when it meets its own work. Programs of the old format refuse
// the store only when all of it is done: what it writes before that must not
// mislead them, or it is one commit.
type upgrade struct {
	// what it does, for the log and for errors.
	what string
	do   func(ctx context.Context, db store.DB) error
}

// upgrades are the ways from each format to the next, in order: the first leads
// from format 1 to 2. Never change one that was released.
var upgrades []upgrade

// formatVersion is the version of the key layout that this program writes.
func formatVersion() uint64 { return uint64(1 + len(upgrades)) }

var formatKey = key(kindMeta, "format")

func encodeFormat(version uint64) []byte {
	var w writer
	w.byte(recordV1)
	w.uint(version)
	return w
}

// readFormat is the format of the data in db and its record, or store.ErrNotFound.
func readFormat(ctx context.Context, db store.DB) (version uint64, record []byte, err error) {
	record, err = db.Get(ctx, formatKey)
	if err != nil {
		return 0, nil, err
	}
	r := open(record)
	version = r.uint()
	r.check(version > 0, "there is no format 0")
	return version, record, r.done(formatKey)
}

// checkFormat founds an empty store, brings older data to the format of this
// program, and refuses newer data.
func (l *Ledger) checkFormat(ctx context.Context) error {
	if err := finished(ctx, l.db); err != nil {
		return err
	}
	version, record, err := readFormat(ctx, l.db)
	if errors.Is(err, store.ErrNotFound) {
		return l.found(ctx)
	}
	if err != nil {
		return fmt.Errorf("ledger: reading the format: %w", err)
	}
	if version > formatVersion() {
		return newer(version)
	}
	for ; version < formatVersion(); version++ {
		step := upgrades[version-1]
		if err := step.do(ctx, l.db); err != nil {
			return fmt.Errorf("ledger: upgrading the data from format %d to %d (%s): %w", version, version+1, step.what, err)
		}
		next := encodeFormat(version + 1)
		var b store.Batch
		b.Equals(formatKey, record)
		b.Put(formatKey, next)
		err := l.commit(ctx, &b, store.Record{Key: formatKey, Value: next})
		if errors.Is(err, store.ErrConflict) { // another node has done the same
			return l.checkFormat(ctx)
		}
		if err != nil {
			return fmt.Errorf("ledger: upgrading the data from format %d to %d: %w", version, version+1, err)
		}
		record = next
	}
	return nil
}

func newer(version uint64) error {
	return fmt.Errorf("ledger: the data has format %d, this program knows up to %d: use a newer openrbm", version, formatVersion())
}

// found makes an empty store one of this program's format. What holds records
// and does not say its format is no store of ours, or has lost it.
func (l *Ledger) found(ctx context.Context) error {
	switch k, err := anyKey(ctx, l.db); {
	case err != nil:
		return err
	case k != "":
		return fmt.Errorf("ledger: the store does not say which format its data has, and is not empty: it has %q", k)
	}
	record := encodeFormat(formatVersion())
	var b store.Batch
	b.Absent(formatKey)
	b.Absent(fillKey)
	b.Put(formatKey, record)
	if err := l.commit(ctx, &b, store.Record{Key: formatKey, Value: record}); err != nil {
		return fmt.Errorf("ledger: founding the store: %w", err)
	}
	return nil
}
