package cluster

import (
	"testing"
	"time"
)

// Every shard has one owner, and the owners are spread; a node that comes takes its
// part, and one that leaves gives it back at once.
func TestLeasesAreSpread(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.join("a", nil)
		if n := a.holds(); n != Shards {
			t.Fatalf("alone it owns %d", n)
		}
		b := w.join("b", nil)
		c := w.join("c", nil)
		w.until("all Shards are owned by three", 10*time.Second, func() bool {
			return w.owners() == Shards && a.holds() > 10 && b.holds() > 10 && c.holds() > 10
		})
		w.pass(time.Minute)
		if n := w.owners(); n != Shards {
			t.Errorf("after a minute %d are owned", n)
		}
		before := a.holds() + b.holds()
		c.leave()
		if took := w.until("what c had has an owner", 10*time.Second, func() bool { return w.owners() == Shards }); took > time.Second {
			t.Errorf("that took %v", took)
		}
		if now := a.holds() + b.holds(); now != Shards || before == Shards {
			t.Errorf("a and b own %d, before %d", now, before)
		}
	})
}

// Rendezvous: a node that comes takes shards, and none moves between the others.
func TestOnlyWhatMustMoves(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.until("two own all", 10*time.Second, func() bool { return w.owners() == Shards && b.holds() > 0 })
		var had [Shards]bool
		for shard := range Shards {
			had[shard] = a.owns(shard)
		}
		c := w.join("c", nil)
		w.until("three own all", 10*time.Second, func() bool { return w.owners() == Shards && c.holds() > 0 })
		for shard := range Shards {
			if !c.owns(shard) && had[shard] != a.owns(shard) {
				t.Errorf("shard %d has moved", shard)
			}
		}
	})
}

// What a dead node had is taken after it counts as dead, and not before.
func TestLeasesOfTheDead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.until("two own all", 10*time.Second, func() bool { return w.owners() == Shards && b.holds() > 0 })
		b.kill()
		took := w.until("a owns all", 20*time.Second, func() bool { return a.holds() == Shards })
		if took < 4*time.Second || took > 10*time.Second {
			t.Errorf("that took %v", took)
		}
		if _, living := a.view()["b"]; living {
			t.Error("b still counts")
		}
	})
}

// A node that cannot renew its record owns nothing from before the others can have
// taken it for dead. When it comes back it finds its record gone, is told that it was
// deposed, and begins anew.
func TestDeposed(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.until("two own all", 10*time.Second, func() bool { return w.owners() == Shards && b.holds() > 0 })
		session := b.me().Session
		b.wire.cut.Store(true)
		lost := w.until("b owns nothing", 10*time.Second, func() bool { return b.holds() == 0 })
		if b.Valid() {
			t.Error("b counts itself alive")
		}
		taken := w.until("a owns all", 10*time.Second, func() bool { return a.holds() == Shards })
		t.Logf("given up after %v, taken %v later", lost, taken)
		if b.count("deposed") != 0 {
			t.Error("b cannot know that it was deposed")
		}
		b.wire.cut.Store(false)
		w.until("b owns something", 10*time.Second, func() bool { return b.holds() > 0 && w.owners() == Shards })
		if b.count("deposed") != 1 || b.me().Session == session || a.count("deposed") != 0 {
			t.Errorf("deposed: b %d times, a %d; a new session: %t", b.count("deposed"), a.count("deposed"), b.me().Session != session)
		}
	})
}

// A node that misses a few beats is not dead.
func TestShortSilence(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.join("a", nil), w.join("b", nil)
		w.until("two own all", 10*time.Second, func() bool { return w.owners() == Shards && b.holds() > 0 })
		had := b.holds()
		b.wire.cut.Store(true)
		w.pass(3 * time.Second)
		b.wire.cut.Store(false)
		w.pass(20 * time.Second)
		if b.holds() != had || a.count("deposed")+b.count("deposed") != 0 {
			t.Errorf("b owns %d, before %d; deposed %d", b.holds(), had, b.count("deposed"))
		}
	})
}

// Two processes of one name depose each other, in turns and not in a frenzy, and for
// up to a beat both count their leases; when one ends, the other works.
func TestSameName(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		old := w.join("a", nil)
		now := w.join("a", nil)
		time.Sleep(time.Minute)
		for _, p := range []*process{old, now} {
			if n := p.count("deposed"); n < 10 || n > 60 {
				t.Errorf("deposed %d times in a minute", n)
			}
		}
		old.kill()
		w.until("the new one owns all", 20*time.Second, func() bool { return now.holds() == Shards })
	})
}

// A shard in which work is under way is given when that has ended, or after a while.
func TestLeaseOfBusyWork(t *testing.T) {
	for _, ends := range []bool{true, false} {
		inWorld(t, func(t *testing.T, w *world) {
			a := w.join("a", nil)
			a.busy.Store(true)
			shard := shardOf("job")
			b := w.join(preferred(a, shard), nil)
			w.pass(5 * time.Second)
			if a.owns(shard) || b.owns(shard) {
				t.Fatalf("begun anew by a: %t, by b: %t", a.owns(shard), b.owns(shard))
			}
			if ends {
				a.busy.Store(false)
			}
			took := w.until("b owns it", 20*time.Second, func() bool { return b.owns(shard) })
			if ends && took > 3*time.Second || !ends && took < drain-6*time.Second {
				t.Errorf("ends %t: that took %v", ends, took)
			}
		})
	}
}

// preferred is a name that is to have shard, when a node of that name joins a.
func preferred(a *process, shard int) string {
	n := &Node{members: map[string]*member{"a": {Record: a.me()}}}
	for name := "b"; ; name += "b" {
		n.members[name] = &member{Record: Record{Name: name, Session: name}}
		if n.rendezvous(shard) == name {
			return name
		}
		delete(n.members, name)
	}
}
