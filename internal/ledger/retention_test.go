package ledger

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
)

func TestArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var items []*Item
		for i := range 10 {
			items = append(items, w.add(fmt.Sprint("m", i), phoneA, 0))
			time.Sleep(time.Minute)
		}
		at := func(i int) time.Time { return time.Unix(0, int64(items[i].Seq)) }
		for _, c := range []struct {
			after     Seq
			before    time.Time
			limit     int
			first, n  int
			described string
		}{
			{0, w.clock.Now(), 99, 0, 10, "all"},
			{0, at(4), 99, 0, 4, "before is left out"},
			{items[1].Seq, at(4), 99, 2, 2, "after is left out"},
			{0, w.clock.Now(), 3, 0, 3, "limit"},
			{items[8].Seq, at(4), 99, 0, 0, "nothing"},
			{0, time.Date(1926, 1, 1, 0, 0, 0, 0, time.UTC), 99, 0, 0, "before any"},
		} {
			got := must(w.Arrived(t.Context(), c.after, c.before, c.limit))(t)
			if len(got) != c.n {
				t.Errorf("%s: %d items", c.described, len(got))
				continue
			}
			for i, it := range got {
				want := items[c.first+i]
				if it.Ref != want.Ref || it.Seq != want.Seq || it.Phone != phoneA || it.Payload != nil {
					t.Errorf("%s: %+v, want %+v without a body", c.described, it, want)
				}
			}
		}
	})
}

func TestForget(t *testing.T) {
	w := newWorld(t)
	over, waits, unsure := w.add("over", phoneA, time.Hour), w.add("waits", phoneA, time.Hour), w.add("unsure", phoneA, time.Hour)
	w.apply(Change{Ref: over.Ref, Phone: phoneA, What: acked}, Change{Ref: unsure.Ref, Phone: phoneA, What: silent})
	w.ok(w.Forget(t.Context(), over, waits, unsure))
	if _, err := w.Status(t.Context(), over.Ref); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a forgotten item has a status: %v", err)
	}
	if _, err := w.Item(t.Context(), over.Seq); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a forgotten item has a body: %v", err)
	}
	if items := must(w.Mailbox(t.Context(), phoneA, 0, unsure.Seq, 0))(t); len(items) != 2 {
		t.Errorf("%d items wait, want those that waited before", len(items))
	}

	again := w.add("over", phoneB, 0) // the id is free
	w.apply(Change{Ref: again.Ref, Phone: phoneB, What: acked})
	w.ok(w.Forget(t.Context(), over))
	if w.state("over") != delivery.Delivered || must(w.Item(t.Context(), again.Seq))(t).Phone != phoneB {
		t.Error("forgetting the old item has touched the new one of its id")
	}
	before := len(w.rows(kindBody))
	w.ok(w.Forget(t.Context())) // nothing
	w.ok(w.Forget(t.Context(), waits))
	w.count(kindBody, before)
}

// An item that changes while it is forgotten is looked at again.
func TestForgetMeetsAChange(t *testing.T) {
	w := newWorld(t)
	it := w.add("m1", phoneA, 0)
	w.apply(Change{Ref: it.Ref, Phone: phoneA, What: acked})
	w.db.fail(func(commit func() error) error { // forgotten by another, and the id used again
		w.ok(w.Forget(t.Context(), it))
		w.add("m1", phoneB, 0)
		return commit()
	})
	w.ok(w.Forget(t.Context(), it))
	w.count(kindBody, 1)
	if s := w.state("m1"); s != delivery.Queued {
		t.Errorf("the new item is %v", s)
	}
}

func TestForgetUpstream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 10 {
			w.post("demo", fmt.Sprint("old", i), w.clock.Now())
		}
		time.Sleep(time.Hour)
		before := w.clock.Now()
		for i := range 5 {
			w.post("demo", fmt.Sprint("new", i), w.clock.Now())
		}
		rounds, from := 0, ""
		for {
			next := must(w.ForgetUpstream(t.Context(), from, before, 4))(t)
			if rounds++; next == "" {
				break
			}
			from = next
		}
		if rounds != 4 { // of four rows each, the last of three
			t.Errorf("%d rounds", rounds)
		}
		w.count(kindUpstream, 5)
		if next := must(w.ForgetUpstream(t.Context(), "", before.Add(time.Hour), 100))(t); next != "" {
			t.Errorf("goes on at %q", next)
		}
		w.count(kindUpstream, 0)
		w.count(kindOutbox, 15) // what the agents are to be told stays
		must(w.ForgetUpstream(t.Context(), "", before, 4))(t)
	})
}
