package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
)

func TestAdd(t *testing.T) {
	w := newWorld(t)
	it := w.add("m1", phoneA, time.Hour)
	if got := must(w.Item(t.Context(), it.Seq))(t); !reflect.DeepEqual(got, it) {
		t.Errorf("stored %+v, read %+v", it, got)
	}
	want := &Status{Ref: it.Ref, Seq: it.Seq, Kind: delivery.Message, State: delivery.Queued, Phone: phoneA, ExpireTime: it.ExpireTime, ChangeTime: it.SendTime}
	if got := must(w.Status(t.Context(), it.Ref))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("status %+v, want %+v", got, want)
	}
	for _, kind := range []byte{kindID, kindBody, kindMailbox, kindDue} {
		w.count(kind, 1)
	}
	w.add("m2", phoneA, 0) // never expires
	w.count(kindDue, 1)
	w.count(kindMailbox, 2)
	if n := w.Queued(); n != 2 {
		t.Errorf("%d queued", n)
	}
}

// The oldest item that waits is found whichever phone it is for.
func TestOldestWaiting(t *testing.T) {
	w := newWorld(t)
	oldest := func(want time.Time) {
		t.Helper()
		if got := must(w.OldestWaiting(t.Context(), 10))(t); !got.Equal(want) {
			t.Errorf("the oldest is of %v, want %v", got, want)
		}
	}
	oldest(time.Time{})
	first := w.add("m1", phoneB, 0)
	w.add("m2", phoneA, 0)
	oldest(first.Seq.time())
}

// An id is used once per agent: by a message or an event, for whichever phone.
func TestAddRepeat(t *testing.T) {
	w := newWorld(t)
	w.add("m1", phoneA, time.Hour)
	typing := w.message("typing", phoneA, 0)
	typing.Kind = delivery.Event
	w.ok(w.AddPassing(t.Context(), typing))
	before := snapshot(w)
	for _, again := range []*Item{w.message("m1", phoneA, 0), w.message("m1", phoneB, time.Minute), w.message("typing", phoneB, 0)} {
		for _, kind := range []delivery.Kind{delivery.Message, delivery.Event} {
			again.Kind = kind
			if err := w.Add(t.Context(), again); !errors.Is(err, store.ErrConflict) {
				t.Errorf("adding %v again: %v", again.Ref, err)
			}
			if err := w.AddPassing(t.Context(), again); !errors.Is(err, store.ErrConflict) {
				t.Errorf("passing %v again: %v", again.Ref, err)
			}
		}
	}
	if after := snapshot(w); !reflect.DeepEqual(after, before) {
		t.Errorf("a repeat changed the store from\n%q to\n%q", before, after)
	}
	if n := w.Queued(); n != 1 {
		t.Errorf("%d queued", n)
	}
	other := w.message("m1", phoneA, 0)
	other.Agent = "demo2" // ids are each agent's own
	w.ok(w.Add(t.Context(), other))
}

// snapshot is all rows but the clock's.
func snapshot(w *world) map[store.Key]string {
	all := map[store.Key]string{}
	for kind := byte('a'); kind <= 'z'; kind++ {
		for rec, err := range w.db.Scan(w.t.Context(), store.Prefix(key(kind))) {
			w.ok(err)
			all[rec.Key] = string(rec.Value)
		}
	}
	return all
}

