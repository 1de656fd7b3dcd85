package engine

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

func TestTyping(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute, p.window = true, 1
		p.connect()
		w.send("m1", numberA, 0)
		w.event("t1", numberA, rbm.AgentEventIsTyping) // passes by the window
		p.wants("m1")
		if len(p.typing) != 1 {
			t.Errorf("typing %v", p.typing)
		}
		p.ack("t1") // need not, and does no harm
		w.expect("t1", delivery.Delivered)
		if p.confirms["t1"] != 1 {
			t.Errorf("confirmed %d times", p.confirms["t1"])
		}
		p.disconnect()
		p.connect()
		if len(p.typing) != 1 {
			t.Errorf("typing was repeated: %v", p.typing)
		}
	})
}

// Typing needs no acknowledgement: however much there is, messages still come.
func TestTypingTakesNoPlaceInTheWindow(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.window = 2
		p.connect()
		for i := range 10 {
			w.event(fmt.Sprint("t", i), numberA, rbm.AgentEventIsTyping)
			synctest.Wait()
		}
		w.send("m1", numberA, 0)
		p.wants("m1")
		if len(p.typing) != 10 || w.Stats().Sent.Load() != 1 {
			t.Errorf("typing %v, %d deliveries", p.typing, w.Stats().Sent.Load())
		}
	})
}

// For a phone that is away a typing event lives 20 seconds, and only in memory.
func TestTypingForAPhoneThatIsAway(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.event("t1", numberA, rbm.AgentEventIsTyping)
		time.Sleep(time.Second)
		w.event("t2", numberA, rbm.AgentEventIsTyping)
		time.Sleep(typingLife - time.Second)
		if items, err := w.ledger.Mailbox(t.Context(), numberA, 0, math.MaxInt64, 0); err != nil || len(items) > 0 {
			t.Errorf("stored: %v, %v", items, err)
		}
		p := w.phone(numberA)
		p.connect()
		if len(p.typing) != 1 || p.typing[0] != "t2" {
			t.Errorf("20 s after the first, the phone sees %v", p.typing)
		}
		p.connect()
		if len(p.typing) != 1 || w.typing.n != 0 || len(w.typing.kept) != 0 {
			t.Errorf("typing %v, kept %v", p.typing, w.typing.kept)
		}
	})
}

func TestTypingUsesItsID(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.connect()
		w.event("t1", numberA, rbm.AgentEventIsTyping)
		res, err := w.AcceptEvent(t.Context(), ref("t1"), numberB, &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
		if err != nil || !res.Repeated {
			t.Errorf("%+v, %v", res, err)
		}
		synctest.Wait()
		if len(p.typing) != 1 {
			t.Errorf("typing %v", p.typing)
		}
	})
}

func typingItem(w *world, phone string) *ledger.Item {
	return &ledger.Item{Ref: ref("t"), Phone: phone, SendTime: w.clock.Now(), Payload: []byte(`{"eventType":"IS_TYPING"}`)}
}

func TestTypingIsBounded(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		for i := range maxPassing + 100 {
			w.passOn(typingItem(w, fmt.Sprint("+1555", i)))
		}
		if w.typing.n != maxPassing {
			t.Errorf("%d kept", w.typing.n)
		}
		time.Sleep(typingLife)
		w.passOn(typingItem(w, numberA))
		if w.typing.n != 1 || len(w.typing.kept) != 1 {
			t.Errorf("%d kept when the others are over", w.typing.n)
		}
		for range 2 * maxPushed {
			w.passOn(typingItem(w, numberA))
		}
		away := w.phone(numberA)
		away.connect()
		if n := len(away.typing); n != maxPushed {
			t.Errorf("%d typing events sent to a phone that was away", n)
		}
		gate := make(chan struct{}) // a phone that takes nothing
		p := w.phone(numberB)
		l := p.dial(gate)
		w.send("m1", numberB, 0)
		synctest.Wait()
		for range 10 * maxPushed {
			w.passOn(typingItem(w, numberB))
		}
		if n := len(l.box.effects); n != maxPushed {
			t.Errorf("%d effects wait for a phone that takes nothing", n)
		}
		close(gate)
		p.wants("m1")
		if n := len(p.typing); n != maxPushed {
			t.Errorf("%d typing events sent", n)
		}
	})
}

// A phone that comes online while a typing event is passed on sees it.
func TestTypingMeetsAttach(t *testing.T) {
	for range 200 {
		inWorld(t, Options{}, func(t *testing.T, w *world) {
			p := w.phone(numberA)
			go w.passOn(typingItem(w, numberA))
			p.connect()
			if len(p.typing) != 1 {
				t.Fatalf("typing %v", p.typing)
			}
		})
	}
}
