package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/rbm"
)

const (
	reportRevoked = "TTL_EXPIRATION_REVOKED"
	reportFailed  = "TTL_EXPIRATION_REVOKE_FAILED"
)

func TestExpiryOfQueued(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.send("m1", numberA, time.Minute)
		w.send("m2", numberA, 0)
		time.Sleep(time.Minute - time.Microsecond)
		w.is("m1", delivery.Queued)
		time.Sleep(time.Microsecond)
		w.expect("m1", delivery.Expired, reportRevoked)
		p := w.phone(numberA)
		p.connect()
		p.wants("m2")
		p.ack("m1") // it had it all the same, from an earlier connection
		w.expect("m1", delivery.Expired, reportRevoked)
		p.revokes("m1", 0, 1)
		code(t, "revoking what has expired", w.Revoke(t.Context(), ref("m1"), numberA), rbm.CodeNotFound)
		if s := w.Stats(); s.Expired.Load() != 1 || s.Delivered.Load() != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestExpiryAfterDelivery(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.connect()
		w.send("m1", numberA, time.Minute)
		time.Sleep(time.Hour)
		w.expect("m1", delivery.Delivered, "DELIVERED")
		p.revokes("m1", 0, 0)
	})
}

// An earlier time is not missed because a later one was waited for.
func TestExpiryIsRescheduled(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		for i, ttl := range []time.Duration{20 * time.Second, 5 * time.Second, 10 * time.Second, 5 * time.Second, time.Second} {
			w.send(fmt.Sprint("m", i), numberA, ttl)
		}
		for at := range 20 {
			synctest.Wait()
			for i, ttl := range []int{20, 5, 10, 5, 1} {
				if want := ttl <= at; (w.state(fmt.Sprint("m", i)) == delivery.Expired) != want {
					t.Errorf("after %d s, m%d expired: %v", at, i, !want)
				}
			}
			time.Sleep(time.Second)
		}
	})
}

func TestExpiryInFlight(t *testing.T) {
	for _, c := range []struct {
		name        string
		acked, deaf bool
		state       delivery.State // when the phone has answered, or not
		told        []string
	}{
		{"the phone gives it back", false, false, delivery.Expired, []string{reportRevoked}},
		{"the phone has it", true, false, delivery.Delivered, []string{"DELIVERED"}},
		{"the phone is silent", false, true, delivery.Unconfirmed, []string{reportFailed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, Options{}, func(t *testing.T, w *world) {
				p := w.phone(numberA)
				p.mute, p.deaf = true, c.deaf
				p.connect()
				w.send("m1", numberA, time.Minute)
				p.wants("m1")
				p.on(func() { p.acked["m1"] = c.acked })
				time.Sleep(time.Minute)
				synctest.Wait()
				if c.deaf {
					w.expect("m1", delivery.Queued) // the phone has time to answer
					time.Sleep(verdict)
				}
				w.expect("m1", c.state, c.told...)
				p.revokes("m1", 1, 0)
				time.Sleep(time.Hour)
				w.expect("m1", c.state, c.told...)
				p.revokes("m1", 1, 0) // asked once for each connection
			})
		})
	}
}

// What a phone has not answered it is asked again when it is back.
func TestUnconfirmed(t *testing.T) {
	for _, c := range []struct {
		name  string
		acked bool
		state delivery.State
		told  []string
	}{
		{"it has it", true, delivery.Delivered, []string{reportFailed, "DELIVERED"}},
		{"it gives it back", false, delivery.Expired, []string{reportFailed, reportRevoked}},
	} {
		for _, late := range []bool{false, true} { // within the connection, or at the next
			t.Run(fmt.Sprint(c.name, late), func(t *testing.T) {
				inWorld(t, Options{}, func(t *testing.T, w *world) {
					p := w.phone(numberA)
					p.mute, p.deaf = true, true
					p.connect()
					w.send("m1", numberA, time.Minute)
					time.Sleep(time.Minute + verdict)
					w.expect("m1", delivery.Unconfirmed, reportFailed)
					code(t, "revoking what has expired", <-w.revoke("m1"), rbm.CodeNotFound)
					p.on(func() { p.acked["m1"], p.deaf = c.acked, false })
					if late {
						p.connect()
						p.revokes("m1", 2, 0)
					} else if c.acked {
						p.ack("m1")
					} else {
						p.report(Withdrawn, "m1")
					}
					w.expect("m1", c.state, c.told...)
					if p.arrivals["m1"] != 1 || p.confirms["m1"] != 1 || w.ledger.Queued() != 0 {
						t.Errorf("sent %d times, confirmed %d times", p.arrivals["m1"], p.confirms["m1"])
					}
					p.connect()
					w.expect("m1", c.state, c.told...)
				})
			})
		}
	}
}

// The phone comes back while it is asked on its old, dead connection.
func TestReattachWhileAsked(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute, p.deaf = true, true
		p.connect()
		w.send("m1", numberA, time.Minute)
		time.Sleep(time.Minute + verdict/2)
		p.on(func() { p.deaf = false })
		p.connect()
		time.Sleep(verdict)
		w.expect("m1", delivery.Unconfirmed, reportFailed)
		time.Sleep(time.Minute) // a sweep asks it
		w.expect("m1", delivery.Expired, reportFailed, reportRevoked)
		if p.arrivals["m1"] != 1 {
			t.Error("an expired message was sent")
		}
	})
}

// What expires while nobody can be asked is taken back; the phone that has it
// hears so when it acknowledges.
func TestExpiryAfterDisconnect(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute = true
		p.connect()
		w.send("m1", numberA, time.Minute)
		p.wants("m1")
		p.disconnect()
		time.Sleep(time.Minute)
		w.expect("m1", delivery.Expired, reportRevoked)
		p.connect()
		p.ack("m1")
		w.expect("m1", delivery.Expired, reportRevoked)
		p.revokes("m1", 0, 1)
	})
}

