package engine

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/rbm"
)

const day = 24 * time.Hour

func TestRetention(t *testing.T) {
	inWorld(t, Options{SweepInterval: time.Hour}, func(t *testing.T, w *world) {
		w.send("kept", numberB, 0)
		for i := range 2 * retentionBatch {
			w.send(fmt.Sprint("bulk", i), numberA, 0)
		}
		w.event("e1", numberA, rbm.AgentEventRead)
		delivered := w.phone(numberB)
		delivered.connect()
		delivered.disconnect()
		time.Sleep(29 * day)
		w.expect("bulk0", delivery.Queued)
		w.send("young", numberA, 0)
		time.Sleep(day + retentionInterval)
		w.expect("bulk0", delivery.Dropped) // and nobody is told
		w.expect(fmt.Sprint("bulk", 2*retentionBatch-1), delivery.Dropped)
		w.expect("e1", delivery.Dropped)
		w.expect("young", delivery.Queued)
		if n := w.ledger.Queued(); n != 1 {
			t.Errorf("%d queued", n)
		}
		p := w.phone(numberA)
		p.connect()
		p.wants("young")
		p.ack("bulk0") // it had it, and kept it for a month
		w.expect("bulk0", delivery.Dropped)
		p.revokes("bulk0", 0, 1)

		if _, used := w.EarlierMessage(t.Context(), ref("kept")); !used {
			t.Error("an id is to be known for 60 days")
		}
		time.Sleep(30 * day)
		synctest.Wait()
		for _, id := range []string{"kept", "bulk0", "bulk511"} {
			if _, used := w.EarlierMessage(t.Context(), ref(id)); used {
				t.Errorf("%s is still known after 60 days", id)
			}
		}
		if _, used := w.EarlierMessage(t.Context(), ref("young")); !used {
			t.Error("young was forgotten too early")
		}
	})
}

// The shortest settings drop and forget in one go, while the phone is online.
func TestShortRetention(t *testing.T) {
	inWorld(t, Options{QueueRetention: time.Hour, HistoryRetention: time.Minute}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute, p.window = true, 1
		l := p.connect()
		w.sendMany(1, 5, numberA)
		time.Sleep(time.Hour + retentionInterval)
		synctest.Wait()
		if _, used := w.EarlierMessage(t.Context(), ref("m1")); used || w.ledger.Queued() != 0 {
			t.Errorf("m1 is known: %v, %d queued", used, w.ledger.Queued())
		}
		p.ack("m1")
		if l.done() {
			t.Error("the phone was taken offline")
		}
	})
}

// A message with an expireTime is never dropped silently before it.
func TestQueueRetentionLeavesWhatExpires(t *testing.T) {
	inWorld(t, Options{QueueRetention: day}, func(t *testing.T, w *world) {
		w.send("m1", numberA, 10*day)
		time.Sleep(9 * day)
		w.expect("m1", delivery.Queued)
		time.Sleep(day)
		w.expect("m1", delivery.Expired, reportRevoked)
	})
}

// What a phone never answers is not asked for ever.
func TestUnconfirmedIsDropped(t *testing.T) {
	inWorld(t, Options{SweepInterval: time.Hour}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute, p.deaf = true, true
		p.connect()
		w.send("m1", numberA, time.Hour)
		time.Sleep(2 * time.Hour)
		w.expect("m1", delivery.Unconfirmed, reportFailed)
		time.Sleep(30 * day)
		w.expect("m1", delivery.Dropped, reportFailed)
		p.connect()
		p.revokes("m1", 1, 0)
	})
}

func TestUpstreamRetention(t *testing.T) {
	inWorld(t, Options{SweepInterval: time.Hour}, func(t *testing.T, w *world) {
		post := func() int {
			code(t, "posting", w.PostMessage(t.Context(), numberA, agent, "u1", &rbm.UserMessage{Text: "hi"}), rbm.CodeOK)
			return len(w.notices())
		}
		post()
		time.Sleep(7*day - time.Hour)
		if n := post(); n != 1 {
			t.Errorf("%d notices: the id is to be known for 7 days", n)
		}
		time.Sleep(7*day/upstreamLooks + 2*time.Hour)
		if n := post(); n != 2 {
			t.Errorf("%d notices: the id is to be forgotten after 7 days", n)
		}
	})
}

func TestRetentionOutlivesTheStore(t *testing.T) {
	inWorld(t, Options{SweepInterval: time.Hour}, func(t *testing.T, w *world) {
		w.send("m1", numberA, 0)
		w.db.let(func(func() error) error { return errDisk })
		time.Sleep(31 * day)
		w.expect("m1", delivery.Queued)
		w.db.let(nil)
		time.Sleep(retentionInterval)
		w.expect("m1", delivery.Dropped)
	})
}
