package cluster

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// A phone that connects to another node is let go by the first, and recorded at the
// second: by hint at once, and without hints by the next check.
func TestPhoneMoves(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		t.Run(fmt.Sprint("deaf ", deaf), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.join("a", nil), w.join("b", nil)
				w.pass(5 * time.Second) // they know each other
				a.wire.deaf.Store(deaf)
				b.wire.deaf.Store(deaf)
				a.attach("p")
				if at := b.where("p"); at != "a" {
					t.Fatalf("it is at %q", at)
				}
				time.Sleep(time.Second)
				b.attach("p")
				if deaf {
					time.Sleep(presenceCheck + time.Second)
				}
				synctest.Wait()
				if a.online("p") || !b.online("p") || b.where("p") != "b" {
					t.Errorf("at a %t, at b %t, recorded at %q", a.online("p"), b.online("p"), b.where("p"))
				}
				if n := a.count("elsewhere p"); (n == 0) != deaf {
					t.Errorf("a heard %d times that it is elsewhere", n)
				}
				b.detach("p")
				if at := a.where("p"); at != "" {
					t.Errorf("after it has left it is at %q", at)
				}
			})
		})
	}
}

// Two connections at almost the same moment: one stays, and is what is recorded.
func TestPhoneAtTwo(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.pass(5 * time.Second)
		for i := range 20 {
			p := fmt.Sprint("p", i)
			for _, n := range []*process{a, b} {
				n.mu.Lock()
				n.phones[p] = true
				n.mu.Unlock()
			}
			a.Moved(p)
			b.Moved(p)
		}
		time.Sleep(2 * presenceCheck)
		synctest.Wait()
		for i := range 20 {
			p := fmt.Sprint("p", i)
			at := map[bool]string{true: "a", false: "b"}[a.online(p)]
			if a.online(p) == b.online(p) || a.where(p) != at {
				t.Errorf("%s: at a %t, at b %t, recorded at %q", p, a.online(p), b.online(p), a.where(p))
			}
		}
	})
}

// The records of a dead node's phones go; those of the living stay.
func TestPresenceOfTheDead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.pass(5 * time.Second)
		for i := range 2*presenceBatch + 1 {
			b.attach(fmt.Sprint("p", i))
		}
		a.attach("mine")
		b.kill()
		w.pass(20 * time.Second)
		left := map[string]string{}
		if err := a.led.EachOnline(t.Context(), func(phone, where string) { left[phone] = where }); err != nil {
			t.Fatal(err)
		}
		if len(left) != 1 || left["mine"] != a.me().Session {
			t.Errorf("%d are left: %v", len(left), left["mine"])
		}
	})
}

// What the store does not take is recorded later; what a node that was deposed has
// still connected is recorded under its new session.
func TestPresenceIsRecordedAtLast(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.pass(5 * time.Second)
		a.wire.cut.Store(true)
		a.attach("p")
		w.pass(15 * time.Second)
		if at := b.where("p"); at != "" {
			t.Fatalf("it is at %q", at)
		}
		a.wire.cut.Store(false)
		w.pass(3 * time.Second)
		if a.count("deposed") != 1 {
			t.Error("a was not deposed")
		}
		w.pass(presenceCheck)
		if at := b.where("p"); at != "a" {
			t.Errorf("it is at %q", at)
		}
	})
}
