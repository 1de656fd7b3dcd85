package ledger

import (
	"errors"
	"testing"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
)

// What the platform itself writes is delivered like any message, and nobody is told.
func TestPlatformAgentIsToldNothing(t *testing.T) {
	w := newWorld(t)
	for _, agent := range []string{"demo", PlatformAgent} {
		it := w.message("m1", phoneA, 0)
		it.Agent = agent
		w.ok(w.Add(t.Context(), it))
		done := w.apply(Change{Ref: it.Ref, Phone: phoneA, What: delivery.PhoneRead})
		if done[0].Outcome.State != delivery.Read {
			t.Errorf("%s: %v", agent, done[0].Outcome.State)
		}
	}
	if agents := must(w.NoticeAgents(t.Context()))(t); len(agents) != 1 || agents[0] != "demo" {
		t.Errorf("told: %v", agents)
	}
}

// A wish changes with the notices that tell of it, or not at all.
func TestSubscriptionIsOneCommitWithItsNotices(t *testing.T) {
	w := newWorld(t)
	unwanted := func(want bool) {
		t.Helper()
		for phone, want := range map[string]bool{phoneA: want, phoneB: false} {
			if got := must(w.Unsubscribed(t.Context(), "demo", phone))(t); got != want {
				t.Errorf("%s: unsubscribed %v, want %v", phone, got, want)
			}
		}
		if must(w.Unsubscribed(t.Context(), "dem", phoneA))(t) {
			t.Error("another agent's")
		}
	}
	wish := func(id string, wanted, fresh bool) {
		t.Helper()
		n := &Notice{Agent: "demo", EventID: id, Type: "TEXT", Data: []byte(id), Created: start, Due: start}
		if got := must(w.PostSubscription(t.Context(), phoneA, Ref{"demo", id}, wanted, n))(t); got != fresh {
			t.Errorf("%s is new: %v", id, got)
		}
	}
	unwanted(false)
	wish("e1", false, true)
	unwanted(true)
	wish("e2", true, true)
	wish("e1", false, false) // a repeat
	unwanted(false)
	if events, _ := w.due("demo", start, 10); len(events) != 2 {
		t.Errorf("%d events", len(events))
	}
	// Written, but the store does not know: read back (law 4).
	w.db.fail(unknownStored)
	wish("e3", false, true)
	unwanted(true)
	w.db.fail(unknownLost)
	if _, err := w.PostSubscription(t.Context(), phoneA, Ref{"demo", "e4"}, true); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("got %v", err)
	}
	unwanted(true)
}
