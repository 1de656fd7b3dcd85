package cluster

import (
	"errors"
	"testing"
	"time"
)

// A node that others cannot reach does not share a store with a living one, and
// takes the place of a dead one.
func TestAlone(t *testing.T) {
	unreachable := func(o *Options) { o.URL = "" }
	inWorld(t, func(t *testing.T, w *world) {
		a := w.join("a", unreachable)
		if _, err := w.tryJoin("b", nil); !errors.Is(err, ErrAlone) {
			t.Errorf("beside one that cannot be reached: %v", err)
		}
		if _, err := w.tryJoin("c", unreachable); !errors.Is(err, ErrAlone) {
			t.Errorf("two that cannot be reached: %v", err)
		}
		a.kill()
		began := time.Now()
		d := w.join("d", unreachable)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("after a death it waits %v", took)
		}
		if len(d.view()) != 1 {
			t.Errorf("there are %v", d.view())
		}
	})
}

// Status lists the nodes, their phones and leases.
func TestStatus(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		b.attach("p")
		w.until("two own all", 10*time.Second, func() bool { return w.owners() == Shards && b.holds() > 0 })
		w.pass(5 * time.Second)
		list, err := a.Status(t.Context())
		if err != nil || len(list) != 2 {
			t.Fatalf("%v, %v", list, err)
		}
		if l := list[0]; l.Name != "a" || !l.Self || l.Leases != a.holds() || l.URL != "http://a" || l.Phones != 0 {
			t.Errorf("%+v", l)
		}
		if l := list[1]; l.Name != "b" || l.Self || l.Leases != b.holds() || l.Phones != 1 || l.Silent > 5*time.Second {
			t.Errorf("%+v", l)
		}
		b.leave()
		if list, err = a.Status(t.Context()); err != nil || len(list) > 2 {
			t.Errorf("%v, %v", list, err)
		}
		w.until("b is gone", 3*time.Second, func() bool { return len(a.view()) == 1 })
	})
}