// An acknowledgement and the expiry at the same moment: one of them, never both.
func TestAckAtExpireTime(t *testing.T) {
	for offset := -2 * time.Microsecond; offset <= 2*time.Microsecond; offset += time.Microsecond {
		inWorld(t, Options{}, func(t *testing.T, w *world) {
			p := w.phone(numberA)
			p.mute, p.deaf = true, true
			p.connect()
			w.send("m1", numberA, time.Minute)
			p.wants("m1")
			go func() {
				time.Sleep(time.Minute + offset)
				p.line.box.Report(Acked, ref("m1"))
			}()
			time.Sleep(time.Hour)
			w.expect("m1", delivery.Delivered, "DELIVERED")
		})
	}
}

// An expired message in the mailbox is not sent, even if the expiry is held up.
func TestExpiredIsNotSent(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.send("m1", numberA, time.Minute)
		w.send("m2", numberA, 0)
		release := w.db.hold()
		time.Sleep(time.Minute)
		p := w.phone(numberA)
		p.mute = true
		p.connect()
		p.wants("m2")
		release()
		w.expect("m1", delivery.Expired, reportRevoked)
	})
}

// The store fails at the expireTime: the message expires when it works again.
func TestExpiryOutlivesTheStore(t *testing.T) {
	for _, online := range []bool{false, true} {
		inWorld(t, Options{}, func(t *testing.T, w *world) {
			p := w.phone(numberA)
			p.mute, p.deaf = true, true
			if online {
				p.connect()
			}
			w.send("m1", numberA, time.Minute)
			w.db.let(func(func() error) error { return errDisk })
			time.Sleep(2 * time.Minute)
			w.expect("m1", delivery.Queued)
			w.db.let(nil)
			time.Sleep(2 * time.Second)
			if online {
				w.expect("m1", delivery.Unconfirmed, reportFailed)
				p.revokes("m1", 1, 0)
			} else {
				w.expect("m1", delivery.Expired, reportRevoked)
			}
		})
	}
}

// An engine that stops while a phone is asked has concluded nothing.
func TestStopWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memstore.New()
		before := newWorld(t, db, Options{})
		p := before.phone(numberA)
		p.mute, p.deaf = true, true
		p.connect()
		before.send("m1", numberA, time.Minute)
		time.Sleep(time.Minute + verdict/2)
		before.shutdown()
		before.expect("m1", delivery.Queued)
		after := newWorld(t, db, Options{})
		after.expect("m1", delivery.Expired, reportRevoked)
	})
}

// The expireTime passes while the server is down, for longer than messages are
// kept: the agent is told all the same.
func TestExpiryWhileDown(t *testing.T) {
	for range 20 { // expiry and retention begin together
		synctest.Test(t, func(t *testing.T) {
			db := memstore.New()
			before := newWorld(t, db, Options{})
			before.send("m1", numberA, time.Hour)
			before.send("m2", numberA, 0)
			before.shutdown()
			time.Sleep(31 * 24 * time.Hour)
			after := newWorld(t, db, Options{})
			after.expect("m1", delivery.Expired, reportRevoked)
			after.expect("m2", delivery.Dropped)
		})
	}
}

// Turning the clock ahead expires what is due then.
func TestExpiryFollowsTheClock(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.send("m1", numberA, 14*24*time.Hour)
		synctest.Wait()
		w.clock.Advance(14 * 24 * time.Hour)
		w.expect("m1", delivery.Expired, reportRevoked)
	})
}

// One of 20,000 queued messages expires within a second, and not before.
func TestExpiryIsPrompt(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		const queued = 20_000
		random := rand.New(rand.NewPCG(1, 2))
		for i := range queued {
			w.send(fmt.Sprint("m", i), fmt.Sprint("+1555", 1000000+i%500), time.Hour+time.Duration(random.IntN(1_000_000))*time.Second)
		}
		w.send("first", numberA, 10*time.Minute)
		time.Sleep(10*time.Minute - time.Millisecond)
		w.is("first", delivery.Queued)
		time.Sleep(time.Second)
		w.expect("first", delivery.Expired, reportRevoked)
		if n := w.ledger.Queued(); n != queued {
			t.Errorf("%d queued", n)
		}
	})
}

// Thousands that expire together, of phones that answer, phones that do not, and
// phones that are away, all do.
func TestExpiryOfMany(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		const each = 700
		phones := map[string]*phone{"silent": w.phone("+15550000001"), "honest": w.phone("+15550000002"), "away": w.phone("+15550000003")}
		for name, p := range phones {
			p.mute, p.deaf, p.window = true, name == "silent", maxWindow
			if name != "away" {
				p.connect()
			}
		}
		for i := range each {
			for name, p := range phones {
				w.send(fmt.Sprint(name, i), p.number, time.Hour)
			}
		}
		time.Sleep(time.Hour + time.Second)
		for i := range each {
			for name := range phones {
				id := fmt.Sprint(name, i)
				want := delivery.Expired
				if name == "silent" && i < maxWindow {
					want = delivery.Unconfirmed
				}
				if got := w.state(id); got != want {
					t.Fatalf("%s is %v, want %v", id, got, want)
				}
			}
		}
		if n := w.ledger.Queued(); n != maxWindow {
			t.Errorf("%d queued", n)
		}
		s := w.Stats()
		if s.Expired.Load() != 3*each-maxWindow || s.Unknown.Load() != maxWindow {
			t.Errorf("%d expired, %d unknown", s.Expired.Load(), s.Unknown.Load())
		}
	})
}
