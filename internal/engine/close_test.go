package engine

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// What a phone has said before its connection ended counts, although it cannot be
// told so any more.
func TestReportsBeforeTheEndCount(t *testing.T) {
	for _, end := range []string{"detach", "supersede", "close"} {
		t.Run(end, func(t *testing.T) {
			inWorld(t, Options{}, func(t *testing.T, w *world) {
				p := w.phone(numberA)
				p.mute, p.window = true, 20
				l := p.connect()
				w.sendMany(1, 30, numberA)
				p.has()
				release := w.db.hold()
				for i := 1; i <= 20; i++ { // in more than one commit
					l.box.Report(Acked, ref(fmt.Sprint("m", i)))
					synctest.Wait()
				}
				closed := make(chan struct{})
				switch end {
				case "detach":
					p.disconnect()
				case "supersede":
					p.dial(nil)
				case "close":
					go func() {
						defer close(closed)
						w.Close()
					}()
				}
				if !l.done() {
					t.Error("the connection is not over")
				}
				select {
				case <-closed:
					t.Error("closed with reports unwritten")
				default:
				}
				sends := l.sends
				release()
				if end == "close" {
					<-closed
				}
				for i := 1; i <= 20; i++ {
					w.expect(fmt.Sprint("m", i), delivery.Delivered, "DELIVERED")
				}
				if l.sends != sends {
					t.Errorf("%d sends over a connection that is over", l.sends-sends)
				}
			})
		})
	}
}

func TestClose(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		a, b := w.phone(numberA), w.phone(numberB)
		a.connect()
		b.connect()
		w.Close()
		if !a.line.done() || !b.line.done() || w.Online() != 0 {
			t.Errorf("%d online", w.Online())
		}
		if late := a.connect(); !late.done() || w.IsOnline(numberA) {
			t.Error("a phone came online after Close")
		}
		w.send("m1", numberA, 0) // is kept
		a.wants()
		w.expect("m1", delivery.Queued)
		a.line.box.Report(Acked, ref("m1"))
		a.line.box.Detach()
		w.Close()
	})
}

// Close while agents send, revoke, and phones come and report: it returns, and
// what was acknowledged is there.
func TestCloseUnderWay(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			db := memstore.New()
			w := newWorld(t, db, Options{})
			w.db.let(func(commit func() error) error {
				time.Sleep(time.Millisecond)
				return commit()
			})
			var wg sync.WaitGroup
			for n := range 8 {
				number := fmt.Sprint("+1555000000", n)
				p := w.phone(number)
				p.window = 3
				p.dial(nil)
				wg.Go(func() {
					for i := range 20 {
						w.send(fmt.Sprint(n, "-", i), number, time.Duration(i%3)*3*time.Millisecond)
						if i%4 == 0 {
							_ = w.Revoke(t.Context(), ref(fmt.Sprint(n, "-", i)), number) // either way
						}
						if i%7 == 0 {
							p.dial(nil)
						}
					}
				})
			}
			time.Sleep(13 * time.Millisecond)
			w.Close()
			wg.Wait()
			w.shutdown()
			after := newWorld(t, db, Options{})
			for n := range 8 {
				p := after.phone(fmt.Sprint("+1555000000", n))
				p.connect()
			}
			time.Sleep(time.Minute)
			told := after.allTold()
			for n := range 8 {
				for i := range 20 {
					after.settled(fmt.Sprint(n, "-", i), told)
				}
			}
		})
	}
}

// settled fails the test unless the story of a message has ended, and was told
// without contradiction.
func (w *world) settled(id string, allTold map[string][]string) {
	w.t.Helper()
	want := map[delivery.State][][]string{
		delivery.Delivered: {{"DELIVERED"}, {reportFailed, "DELIVERED"}},
		delivery.Read:      {{"DELIVERED", "READ"}, {reportFailed, "DELIVERED", "READ"}},
		delivery.Revoked:   {nil},
		delivery.Expired:   {{reportRevoked}, {reportFailed, reportRevoked}},
	}
	state, told := w.state(id), allTold[id]
	for _, story := range want[state] {
		if sameMembers(told, story) {
			return
		}
	}
	w.t.Errorf("%s is %v, and the agent was told %v", id, state, told)
}

// A phone that reports faster than the store writes is taken offline, once.
func TestReportFlood(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		l := p.connect()
		w.send("m1", numberA, 0)
		p.wants("m1")
		release := w.db.hold()
		for range 3 * maxReports {
			l.box.Report(Read, ref("m1"))
		}
		if !l.done() {
			t.Error("online")
		}
		if n := len(l.box.reports); n > maxReports+1 {
			t.Errorf("%d reports are kept", n)
		}
		release()
		synctest.Wait()
		if n := len(l.box.reports); n > 0 {
			t.Errorf("%d reports are left", n)
		}
	})
}

// What is sent is not kept in memory when it has been sent.
func TestSentPayloadsAreLetGo(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute = true
		l := p.connect()
		w.sendMany(1, 9, numberA)
		items, err := w.ledger.Mailbox(t.Context(), numberA, 0, math.MaxUint64, 0)
		if err != nil || len(items) != 9 {
			t.Fatalf("%d items, %v", len(items), err)
		}
		p.wants("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9")
		l.box.fresh, l.box.cursor = items, 0 // the pump is not at work
		l.box.launch()
		for i, it := range items {
			if it.Item != nil {
				t.Errorf("item %d is kept", i)
			}
			p.ack(fmt.Sprint("m", i+1))
		}
		if len(l.box.flights) != 0 || len(l.box.withheld) != 0 {
			t.Errorf("%d flights, %d withheld", len(l.box.flights), len(l.box.withheld))
		}
		for i := range w.lanes.shards {
			if n := len(w.lanes.shards[i].last); n > 0 {
				t.Errorf("%d turns are kept", n)
			}
		}
	})
}
