package engine

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/rbm"
)

func TestDelivery(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.sendMany(1, 3, numberA) // queued
		p := w.phone(numberA)
		p.connect()
		w.sendMany(4, 5, numberA) // at once
		p.wants("m1", "m2", "m3", "m4", "m5")
		for i := 1; i <= 5; i++ {
			w.expect(fmt.Sprint("m", i), delivery.Delivered, "DELIVERED")
			if n := p.confirms[fmt.Sprint("m", i)]; n != 1 {
				t.Errorf("m%d was confirmed %d times", i, n)
			}
		}
		p.report(Read, "m1")
		w.expect("m1", delivery.Read, "DELIVERED", "READ")
		s := w.Stats()
		if s.Accepted.Load() != 5 || s.Sent.Load() != 5 || s.Delivered.Load() != 5 || s.Read.Load() != 1 || w.ledger.Queued() != 0 {
			t.Errorf("%+v, %d queued", s, w.ledger.Queued())
		}
		if w.Online() != 1 || !w.IsOnline(numberA) || w.IsOnline(numberB) {
			t.Error("presence")
		}
		if w.notified != 6 {
			t.Errorf("the outbox was told %d times", w.notified)
		}
	})
}

// Repeated reports are confirmed each time and told once.
func TestRepeatedReports(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.send("m1", numberA, 0)
		p := w.phone(numberA)
		p.connect()
		p.ack("m1", "m1", "m1")
		p.report(Read, "m1")
		p.report(Read, "m1")
		p.ack("m1")
		p.report(Withdrawn, "m1")
		w.expect("m1", delivery.Read, "DELIVERED", "READ")
		if p.confirms["m1"] != 8 {
			t.Errorf("confirmed %d times", p.confirms["m1"])
		}
		p.report(Acked, "unknown")
		if p.confirms["unknown"] != 1 {
			t.Error("a report of what is not known is to be confirmed, or the phone repeats it for ever")
		}
	})
}

func TestReadWithoutAck(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute = true
		p.connect()
		w.send("m1", numberA, 0)
		synctest.Wait()
		p.report(Read, "m1")
		w.expect("m1", delivery.Read, "DELIVERED", "READ")
	})
}

func TestAPhoneCannotReportForAnother(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.send("m1", numberA, 0)
		p := w.phone(numberB)
		p.connect()
		p.ack("m1")
		p.report(Read, "m1")
		w.expect("m1", delivery.Queued)
	})
}

func TestWindow(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute, p.window = true, 4
		w.sendMany(1, 3, numberA)
		p.connect()
		w.sendMany(4, 30, numberA) // more than is read ahead
		p.wants("m1", "m2", "m3", "m4")
		p.ack("m2") // not in order
		p.wants("m1", "m2", "m3", "m4", "m5")
		p.ack("m1", "m3", "m4", "m5")
		p.wants("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9")
		time.Sleep(5 * time.Minute) // sweeps send nothing twice
		p.wants("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9")
		for id, n := range p.arrivals {
			if n != 1 {
				t.Errorf("%s was sent %d times", id, n)
			}
		}
		for i := 6; i <= 30; i++ {
			p.ack(fmt.Sprint("m", i))
		}
		if got := p.has(); len(got) != 30 || got[29] != "m30" {
			t.Errorf("sent %v", got)
		}
	})
}

func TestWindowBounds(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.sendMany(1, 300, numberA)
		for window, want := range map[int]int{0: defaultWindow, -1: defaultWindow, 1: 1, 256: 256, 100_000: maxWindow} {
			p := w.phone(numberA)
			p.mute, p.window = true, window
			p.connect()
			if n := len(p.has()); n != want {
				t.Errorf("window %d: %d unacknowledged deliveries", window, n)
			}
		}
	})
}

func TestReattachResumes(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.sendMany(1, 10, numberA)
		p := w.phone(numberA)
		p.mute, p.window = true, 4
		p.connect()
		p.ack("m1", "m3")
		p.wants("m1", "m2", "m3", "m4", "m5", "m6")
		p.disconnect()
		w.send("m11", numberA, 0)

		again := w.phone(numberA) // has forgotten everything
		again.connect()
		again.wants("m2", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11")
		for i := 1; i <= 11; i++ {
			w.expect(fmt.Sprint("m", i), delivery.Delivered, "DELIVERED")
		}
	})
}

func TestSupersede(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute = true
		first := p.connect()
		w.send("m1", numberA, 0)
		p.wants("m1")
		second := p.connect()
		if !first.done() || second.done() || w.Online() != 1 || w.Stats().Superseded.Load() != 1 {
			t.Errorf("first done %v, second done %v, %d online", first.done(), second.done(), w.Online())
		}
		if p.arrivals["m1"] != 2 {
			t.Errorf("m1 was sent %d times, want once for each connection", p.arrivals["m1"])
		}
		first.box.Detach() // late: does not take the second offline
		first.box.Report(Acked, ref("m1"))
		w.expect("m1", delivery.Queued)
		w.send("m2", numberA, 0)
		p.wants("m1", "m2")
		if !w.IsOnline(numberA) {
			t.Error("offline")
		}
	})
}

