package ledger

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// post puts a notice into the outbox of an agent.
func (w *world) post(agent, event string, due time.Time) *Notice {
	w.t.Helper()
	n := &Notice{Agent: agent, EventID: event, Type: "TEXT", Data: []byte(event), Created: due, Due: due}
	if !must(w.PostUpstream(w.t.Context(), phoneA, Ref{agent, event}, n))(w.t) {
		w.t.Fatalf("%s is not new", event)
	}
	return n
}

func (w *world) due(agent string, now time.Time, limit int) (events []string, next time.Time) {
	w.t.Helper()
	due, next, err := w.DueNotices(w.t.Context(), agent, time.Time{}, now, limit)
	w.ok(err)
	for _, n := range due {
		events = append(events, n.EventID)
	}
	return events, next
}

func TestDueNotices(t *testing.T) {
	w := newWorld(t)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for i := 9; i >= 0; i-- {
		w.post("demo", fmt.Sprint("e", i), at(i))
	}
	w.post("dem", "other", at(0)) // an id with the same beginning
	w.post("demo2", "other", at(0))
	for _, c := range []struct {
		now, limit int
		want       []string
		next       int // -1: none
	}{
		{-1, 5, nil, 0},
		{0, 5, []string{"e0"}, 1},
		{3, 5, []string{"e0", "e1", "e2", "e3"}, 4},
		{9, 3, []string{"e0", "e1", "e2"}, 3},
		{9, 10, []string{"e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7", "e8", "e9"}, -1},
	} {
		got, next := w.due("demo", at(c.now), c.limit)
		if !slices.Equal(got, c.want) || next.IsZero() != (c.next < 0) || c.next >= 0 && !next.Equal(at(c.next)) {
			t.Errorf("at %d, limit %d: %v, next %v", c.now, c.limit, got, next)
		}
	}
	if late, next, err := w.DueNotices(t.Context(), "demo", at(8), at(8), 5); err != nil || len(late) != 1 || late[0].EventID != "e8" || !next.Equal(at(9)) {
		t.Errorf("since 8: %v, next %v, %v", late, next, err)
	}
	if got, next := w.due("none", at(9), 5); got != nil || !next.IsZero() {
		t.Errorf("an agent without notices has %v, next %v", got, next)
	}
	for limit, want := range map[int]int{0: 10, 3: 3, 99: 10} {
		if n := must(w.CountNotices(t.Context(), "demo", limit))(t); n != want {
			t.Errorf("counted %d with limit %d", n, limit)
		}
	}
}

func TestNoticeAgents(t *testing.T) {
	w := newWorld(t)
	if agents := must(w.NoticeAgents(t.Context()))(t); len(agents) != 0 {
		t.Errorf("agents %v", agents)
	}
	want := []string{"A", "a", "a-b", "a.b", "aa", "ab", "b"}
	for _, agent := range want {
		for i := range 5 {
			w.post(agent, fmt.Sprint("e", i), start.Add(time.Duration(i)))
		}
	}
	scans := &scanCounter{DB: w.db}
	w.Ledger.db = scans
	agents := must(w.NoticeAgents(t.Context()))(t)
	slices.Sort(want)
	if slices.Sort(agents); !slices.Equal(agents, want) {
		t.Errorf("agents %v, want %v", agents, want)
	}
	if scans.rows != len(want) || scans.n != len(want)+1 {
		t.Errorf("%d rows read in %d seeks for %d agents", scans.rows, scans.n, len(want))
	}
}

func TestPostponeAndHasten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		now := w.clock.Now()
		n := w.post("demo", "e1", now)
		w.ok(w.Postpone(t.Context(), n, now.Add(time.Minute)))
		if err := w.Postpone(t.Context(), n, now.Add(time.Hour)); !errors.Is(err, store.ErrConflict) {
			t.Errorf("postponing what has moved: %v", err)
		}
		if err := w.Hasten(t.Context(), n); !errors.Is(err, store.ErrConflict) {
			t.Errorf("hastening what has moved: %v", err)
		}
		if got, next := w.due("demo", now, 9); got != nil || !next.Equal(now.Add(time.Minute)) {
			t.Errorf("due %v, next %v", got, next)
		}
		due, _, err := w.DueNotices(t.Context(), "demo", time.Time{}, now.Add(time.Minute), 9)
		w.ok(err)
		want := *n
		want.Due, want.Attempts = now.Add(time.Minute), 1
		if len(due) != 1 || !reflect.DeepEqual(*due[0], want) {
			t.Fatalf("postponed to %+v, want %+v", due, want)
		}
		time.Sleep(time.Second)
		w.ok(w.Hasten(t.Context(), due[0]))
		due, _, err = w.DueNotices(t.Context(), "demo", time.Time{}, w.clock.Now(), 9)
		w.ok(err)
		if len(due) != 1 || due[0].Attempts != 0 || !due[0].Due.Equal(w.clock.Now()) || !due[0].Created.Equal(n.Created) {
			t.Fatalf("hastened to %+v", due)
		}
		w.ok(w.Hasten(t.Context(), due[0])) // it is there already
		w.count(kindOutbox, 1)
		w.ok(w.Retire(t.Context(), due...))
		w.count(kindOutbox, 0)
		w.ok(w.Retire(t.Context(), due...)) // a repeat
		w.ok(w.Retire(t.Context()))
		if err := w.Postpone(t.Context(), due[0], now); !errors.Is(err, store.ErrConflict) {
			t.Errorf("postponing what is retired: %v", err)
		}
		w.count(kindOutbox, 0)
	})
}

func TestPostUpstreamRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ref := Ref{"demo", "u1"}
		post := func(phone string, ref Ref) bool {
			id := EventID(phone, ref.Agent, ref.ID)
			now := w.clock.Now()
			return must(w.PostUpstream(t.Context(), phone, ref, &Notice{Agent: ref.Agent, EventID: id, Type: "TEXT", Created: now, Due: now}))(t)
		}
		if !post(phoneA, ref) || post(phoneA, ref) {
			t.Error("the first is new, the second is not")
		}
		time.Sleep(time.Hour)
		if post(phoneA, ref) {
			t.Error("a repeat after an hour is new")
		}
		w.count(kindOutbox, 1)
		if !post(phoneB, ref) || !post(phoneA, Ref{"demo2", "u1"}) || !post(phoneA, Ref{"demo", "u2"}) {
			t.Error("another phone, agent or id is not a repeat")
		}
		w.count(kindOutbox, 4)
	})
}
