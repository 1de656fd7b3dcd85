package engine

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// acts are what the engine does, each with what may leave only after its commit:
// begin starts it, left says what has left.
var acts = []struct {
	name  string
	begin func(w *world, p *phone) (answer <-chan error)
	left  func(w *world, p *phone) string
}{
	{"a send", func(w *world, p *phone) <-chan error {
		return later(func() error {
			_, err := w.AcceptMessage(w.t.Context(), ref("new"), numberA, message("new", 0))
			return err
		})
	}, func(w *world, p *phone) string { return sentOnce(p, "new") }},
	{"an event", func(w *world, p *phone) <-chan error {
		return later(func() error {
			_, err := w.AcceptEvent(w.t.Context(), ref("new"), numberA, &rbm.AgentEvent{EventType: rbm.AgentEventRead, MessageID: "u"})
			return err
		})
	}, func(w *world, p *phone) string { return sentOnce(p, "new") }},
	{"a typing event", func(w *world, p *phone) <-chan error {
		return later(func() error {
			_, err := w.AcceptEvent(w.t.Context(), ref("new"), numberA, &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
			return err
		})
	}, func(w *world, p *phone) string { return fmt.Sprint(len(p.typing)) }},
	{"an acknowledgement", func(w *world, p *phone) <-chan error {
		p.line.box.Report(Acked, ref("there"))
		return nil
	}, func(w *world, p *phone) string { return fmt.Sprint(p.confirms["there"]) }},
	{"a late acknowledgement", func(w *world, p *phone) <-chan error {
		p.line.box.Report(Acked, ref("there"), ref("gone"))
		return nil
	}, func(w *world, p *phone) string { return fmt.Sprint(p.finals["gone"]) }},
	{"a revocation", func(w *world, p *phone) <-chan error {
		return later(func() error { return w.Revoke(w.t.Context(), ref("there"), numberA) })
	}, func(w *world, p *phone) string { return fmt.Sprint(p.finals["there"]) }},
	{"a user's message", func(w *world, p *phone) <-chan error {
		return later(func() error { return w.PostMessage(w.t.Context(), numberA, agent, "u1", &rbm.UserMessage{Text: "hi"}) })
	}, func(w *world, p *phone) string { return "1" }},
	{"a user's event", func(w *world, p *phone) <-chan error {
		return later(func() error { return w.PostEvent(w.t.Context(), numberA, agent, "u1", rbm.UserEventSubscribe) })
	}, func(w *world, p *phone) string { return "1" }},
}

// later does something and says how it ended.
func later(do func() error) <-chan error {
	answer := make(chan error, 1)
	go func() { answer <- do() }()
	return answer
}

func sentOnce(p *phone, id string) string { return fmt.Sprint(p.arrivals[id]) }

// scene is a phone online that was sent "there", does not answer, and shows "gone".
func scene(w *world) *phone {
	p := w.phone(numberA)
	w.send("gone", numberA, 0)
	code(w.t, "revoking", w.Revoke(w.t.Context(), ref("gone"), numberA), rbm.CodeOK)
	p.mute, p.deaf = true, true
	p.connect()
	w.send("there", numberA, 0)
	p.wants("there")
	return p
}

// Law 1: commit, then act. While a commit is under way nothing has left that it
// justifies: no effect, no answer, no wake-up of the outbox.
func TestNothingLeavesBeforeTheCommit(t *testing.T) {
	for _, act := range acts {
		t.Run(act.name, func(t *testing.T) {
			inWorld(t, Options{}, func(t *testing.T, w *world) {
				p := scene(w)
				told := w.notified
				release := w.db.hold()
				answer := act.begin(w, p)
				time.Sleep(2 * time.Second) // longer than any wait of the engine's for the phone
				synctest.Wait()
				select {
				case err := <-answer:
					t.Errorf("answered before the commit: %v", err)
				default:
				}
				if got := act.left(w, p); got != "0" && got != "1" || got == "1" && answer == nil {
					t.Errorf("%s left before the commit", got)
				}
				if p.arrivals["new"] > 0 || len(p.typing) > 0 || p.confirms["there"] > 0 || p.finals["there"]+p.finals["gone"] > 0 {
					t.Error("an effect left before the commit")
				}
				if w.notified != told {
					t.Error("the outbox was told before the commit")
				}
				release()
				if answer != nil {
					code(t, act.name, <-answer, rbm.CodeOK)
				}
				synctest.Wait()
				if got := act.left(w, p); got != "1" {
					t.Errorf("after the commit %s left", got)
				}
			})
		})
	}
}

// What could not be committed has not happened: nothing leaves at all, and who
// asked is told to try again.
func TestNothingLeavesAfterAFailedCommit(t *testing.T) {
	for _, act := range acts {
		for name, fault := range map[string]error{"failed": errDisk, "unknown": store.ErrUnknown} {
			t.Run(act.name+" "+name, func(t *testing.T) {
				inWorld(t, Options{}, func(t *testing.T, w *world) {
					p := scene(w)
					told := w.notified
					w.db.let(func(func() error) error { return fault })
					answer := act.begin(w, p)
					synctest.Wait()
					if answer != nil {
						code(t, act.name, <-answer, rbm.CodeUnavailable)
					} else if !p.line.done() {
						t.Error("a phone whose report was not stored is to repeat it, and so is taken offline")
					}
					time.Sleep(time.Minute)
					synctest.Wait()
					w.db.let(nil)
					if p.arrivals["new"] > 0 || len(p.typing) > 0 || p.confirms["there"] > 0 || p.finals["there"]+p.finals["gone"] > 0 || w.notified != told {
						t.Error("something left without a commit")
					}
					// The same again, as clients do, works.
					if answer == nil {
						p.connect()
					}
					if answer = act.begin(w, p); answer != nil {
						code(t, act.name+" again", <-answer, rbm.CodeOK)
					}
					quiet()
					if got := act.left(w, p); got != "1" {
						t.Errorf("at the second try %s left", got)
					}
				})
			})
		}
	}
}

// The expiry tells nobody before its commit.
func TestExpiryWaitsForTheCommit(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.send("m1", numberA, time.Minute)
		release := w.db.hold()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if w.notified != 0 || w.Stats().Expired.Load() != 0 {
			t.Error("told before the commit")
		}
		release()
		w.expect("m1", delivery.Expired, reportRevoked)
		if w.notified != 1 {
			t.Errorf("the outbox was told %d times", w.notified)
		}
	})
}

