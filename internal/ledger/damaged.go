package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	json "github.com/go-json-experiment/json"

	"github.com/openrbm/openrbm/internal/store"
)

// Damaged is a record that could not be read and was set aside, so that those
// beside it go on.
type Damaged struct {
	Key   string    `json:"key"` // quoted as Go does: keys are bytes
	Why   string    `json:"why"`
	Time  time.Time `json:"time"`
	Value []byte    `json:"value,omitempty"` // nil: the store could not read it
}

// setAsideID is where the record of k is kept when it has been set aside. Keys
// are as long as a store takes.
func setAsideID(k store.Key) string { return ID(fmt.Sprintf("%.100q", string(k)), EventID(string(k))) }

// setAside takes a damaged record out of the way: it is deleted, and
// kept among the damaged ones. It says false when err is no damage, or when that
// fails: then the caller fails with err as before. What a newer program wrote is
// not damaged.
func (l *Ledger) setAside(ctx context.Context, rec store.Record, err error) bool {
	if !errors.Is(err, store.ErrDamaged) {
		return false
	}
	v, encodeErr := json.Marshal(&Damaged{Key: fmt.Sprintf("%q", string(rec.Key)), Why: err.Error(), Time: l.clock.Now(), Value: rec.Value})
	if encodeErr != nil {
		return false
	}
	var b store.Batch
	b.Put(key(kindDamaged, setAsideID(rec.Key)), v)
	b.Delete(rec.Key)
	if commitErr := l.db.Commit(context.WithoutCancel(ctx), &b); commitErr != nil {
		l.logger().ErrorContext(ctx, "a damaged record cannot be set aside", "key", string(rec.Key), "why", err, "err", commitErr)
		return false
	}
	l.damaged.Add(1)
	if rec.Key.Kind() == kindMailbox {
		l.queued.Add(-1)
	}
	l.logger().ErrorContext(ctx, "a damaged record was set aside", "key", string(rec.Key), "why", err)
	return true
}

func (l *Ledger) logger() *slog.Logger {
	if l.Log == nil {
		return slog.Default()
	}
	return l.Log
}

// SetAside is how many damaged records have been set aside since the start.
func (l *Ledger) SetAside() int64 { return l.damaged.Load() }

// DamagedRecords is the table of the records that were set aside.
func DamagedRecords(l *Ledger) Table[Damaged] { return Table[Damaged]{l, kindDamaged} }
