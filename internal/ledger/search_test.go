package ledger

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
)

// found are the ids of what a search finds, page after page.
func (w *world) found(t *testing.T, q Search) (ids []string) {
	t.Helper()
	for range 100 {
		found, next, err := w.Recent(t.Context(), q)
		w.ok(err)
		for _, f := range found {
			if f.Item.Ref != f.Status.Ref {
				t.Errorf("%v has the status of %v", f.Item.Ref, f.Status.Ref)
			}
			ids = append(ids, f.Item.ID)
		}
		if next == 0 {
			return ids
		}
		q.Before = next
	}
	t.Fatal("the pages never end")
	return nil
}

func TestRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var items []*Item
		for i := range 2*searchPage + 10 {
			items = append(items, w.add(fmt.Sprint("m", i), phoneA, 0))
			time.Sleep(time.Second)
		}
		last := len(items) - 1
		w.apply(Change{Ref: items[3].Ref, Phone: phoneA, What: acked}, Change{Ref: items[last].Ref, Phone: phoneA, What: acked})
		delivered := func(s *Status) bool { return s.State == delivery.Delivered }
		for what, c := range map[string]struct {
			q    Search
			want string
		}{
			"delivered":        {Search{Status: delivered, Limit: 10, Scan: 1 << 20}, fmt.Sprint([]string{items[last].ID, "m3"})},
			"one a page":       {Search{Status: delivered, Limit: 1, Scan: 1 << 20}, fmt.Sprint([]string{items[last].ID, "m3"})},
			"little at a time": {Search{Status: delivered, Limit: 9, Scan: 100}, fmt.Sprint([]string{items[last].ID, "m3"})},
			"before":           {Search{Status: delivered, Before: items[last].Seq, Limit: 9, Scan: 1 << 20}, "[m3]"},
			"since":            {Search{Since: time.Unix(0, int64(items[last-1].Seq)), Limit: 9, Scan: 1 << 20}, fmt.Sprint([]string{items[last].ID, items[last-1].ID})},
			"by item":          {Search{Item: func(it *Item) bool { return it.ID == "m7" }, Limit: 9, Scan: 1 << 20}, "[m7]"},
			"nothing":          {Search{Item: func(*Item) bool { return false }, Limit: 9, Scan: 1 << 20}, "[]"},
		} {
			if got := fmt.Sprint(w.found(t, c.q)); got != c.want {
				t.Errorf("%s: %s, want %s", what, got, c.want)
			}
		}
		if n := len(w.found(t, Search{Limit: 77, Scan: 1 << 20})); n != len(items) {
			t.Errorf("all pages have %d items of %d", n, len(items))
		}
	})
}

// What is given up is kept, the last of it, and can be replayed.
func TestDeadNotices(t *testing.T) {
	w := newWorld(t)
	var notices []*Notice
	for i := range deadKept + 5 {
		notices = append(notices, &Notice{Agent: "agent", EventID: fmt.Sprint("e", i), Type: "READ", Data: []byte("{}"), Created: w.clock.Now(), Due: w.clock.Now(), Attempts: 7})
	}
	w.ok(w.Replay(t.Context(), notices...)) // into the outbox
	all, _, err := w.DueNotices(t.Context(), "agent", time.Time{}, w.clock.Now(), len(notices)+1)
	w.ok(err)
	if len(all) != len(notices) {
		t.Fatalf("%d of %d wait", len(all), len(notices))
	}
	w.ok(w.Bury(t.Context(), all...))
	if n := must(w.CountNotices(t.Context(), "agent", 0))(t); n != 0 {
		t.Errorf("%d wait after they were given up", n)
	}
	dead := must(w.DeadNotices(t.Context(), "agent", 0))(t)
	if len(dead) != deadKept {
		t.Errorf("%d are kept, not %d", len(dead), deadKept)
	}
	w.ok(w.Replay(t.Context(), dead[0]))
	if n := must(w.CountNotices(t.Context(), "agent", 0))(t); n != 1 {
		t.Errorf("%d wait after the replay of one", n)
	}
	if left := must(w.DeadNotices(t.Context(), "agent", 0))(t); len(left) != deadKept-1 || left[0].EventID == dead[0].EventID {
		t.Errorf("%d are left", len(left))
	}
}