func TestOneOfManyUsesTheID(t *testing.T) {
	w := newWorld(t)
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 16 {
		it := w.message("m1", []string{phoneA, phoneB}[i%2], 0)
		wg.Go(func() {
			if w.Add(t.Context(), it) == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || w.Queued() != 1 {
		t.Errorf("%d sends used one id, %d queued", won.Load(), w.Queued())
	}
}

func TestPassing(t *testing.T) {
	w := newWorld(t)
	it := w.message("typing", phoneA, 0)
	it.Kind = delivery.Event
	w.ok(w.AddPassing(t.Context(), it))
	if s := w.state("typing"); s != delivery.Delivered {
		t.Errorf("state %v", s)
	}
	w.count(kindMailbox, 0)
	if n := w.Queued(); n != 0 {
		t.Errorf("%d queued", n)
	}
}

func TestMailboxRanges(t *testing.T) {
	w := newWorld(t)
	var seqs []Seq
	for i := range 10 {
		seqs = append(seqs, w.add(fmt.Sprint("a", i), phoneA, 0).Seq)
		w.add(fmt.Sprint("b", i), phoneB, 0)
	}
	w.add("c", phoneA+"0", 0) // a longer number with the same beginning
	for _, c := range []struct {
		name        string
		after, upTo Seq
		limit       int
		want        []Seq
	}{
		{"all", 0, math.MaxUint64, 0, seqs},
		{"after is left out, upTo is in", seqs[2], seqs[5], 0, seqs[3:6]},
		{"limit", seqs[0], seqs[9], 3, seqs[1:4]},
		{"between places", seqs[2] + 1, seqs[5] - 1, 0, seqs[3:5]},
		{"nothing after", seqs[9], math.MaxUint64, 0, nil},
		{"nothing up to", 0, seqs[0] - 1, 0, nil},
		{"end before start", seqs[5], seqs[2], 0, nil},
		{"one", seqs[4] - 1, seqs[4], 1, seqs[4:5]},
	} {
		t.Run(c.name, func(t *testing.T) {
			items := must(w.Mailbox(t.Context(), phoneA, c.after, c.upTo, c.limit))(t)
			var got []Seq
			for _, it := range items {
				got = append(got, it.Seq)
				if it.Phone != phoneA || it.State != delivery.Queued || len(it.Payload) == 0 {
					t.Errorf("%+v", it)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	for limit, want := range map[int]int{0: 10, 4: 4, 50: 10} {
		if n := must(w.CountMailbox(t.Context(), phoneA, limit))(t); n != want {
			t.Errorf("counted %d with limit %d", n, limit)
		}
	}
	if n := must(w.CountMailbox(t.Context(), "+1", 0))(t); n != 0 {
		t.Errorf("an unknown phone has %d waiting", n)
	}
}

func TestMailboxWithoutBody(t *testing.T) {
	w := newWorld(t)
	it := w.add("m1", phoneA, 0)
	w.add("m2", phoneA, 0)
	var b store.Batch
	b.Delete(bodyKey(it.Seq))
	w.ok(w.db.Commit(t.Context(), &b))
	items, err := w.Mailbox(t.Context(), phoneA, 0, math.MaxUint64, 0)
	if err != nil || len(items) != 1 || items[0].ID != "m2" || w.SetAside() != 1 || w.Queued() != 1 {
		t.Errorf("beside a waiting item without a body: %+v, %v; %d set aside, %d queued", items, err, w.SetAside(), w.Queued())
	}
}

// An item that is dropped and forgotten between the two reads is passed over.
func TestMailboxWhileForgetting(t *testing.T) {
	w := newWorld(t)
	gone, stays := w.add("m1", phoneA, 0), w.add("m2", phoneA, 0)
	w.Ledger.db = &beforeGet{DB: w.db, key: bodyKey(gone.Seq), do: func() {
		w.apply(Change{Ref: gone.Ref, Phone: phoneA, What: delivery.QueueExpired})
		w.ok(w.Forget(t.Context(), gone))
	}}
	items := must(w.Mailbox(t.Context(), phoneA, 0, math.MaxUint64, 0))(t)
	if len(items) != 1 || items[0].Ref != stays.Ref {
		t.Errorf("got %+v", items)
	}
}

func TestDuePaging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		base := w.clock.Now().Truncate(time.Microsecond)
		for i := range 10 { // added in the reverse order of their time
			w.add(fmt.Sprint("m", i), phoneA, time.Duration(10-i)*time.Minute)
		}
		w.add("never", phoneA, 0)
		w.add("twin", phoneB, 3*time.Minute)
		for _, c := range []struct {
			now   time.Duration
			limit int
			want  []string
			next  time.Duration // 0: none
		}{
			{0, 5, nil, time.Minute},
			{time.Minute - 1, 5, nil, time.Minute},
			{time.Minute, 5, []string{"m9"}, 2 * time.Minute},
			{5 * time.Minute, 3, []string{"m9", "m8", "m7"}, 3 * time.Minute},
			{5 * time.Minute, 4, []string{"m9", "m8", "m7", "twin"}, 4 * time.Minute},
			{time.Hour, 100, []string{"m9", "m8", "m7", "twin", "m6", "m5", "m4", "m3", "m2", "m1", "m0"}, 0},
		} {
			due, next, err := w.Due(t.Context(), base.Add(c.now), c.limit)
			w.ok(err)
			var got []string
			for _, it := range due {
				got = append(got, it.ID)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("at %v, limit %d: %v, want %v", c.now, c.limit, got, c.want)
			}
			if c.next == 0 != next.IsZero() || c.next != 0 && !next.Equal(base.Add(c.next)) {
				t.Errorf("at %v, limit %d: the next is at %v, want %v", c.now, c.limit, next.Sub(base), c.next)
			}
		}
	})
}

// What is damaged on the disk is reported, not passed over.
func TestReadsRefuseDamage(t *testing.T) {
	for _, c := range []struct {
		kind byte
		read func(w *world, it *Item) error
	}{
		{kindID, func(w *world, it *Item) error { _, err := w.Status(w.t.Context(), it.Ref); return err }},
		{kindID, func(w *world, it *Item) error {
			_, err := w.Apply(w.t.Context(), Change{Ref: it.Ref, Phone: phoneA, What: delivery.PhoneAcked})
			return err
		}},
		{kindID, func(w *world, it *Item) error { return w.Forget(w.t.Context(), it) }},
		{kindBody, func(w *world, it *Item) error { _, err := w.Item(w.t.Context(), it.Seq); return err }},
		{kindBody, func(w *world, it *Item) error {
			_, err := w.Mailbox(w.t.Context(), phoneA, 0, math.MaxUint64, 0)
			return err
		}},
		{kindBody, func(w *world, it *Item) error {
			_, err := w.Arrived(w.t.Context(), 0, it.SendTime.AddDate(1, 0, 0), 9)
			return err
		}},
		{kindMailbox, func(w *world, it *Item) error {
			_, err := w.Mailbox(w.t.Context(), phoneA, 0, math.MaxUint64, 0)
			return err
		}},
		{kindDue, func(w *world, it *Item) error { _, _, err := w.Due(w.t.Context(), it.ExpireTime, 9); return err }},
		{kindOutbox, func(w *world, it *Item) error {
			_, _, err := w.DueNotices(w.t.Context(), "demo", time.Time{}, it.ExpireTime, 9)
			return err
		}},
		{kindUpstream, func(w *world, it *Item) error {
			_, err := w.ForgetUpstream(w.t.Context(), "", it.ExpireTime, 9)
			return err
		}},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			w := newWorld(t)
			it := w.add("m1", phoneA, time.Hour)
			must(w.PostUpstream(t.Context(), phoneA, Ref{"demo", "u1"}, &Notice{Agent: "demo", EventID: "e", Created: it.SendTime, Due: it.SendTime}))(t)
			w.ok(c.read(w, it))
			w = newWorld(t)
			it = w.add("m1", phoneA, time.Hour)
			must(w.PostUpstream(t.Context(), phoneA, Ref{"demo", "u1"}, &Notice{Agent: "demo", EventID: "e", Created: it.SendTime, Due: it.SendTime}))(t)
			var b store.Batch
			for _, k := range w.rows(c.kind) {
				b.Put(k, []byte{recordV1 + 1})
			}
			w.ok(w.db.Commit(t.Context(), &b))
			if err := c.read(w, it); err == nil || !bytes.Contains([]byte(err.Error()), []byte("use a newer openrbm")) {
				t.Errorf("a newer record of kind %c gave %v", c.kind, err)
			}
		})
	}
}