// Law 3: wake-ups are hints. Without any, everything happens, later.
func TestLostHints(t *testing.T) {
	const sweep = 30 * time.Second
	inWorld(t, Options{LoseHints: true, SweepInterval: sweep}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.connect()
		w.sendMany(1, 3, numberA)
		w.event("e1", numberA, rbm.AgentEventRead)
		w.send("short", numberB, time.Second)
		p.wants()
		time.Sleep(sweep)
		p.wants("m1", "m2", "m3", "e1")
		w.expect("m1", delivery.Delivered, "DELIVERED")
		w.expect("short", delivery.Expired, reportRevoked)
		w.sendMany(4, 100, numberA) // more than one look at the ledger takes in
		time.Sleep(sweep)
		if n := len(p.has()); n != 101 {
			t.Errorf("%d of 101 arrived", n)
		}
		if w.notified != 0 {
			t.Error("a hint was not lost")
		}
	})
}

// Law 4: a send whose outcome stays unknown, and which is stored, arrives, whether
// it is repeated or not, and does not hold up or get lost behind later sends.
func TestUnknownSendArrives(t *testing.T) {
	for _, repeat := range []bool{false, true} {
		t.Run(fmt.Sprint("repeated ", repeat), func(t *testing.T) {
			inOwnWorld(t, Options{}, func(t *testing.T, w *world) {
				p := w.phone(numberA)
				p.connect()
				w.db.let(func(commit func() error) error {
					if err := commit(); err != nil {
						return err
					}
					w.db.setBlind(true) // reading back fails too
					return store.ErrUnknown
				})
				_, err := w.AcceptMessage(t.Context(), ref("unknown"), numberA, message("unknown", 0))
				code(t, "sending", err, rbm.CodeUnavailable)
				w.db.let(nil)
				w.db.setBlind(false)
				w.send("later", numberA, 0)
				p.wants("later")
				if repeat {
					res, err := w.AcceptMessage(t.Context(), ref("unknown"), numberA, message("unknown", 0))
					if err != nil || !res.Repeated {
						t.Errorf("the repeat: %+v, %v", res, err)
					}
				}
				time.Sleep(time.Minute)
				p.wants("later", "unknown")
				w.expect("unknown", delivery.Delivered, "DELIVERED")
			})
		})
	}
}

// A commit whose outcome is unknown, and which was stored, is a success when the
// record can be read.
func TestUnknownIsReadBack(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.db.let(func(commit func() error) error {
			if err := commit(); err != nil {
				return err
			}
			return store.ErrUnknown
		})
		p := w.phone(numberA)
		p.connect()
		w.send("m1", numberA, 0)
		p.wants("m1")
		w.expect("m1", delivery.Delivered, "DELIVERED")
		w.send("m2", numberB, 0)
		code(t, "revoking", w.Revoke(t.Context(), ref("m2"), numberB), rbm.CodeOK)
		w.expect("m2", delivery.Revoked)
		code(t, "posting", w.PostMessage(t.Context(), numberA, agent, "u1", &rbm.UserMessage{Text: "hi"}), rbm.CodeOK)
		if n := len(w.notices()); n != 2 {
			t.Errorf("%d notices", n)
		}
		if w.ledger.Queued() != 0 {
			t.Errorf("%d queued", w.ledger.Queued())
		}
	})
}
