package engine

import (
	"testing"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// An id is used once, by a message or an event, for whichever phone: a repeat is
// answered with what was stored and changes nothing.
func TestRepeatsAreIgnored(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		a, b := w.phone(numberA), w.phone(numberB)
		a.connect()
		b.connect()
		first, err := w.AcceptMessage(t.Context(), ref("x"), numberA, message("first", 0))
		if err != nil {
			t.Fatal(err)
		}
		w.event("e", numberA, rbm.AgentEventRead)
		for _, number := range []string{numberA, numberB} {
			res, err := w.AcceptMessage(t.Context(), ref("x"), number, message("second", 0))
			if err != nil || !res.Repeated || string(res.Payload) != string(first.Payload) {
				t.Errorf("a message again, to %s: %+v, %v", number, res, err)
			}
			res, err = w.AcceptEvent(t.Context(), ref("x"), number, &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
			if err != nil || !res.Repeated {
				t.Errorf("an event with the id of a message, to %s: %+v, %v", number, res, err)
			}
			var named rbm.AgentEvent
			if err := rbm.Unmarshal(res.Payload, &named); err != nil || named.Name != "phones/"+numberA+"/agentEvents/x" || named.EventType != "" {
				t.Errorf("answered %s, %v", res.Payload, err)
			}
			res, err = w.AcceptMessage(t.Context(), ref("e"), number, message("second", 0))
			if err != nil || !res.Repeated {
				t.Errorf("a message with the id of an event, to %s: %+v, %v", number, res, err)
			}
		}
		a.wants("x", "e")
		b.wants()
		if len(a.typing)+len(b.typing) > 0 || a.arrivals["x"] != 1 {
			t.Error("a repeat was sent")
		}
		if res, used := w.EarlierMessage(t.Context(), ref("x")); !used || string(res.Payload) != string(first.Payload) {
			t.Errorf("earlier: %+v, %v", res, used)
		}
		if _, used := w.EarlierEvent(t.Context(), ref("e")); !used {
			t.Error("the event is not known")
		}
		if _, used := w.EarlierMessage(t.Context(), ref("none")); used {
			t.Error("an id that was never used is known")
		}
		other := Ref{Agent: "demo2", ID: "x"} // ids are each agent's own
		if res, err := w.AcceptMessage(t.Context(), other, numberA, message("x", 0)); err != nil || res.Repeated {
			t.Errorf("another agent: %+v, %v", res, err)
		}
		w.expect("x", delivery.Delivered, "DELIVERED")
	})
}

// What is answered is the resource: name, sendTime, and expireTime for the ttl.
func TestAcceptedResource(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		res, err := w.AcceptMessage(t.Context(), ref("m1"), numberA, message("hi", 1500_000_000))
		const want = `{"name":"phones/+12223334444/agentMessages/m1","sendTime":"2000-01-01T00:00:00Z",` +
			`"contentMessage":{"text":"hi"},"expireTime":"2000-01-01T00:00:01.500Z"}`
		if err != nil || string(res.Payload) != want {
			t.Errorf("%s, %v, want %s", res.Payload, err, want)
		}
		res, err = w.AcceptEvent(t.Context(), ref("e1"), numberA, &rbm.AgentEvent{EventType: rbm.AgentEventRead, MessageID: "u"})
		const wantEvent = `{"name":"phones/+12223334444/agentEvents/e1","eventType":"READ","messageId":"u","sendTime":"2000-01-01T00:00:00Z"}`
		if err != nil || string(res.Payload) != wantEvent {
			t.Errorf("%s, %v, want %s", res.Payload, err, wantEvent)
		}
		p := w.phone(numberA)
		p.connect()
		p.wants("m1", "e1")
	})
}

// What a phone has acknowledged on an earlier connection, and is told to be
// confirmed, is not sent again, although it was read from the mailbox before.
// Found by the simulation.
func TestConfirmedIsNotSentAgain(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute = true
		p.connect()
		w.sendMany(1, 2, numberA)
		p.wants("m1", "m2")
		p.disconnect()
		reported := false
		w.db.mu.Lock()
		w.db.onGet = func(k store.Key) { // the body of a message, for its mailbox
			if k.Kind() == 'm' && !reported {
				reported = true
				p.line.box.Report(Acked, ref("m1"))
			}
		}
		w.db.mu.Unlock()
		p.connect()
		if p.confirms["m1"] != 1 || p.arrivals["m1"] != 1 || p.arrivals["m2"] != 2 {
			t.Errorf("confirmed %d times, sent %d times; m2 %d times", p.confirms["m1"], p.arrivals["m1"], p.arrivals["m2"])
		}
	})
}

// A send of unknown outcome that is stored has been offered to nobody. Its repeat
// is acknowledged, so it comes to the phone before what is sent after that. Found by
// the simulation.
func TestRepeatOfAnUnknownSendKeepsItsTurn(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.connect()
		w.db.let(func(commit func() error) error {
			if err := commit(); err != nil {
				return err
			}
			w.db.setBlind(true) // reading back fails, too
			return store.ErrUnknown
		})
		_, err := w.AcceptMessage(t.Context(), ref("first"), numberA, message("first", 0))
		code(t, "sending", err, rbm.CodeUnavailable)
		w.db.let(nil)
		w.db.setBlind(false)
		if res, err := w.AcceptMessage(t.Context(), ref("first"), numberA, message("first", 0)); err != nil || !res.Repeated {
			t.Fatalf("the repeat: %+v, %v", res, err)
		}
		w.send("second", numberA, 0)
		p.wants("first", "second")
	})
}
