package ledger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
)

// far is later than anything in a test is due.
var far = start.AddDate(100, 0, 0)

// reads are what the platform does with rows, and how many good ones each sees.
var reads = []struct {
	kind byte
	read func(w *world) (int, error)
	left int // rows of the kind beside the damaged one
}{
	{kindMailbox, func(w *world) (int, error) {
		items, err := w.Mailbox(w.t.Context(), phoneA, 0, math.MaxUint64, 0)
		return len(items), err
	}, 2},
	{kindDue, func(w *world) (int, error) {
		due, _, err := w.Due(w.t.Context(), far, 10)
		return len(due), err
	}, 2},
	{kindOutbox, func(w *world) (int, error) {
		due, _, err := w.DueNotices(w.t.Context(), "demo", time.Time{}, far, 10)
		return len(due), err
	}, 2},
	{kindBody, func(w *world) (int, error) {
		items, err := w.Arrived(w.t.Context(), 0, far, 10)
		return len(items), err
	}, 2},
	{kindUpstream, func(w *world) (int, error) {
		_, err := w.ForgetUpstream(w.t.Context(), "", time.Time{}, 10)
		return len(w.rows(kindUpstream)), err
	}, 2},
}

// furnish makes three rows of every kind.
func furnish(w *world) {
	for i := range 3 {
		id := fmt.Sprint("m", i)
		w.add(id, phoneA, time.Hour)
		now := w.clock.Now()
		_ = must(w.PostUpstream(w.t.Context(), phoneA, Ref{"demo", "u" + id}, &Notice{Agent: "demo", EventID: id, Type: "TEXT", Data: []byte("{}"), Created: now, Due: now}))(w.t)
	}
}

// One damaged record does not stop those beside it: it is set aside, once, with
// its key and what it held.
func TestDamagedRecordsAreSetAside(t *testing.T) {
	for _, c := range reads {
		for _, which := range []int{0, 1, 2} {
			t.Run(fmt.Sprintf("%c%d", c.kind, which), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					furnish(w)
					k := w.rows(c.kind)[which]
					var b store.Batch
					b.Put(k, []byte{recordV1})
					w.ok(w.db.Commit(t.Context(), &b))
					for range 2 {
						if n, err := c.read(w); n != c.left || err != nil {
							t.Fatalf("%d rows beside a damaged one, %v", n, err)
						}
					}
					list := must(DamagedRecords(w.Ledger).List(t.Context(), "", "", 0))(t)
					if len(list) != 1 || list[0].Key != fmt.Sprintf("%q", string(k)) || string(list[0].Value) != "\x01" || list[0].Why == "" || w.SetAside() != 1 {
						t.Errorf("set aside: %+v", list)
					}
					w.count(c.kind, c.left)
				})
			})
		}
	}
}

// When a damaged record cannot be set aside, reading fails as it did.
func TestDamagedRecordThatStays(t *testing.T) {
	for _, c := range reads {
		w := newWorld(t)
		furnish(w)
		var b store.Batch
		b.Put(w.rows(c.kind)[1], []byte{recordV1})
		w.ok(w.db.Commit(t.Context(), &b))
		w.db.fail(failed)
		if _, err := c.read(w); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("kind %c: %v", c.kind, err)
		}
		w.count(c.kind, 3)
	}
}

// unreadable is a store that cannot read one value.
type unreadable struct {
	store.DB
	key store.Key
}

func (u *unreadable) Get(ctx context.Context, k store.Key) ([]byte, error) {
	if k == u.key {
		return nil, fmt.Errorf("block 7: %w", store.ErrDamaged)
	}
	return u.DB.Get(ctx, k)
}

// A body that the disk has damaged keeps nobody's phone offline; its message is
// known, and expires when its time comes.
func TestUnreadableBody(t *testing.T) {
	w := newWorld(t)
	furnish(w)
	u := &unreadable{DB: w.db, key: w.rows(kindBody)[0]}
	w.Ledger.db = u
	items := must(w.Mailbox(t.Context(), phoneA, 0, math.MaxUint64, 0))(t)
	if len(items) != 2 || items[0].ID != "m1" || w.Queued() != 2 {
		t.Errorf("%d items, %d queued", len(items), w.Queued())
	}
	if w.state("m0") != delivery.Queued {
		t.Errorf("state %v", w.state("m0"))
	}
	done := w.apply(Change{Ref: Ref{"demo", "m0"}, Phone: phoneA, What: delivery.TimeExpired})
	if len(done[0].Reports) != 1 {
		t.Errorf("%+v", done[0])
	}
}
