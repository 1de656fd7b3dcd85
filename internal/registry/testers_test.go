package registry

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func TestTesters(t *testing.T) {
	w := newWorld(t)
	w.agent("demo")
	w.agent("demo2") // an id with the same beginning
	w.phone(number)
	w.phone("+15550001111")
	add := func(agent, number string, status rbm.InviteStatus) (*Tester, error) {
		return w.AddTester(t.Context(), agent, number, status)
	}
	_, err := add("none", number, rbm.InviteStatusPending)
	code(t, "no such agent", err, rbm.CodeNotFound)
	_, err = add("demo", "+15550009999", rbm.InviteStatusPending)
	code(t, "no such phone", err, rbm.CodeNotFound)
	first, err := add("demo@rbm.goog", number, rbm.InviteStatusPending)
	if err != nil || first.Agent != "demo" || first.Phone != number || first.Status != rbm.InviteStatusPending {
		t.Errorf("%+v, %v", first, err)
	}
	again, err := add("demo", number, rbm.InviteStatusAccepted)
	if err != nil || again.Status != rbm.InviteStatusAccepted || !again.CreateTime.Equal(first.CreateTime) {
		t.Errorf("added again %+v, %v", again, err)
	}
	other, err := add("demo2", "+15550001111", rbm.InviteStatusAccepted)
	w.ok(err)
	for range 2 {
		testers, err := w.Testers(t.Context(), "demo@rbm.goog")
		if err != nil || len(testers) != 1 || !reflect.DeepEqual(testers[0], again) {
			t.Errorf("%v, %v", testers, err)
		}
		w.reopen()
	}
	_, err = w.Testers(t.Context(), "none")
	code(t, "listing of no agent", err, rbm.CodeNotFound)

	w.ok(w.RemoveTester(t.Context(), "demo@rbm.goog", number))
	code(t, "removing twice", w.RemoveTester(t.Context(), "demo", number), rbm.CodeNotFound)
	_, err = add("demo", number, rbm.InviteStatusAccepted)
	w.ok(err)
	w.ok(w.DeleteAgent(t.Context(), "demo"))
	w.agent("demo")
	if testers, err := w.Testers(t.Context(), "demo"); err != nil || len(testers) != 0 {
		t.Errorf("a new agent has its predecessor's testers %v, %v", testers, err)
	}
	if testers, err := w.Testers(t.Context(), "demo2"); err != nil || len(testers) != 1 || !reflect.DeepEqual(testers[0], other) {
		t.Errorf("another agent's testers: %v, %v", testers, err)
	}
	w.db.fail(func(func() error) error { return errDisk })
	tester, err := add("demo", number, rbm.InviteStatusAccepted)
	if code(t, "a broken store", err, rbm.CodeUnavailable); tester != nil {
		t.Errorf("%+v", tester)
	}
}

// An agent that is deleted while testers are added leaves none behind.
func TestTestersGoWithTheirAgent(t *testing.T) {
	for range 50 {
		w := newWorld(t)
		w.agent("demo")
		var wg sync.WaitGroup
		for i := range 4 {
			n := fmt.Sprint("+1555000111", i)
			w.phone(n)
			wg.Go(func() {
				if _, err := w.AddTester(t.Context(), "demo", n, rbm.InviteStatusAccepted); err != nil {
					code(t, "adding", err, rbm.CodeNotFound)
				}
			})
		}
		wg.Go(func() { code(t, "deleting", w.DeleteAgent(t.Context(), "demo"), rbm.CodeOK) })
		wg.Wait()
		if n, err := w.testers.Count(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d testers of no agent, %v", n, err)
		}
	}
}

// Whom an agent reaches: one row for each rule, at its limit and beyond.
func TestReach(t *testing.T) {
	for _, c := range []struct {
		name     string
		launched bool
		status   rbm.InviteStatus // "": no tester
		rcs      bool
		away     time.Duration
		reaches  bool
	}{
		{"launched", true, "", true, 0, true},
		{"launched, RCS off", true, "", false, 0, false},
		{"launched, 31 days away", true, "", true, 31 * day, true},
		{"launched, longer away", true, "", true, 31*day + time.Microsecond, false},
		{"unlaunched, no tester", false, "", true, 0, false},
		{"unlaunched, invited", false, rbm.InviteStatusPending, true, 0, false},
		{"unlaunched, declined", false, rbm.InviteStatusDeclined, true, 0, false},
		{"unlaunched, tester", false, rbm.InviteStatusAccepted, true, 0, true},
		{"unlaunched, tester, RCS off", false, rbm.InviteStatusAccepted, false, 0, false},
		{"unlaunched, tester, long away", false, rbm.InviteStatusAccepted, true, 32 * day, false},
		{"launched, declined tester", true, rbm.InviteStatusDeclined, true, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.agent("demo")
				agent, err := w.UpdateAgent(t.Context(), "demo", func(a *Agent) { a.Launched = c.launched })
				w.ok(err)
				_, _, err = w.CreatePhone(t.Context(), Phone{Number: number, RCSEnabled: c.rcs})
				w.ok(err)
				if c.status != "" {
					_, err := w.AddTester(t.Context(), "demo", number, c.status)
					w.ok(err)
				}
				time.Sleep(c.away)
				p, err := w.Reach(t.Context(), agent, number)
				if c.reaches {
					if err != nil || p.Number != number {
						t.Errorf("%+v, %v", p, err)
					}
					return
				}
				if p != nil || err == nil || err.Error() != rbm.NotFound().Error() {
					t.Errorf("%+v, %v, want Google's NOT_FOUND", p, err)
				}
				w.ok(w.Announce(t.Context(), number, nil, "c")) // the phone connects
				time.Sleep(seenStep)
				w.ok(w.Seen(t.Context(), number))
				if p, err := w.Phone(t.Context(), number); err != nil || !w.reachable(p) {
					t.Errorf("a phone that has connected is not reachable: %+v, %v", p, err)
				}
			})
		})
	}
}

func TestReachFailures(t *testing.T) {
	w := newWorld(t)
	agent := w.agent("demo")
	p, err := w.Reach(t.Context(), agent, number)
	if p != nil || err == nil || err.Error() != rbm.NotFound().Error() {
		t.Errorf("no such phone: %+v, %v", p, err)
	}
	w.phone(number)
	w.db.setBlind(2)
	p, err = w.Reach(t.Context(), agent, number) // the phone is in memory, its testers are not
	if code(t, "the testers cannot be read", err, rbm.CodeUnavailable); p != nil {
		t.Errorf("%+v", p)
	}
	_, err = w.Reach(t.Context(), agent, "+15550001111")
	code(t, "the phone cannot be read", err, rbm.CodeUnavailable)
}
