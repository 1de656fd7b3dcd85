package cluster

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// The others hear a hint, the sender does not; there may be more than go into one.
func TestHints(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.pass(3 * time.Second)
		const n = 2000 // of 13 bytes: several hints
		for i := range n {
			a.Wake(fmt.Sprintf("+4917%06d", i))
		}
		a.WakeAgent("demo")
		synctest.Wait()
		for i := range n {
			what := fmt.Sprintf("wake +4917%06d", i)
			if a.count(what) != 0 || b.count(what) != 1 {
				t.Fatalf("%s: a heard %d, b %d", what, a.count(what), b.count(what))
			}
		}
		if b.count("wakeAgent demo") != 1 {
			t.Error("b did not hear of the agent")
		}
	})
}

// Who hears nothing looks at everything, from time to time and when it hears again.
func TestDeaf(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.join("a", nil)
		if n := a.count("missed"); n != 1 {
			t.Errorf("at first it looked %d times", n)
		}
		w.pass(time.Minute)
		if n := a.count("missed"); n != 1 {
			t.Errorf("while it hears it looked %d times", n)
		}
		w.deaf.Store(true)
		b := w.join("b", nil)
		if n := b.count("missed"); n != 0 {
			t.Errorf("before it hears it looked %d times", n)
		}
		w.pass(time.Minute)
		if n := b.count("missed"); n < 8 || n > 12 {
			t.Errorf("in a minute without hints it looked %d times", n)
		}
		n := b.count("missed")
		b.wire.deaf.Store(false)
		w.pass(2 * listenPause)
		if more := b.count("missed") - n; more < 1 || more > 2 {
			t.Errorf("when it hears again it looks %d times", more)
		}
	})
}