func TestDeadLink(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		l := p.connect()
		p.on(func() { l.dead = true })
		w.send("m1", numberA, 0)
		if !l.done() || w.IsOnline(numberA) {
			t.Error("a phone with a dead link is online")
		}
		w.expect("m1", delivery.Queued)
		p.connect()
		w.expect("m1", delivery.Delivered, "DELIVERED")
	})
}

// READ events stand in the mailbox among the messages.
func TestEventsAndMessagesInOrder(t *testing.T) {
	for _, online := range []bool{false, true} {
		inWorld(t, Options{}, func(t *testing.T, w *world) {
			p := w.phone(numberA)
			if online {
				p.connect()
			}
			w.send("m1", numberA, 0)
			w.event("e2", numberA, rbm.AgentEventRead)
			w.send("m3", numberA, 0)
			w.event("e4", numberA, rbm.AgentEventRead)
			if !online {
				p.connect()
			}
			p.wants("m1", "e2", "m3", "e4")
			w.expect("e2", delivery.Delivered) // and nobody is told
		})
	}
}

// stamp is when a send began and when it was acknowledged, in one order of all.
type stamp struct{ begun, done int64 }

// Whatever is sent after another send was acknowledged arrives after it: with
// many senders, commits that overtake each other, and a phone that comes, goes
// and acknowledges as it likes.
func TestOrderUnderConcurrency(t *testing.T) {
	const senders, each = 64, 12
	for seed := range uint64(4) {
		inWorld(t, Options{SweepInterval: 40 * time.Millisecond}, func(t *testing.T, w *world) {
			random := rand.New(rand.NewPCG(seed, 1))
			var mu sync.Mutex
			soon := func(most int) time.Duration {
				mu.Lock()
				defer mu.Unlock()
				return time.Duration(random.IntN(most)) * 100 * time.Microsecond
			}
			w.db.let(func(commit func() error) error {
				time.Sleep(soon(50))
				return commit()
			})
			p := w.phone(numberA)
			p.window = 8
			var ticks atomic.Int64
			var wg sync.WaitGroup
			stamps := make([]stamp, senders*each)
			for s := range senders {
				wg.Go(func() {
					for i := range each {
						n := s*each + i
						time.Sleep(soon(200))
						stamps[n].begun = ticks.Add(1)
						w.send(fmt.Sprint(n), numberA, 0)
						stamps[n].done = ticks.Add(1)
					}
				})
			}
			for range 12 { // in the middle of it
				time.Sleep(soon(300))
				p.dial(nil)
				if soon(3) == 0 {
					time.Sleep(soon(100))
					p.disconnect()
				}
			}
			p.dial(nil)
			wg.Wait()
			time.Sleep(time.Minute)
			checkOrder(t, p.has(), stamps)
		})
	}
}

// checkOrder compares every pair of which one was acknowledged before the other began.
func checkOrder(t *testing.T, ids []string, stamps []stamp) {
	t.Helper()
	if len(ids) != len(stamps) {
		t.Fatalf("%d of %d messages arrived", len(ids), len(stamps))
	}
	place := make([]int, len(stamps))
	for i, id := range ids {
		n, err := strconv.Atoi(id)
		if err != nil {
			t.Fatal(err)
		}
		place[n] = i
	}
	pairs := 0
	for a := range stamps {
		for b := range stamps {
			if stamps[a].done < stamps[b].begun {
				if pairs++; place[a] > place[b] {
					t.Fatalf("%d was acknowledged before %d began, and arrived after it", a, b)
				}
			}
		}
	}
	if pairs < len(stamps) {
		t.Errorf("only %d pairs compared", pairs)
	}
}

// Answers to sends of one phone leave in the order of their places, also when the
// commit of an earlier one takes longer.
func TestAnswersLeaveInOrder(t *testing.T) {
	inOwnWorld(t, Options{}, func(t *testing.T, w *world) {
		release := w.db.hold()
		var mu sync.Mutex
		var answers []string
		send := func(id, phone string) {
			go func() {
				w.send(id, phone, 0)
				mu.Lock()
				defer mu.Unlock()
				answers = append(answers, id)
			}()
			synctest.Wait()
		}
		send("slow", numberA)
		w.db.let(nil)
		send("fast", numberA)
		send("other", numberB)
		if len(answers) != 1 || answers[0] != "other" {
			t.Errorf("answered %v: another phone does not wait, the same phone does", answers)
		}
		p := w.phone(numberA)
		p.connect()
		p.wants() // fast is durable, and waits for its turn
		release()
		p.wants("slow", "fast")
		if len(answers) != 3 {
			t.Errorf("answered %v", answers)
		}
	})
}

// A restart goes on where the last run stopped.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := memstore.New()
		before := newWorld(t, db, Options{})
		before.sendMany(1, 3, numberA)
		p := before.phone(numberA)
		p.mute = true
		p.connect()
		p.ack("m1")
		before.shutdown()
		if !p.line.done() {
			t.Error("the phone is still online")
		}
		after := newWorld(t, db, Options{})
		after.send("m4", numberA, 0)
		p = after.phone(numberA)
		p.connect()
		p.wants("m2", "m3", "m4")
	})
}

var _ store.DB = (*valve)(nil)
