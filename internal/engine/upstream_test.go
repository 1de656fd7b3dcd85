package engine

import (
	"context"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

func TestPostMessage(t *testing.T) {
	for want, m := range map[string]*rbm.UserMessage{
		"TEXT":                {Text: "hi"},
		"LOCATION":            {Location: &rbm.LatLng{Latitude: 1, Longitude: 2}},
		"USER_FILE":           {UserFile: &rbm.UserFile{Payload: &rbm.FileInfo{FileURI: "https://example.com/f"}}},
		"SUGGESTION_RESPONSE": {SuggestionResponse: &rbm.SuggestionResponse{PostbackData: "p", Text: "OK", Type: "REPLY"}},
	} {
		t.Run(want, func(t *testing.T) {
			inWorld(t, Options{}, func(t *testing.T, w *world) {
				for range 2 { // the repeat is absorbed
					again := *m
					code(t, "posting", w.PostMessage(t.Context(), numberA, agent, "u1", &again), rbm.CodeOK)
				}
				notices := w.notices()
				if len(notices) != 1 || notices[0].Type != want || w.notified != 1 || w.Stats().Upstream.Load() != 1 {
					t.Fatalf("%d notices, told %d times", len(notices), w.notified)
				}
				var got rbm.UserMessage
				if err := rbm.Unmarshal(notices[0].Data, &got); err != nil {
					t.Fatal(err)
				}
				if got.SenderPhoneNumber != numberA || got.MessageID != "u1" || got.AgentID != agent+"@rbm.goog" ||
					!got.SendTime.Time().Equal(w.clock.Now()) || got.Text != m.Text || messageType(&got) != want {
					t.Errorf("%s", notices[0].Data)
				}
				if !notices[0].Due.Equal(w.clock.Now()) || !notices[0].Created.Equal(w.clock.Now()) {
					t.Errorf("due %v, created %v", notices[0].Due, notices[0].Created)
				}
			})
		})
	}
}

func TestPostEvent(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		for _, kind := range []rbm.UserEventType{rbm.UserEventIsTyping, rbm.UserEventSubscribe, rbm.UserEventUnsubscribe} {
			id := string(kind)
			code(t, id, w.PostEvent(t.Context(), numberA, agent, id, kind), rbm.CodeOK)
			code(t, id, w.PostEvent(t.Context(), numberA, agent, id, kind), rbm.CodeOK)
		}
		texts := map[string]int{}
		for _, n := range w.notices() {
			if n.Type == "TEXT" {
				var got rbm.UserMessage
				if err := rbm.Unmarshal(n.Data, &got); err != nil || got.SenderPhoneNumber != numberA || !rbm.ValidMessageID(got.MessageID) {
					t.Errorf("%s, %v", n.Data, err)
				}
				texts[got.Text]++
				continue
			}
			var got rbm.UserEvent
			if err := rbm.Unmarshal(n.Data, &got); err != nil || got.EventID != n.Type || string(got.EventType) != n.Type ||
				got.SenderPhoneNumber != numberA || got.AgentID != agent+"@rbm.goog" || got.MessageID != "" {
				t.Errorf("%s, %v", n.Data, err)
			}
		}
		if n := len(w.notices()); n != 5 || len(texts) != 2 || texts["START"] != 1 || texts["STOP"] != 1 {
			t.Errorf("%d notices, texts %v", n, texts)
		}
	})
}

// Buttons and typed keywords alike say whether the user wants promotions; what
// is repeated late changes nothing any more.
func TestSubscriptions(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		want := func(after string, unsubscribed bool) {
			t.Helper()
			for phone, want := range map[string]bool{numberA: unsubscribed, numberB: false} {
				if got, err := w.ledger.Unsubscribed(t.Context(), agent, phone); got != want || err != nil {
					t.Errorf("after %s, %s: %v, %v", after, phone, got, err)
				}
			}
		}
		event := func(id string, kind rbm.UserEventType) {
			t.Helper()
			code(t, id, w.PostEvent(t.Context(), numberA, agent, id, kind), rbm.CodeOK)
		}
		text := func(id, text string) {
			t.Helper()
			code(t, id, w.PostMessage(t.Context(), numberA, agent, id, &rbm.UserMessage{Text: text}), rbm.CodeOK)
		}
		want("nothing", false)
		event("e1", rbm.UserEventUnsubscribe)
		want("the button", true)
		event("e2", rbm.UserEventSubscribe)
		event("e1", rbm.UserEventUnsubscribe) // a repeat
		want("the other button", false)
		text("m1", " stop ")
		want("STOP", true)
		text("m2", "please start")
		want("another text", true)
		text("m3", "START")
		want("START", false)
	})
}

// What users say to the platform's own agent goes to the platform.
func TestPlatformAgent(t *testing.T) {
	var heard []string
	take := func(_ context.Context, phone string, m *rbm.UserMessage) error {
		heard = append(heard, phone+" "+m.Text)
		return nil
	}
	inOwnWorld(t, Options{Platform: take}, func(t *testing.T, w *world) {
		code(t, "a message", w.PostMessage(t.Context(), numberA, ledger.PlatformAgent, "m1", &rbm.UserMessage{Text: "STOP"}), rbm.CodeOK)
		code(t, "an event", w.PostEvent(t.Context(), numberA, ledger.PlatformAgent, "e1", rbm.UserEventIsTyping), rbm.CodeOK)
		if len(heard) != 1 || heard[0] != numberA+" STOP" || len(w.notices()) != 0 {
			t.Errorf("heard %q, %d notices", heard, len(w.notices()))
		}
	})
}

// The answer to a capability callback is told once a request.
func TestPostCapabilities(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		r := &rbm.CapabilityCallbackResponse{RequestID: "r1", PhoneNumber: numberA, RbmEnabled: true}
		for range 2 {
			code(t, "telling", w.PostCapabilities(t.Context(), agent, r), rbm.CodeOK)
		}
		if n := w.notices(); len(n) != 1 || n[0].Type != "CAPABILITY_CALLBACK" {
			t.Errorf("%d notices", len(n))
		}
	})
}

// Two phones that choose the same id at the same moment are both heard.
func TestPostsOfTwoPhonesWithOneID(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		for _, number := range []string{numberA, numberB} {
			code(t, "posting", w.PostMessage(t.Context(), number, agent, "same", &rbm.UserMessage{Text: number}), rbm.CodeOK)
		}
		if n := len(w.notices()); n != 2 {
			t.Errorf("%d notices", n)
		}
	})
}

func TestPostRefusals(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		code(t, "no such agent", w.PostMessage(t.Context(), numberA, "none", "u1", &rbm.UserMessage{Text: "hi"}), rbm.CodeNotFound)
		code(t, "no directory", w.PostEvent(t.Context(), numberA, "broken", "u1", rbm.UserEventIsTyping), rbm.CodeUnavailable)
		gone, cancel := context.WithCancel(t.Context())
		cancel() // the phone has disconnected: what it sent counts
		code(t, "posting", w.PostMessage(gone, numberA, agent, "u1", &rbm.UserMessage{Text: "hi"}), rbm.CodeOK)
		if n := len(w.notices()); n != 1 {
			t.Errorf("%d notices", n)
		}
	})
}

// An agent that goes away in the middle of its send has sent.
func TestCallersThatGoAway(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.AcceptMessage(gone, ref("m1"), numberA, message("m1", time.Hour))
		code(t, "sending", err, rbm.CodeOK)
		code(t, "revoking", w.Revoke(gone, ref("m1"), numberA), rbm.CodeOK)
	})
}
