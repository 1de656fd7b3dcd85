package engine

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// verdict is VerdictWait when Options do not say otherwise.
const verdict = 750 * time.Millisecond

func TestRevokeQueued(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.sendMany(1, 3, numberA)
		code(t, "revoking", w.Revoke(t.Context(), ref("m2"), numberA), rbm.CodeOK)
		code(t, "revoking again", w.Revoke(t.Context(), ref("m2"), numberA), rbm.CodeNotFound)
		code(t, "revoking nothing", w.Revoke(t.Context(), ref("none"), numberA), rbm.CodeNotFound)
		code(t, "revoking at another phone", w.Revoke(t.Context(), ref("m1"), numberB), rbm.CodeNotFound)
		code(t, "revoking another agent's", w.Revoke(t.Context(), Ref{Agent: "other", ID: "m1"}, numberA), rbm.CodeNotFound)
		p := w.phone(numberA)
		p.connect()
		p.wants("m1", "m3")
		w.expect("m2", delivery.Revoked)
		code(t, "revoking what is delivered", w.Revoke(t.Context(), ref("m1"), numberA), rbm.CodeNotFound)
		w.expect("m1", delivery.Delivered, "DELIVERED")
		p.revokes("m1", 0, 0) // the phone is not asked for what the ledger knows
		if n := w.Stats().Revoked.Load(); n != 1 {
			t.Errorf("%d revoked", n)
		}
	})
}

// revoke begins a revocation; its result comes over the channel.
func (w *world) revoke(id string) <-chan error {
	result := make(chan error, 1)
	go func() { result <- w.Revoke(w.t.Context(), ref(id), numberA) }()
	synctest.Wait()
	return result
}

func TestRevokeInFlight(t *testing.T) {
	for _, c := range []struct {
		name          string
		acked, deaf   bool // what the phone has said, and whether it answers
		takes         time.Duration
		code          rbm.Code
		state         delivery.State
		told          []string
		asked, finals int
	}{
		{"the phone gives it back", false, false, 0, rbm.CodeOK, delivery.Revoked, nil, 1, 0},
		{"the phone has it", true, false, 0, rbm.CodeNotFound, delivery.Delivered, []string{"DELIVERED"}, 1, 0},
		{"the phone is silent", false, true, verdict, rbm.CodeOK, delivery.Revoked, nil, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, Options{}, func(t *testing.T, w *world) {
				p := w.phone(numberA)
				p.mute, p.deaf, p.window = true, c.deaf, 1
				p.connect()
				w.send("m1", numberA, 0)
				w.send("m2", numberA, 0)
				p.wants("m1")
				p.on(func() { p.acked["m1"] = c.acked }) // kept, and the report of it is lost
				began := time.Now()
				code(t, "revoking", <-w.revoke("m1"), c.code)
				if took := time.Since(began); took != c.takes {
					t.Errorf("took %v, want %v", took, c.takes)
				}
				w.expect("m1", c.state, c.told...)
				p.revokes("m1", c.asked, c.finals)
				p.wants("m1", "m2") // its place in the window is free
				p.ack("m1")         // late
				if c.state == delivery.Revoked {
					w.expect("m1", delivery.Revoked)
					p.revokes("m1", c.asked, c.finals+1)
				}
				p.disconnect()
				p.connect()
				if p.arrivals["m1"] != 1 {
					t.Error("m1 was sent again")
				}
			})
		})
	}
}

// A message that waits behind the window is revoked without asking, and is not
// sent when there is room.
func TestRevokeBehindTheWindow(t *testing.T) {
	for _, sent := range []int{3, 9} { // all is read ahead; nothing is, there is too much
		inWorld(t, Options{}, func(t *testing.T, w *world) {
			p := w.phone(numberA)
			p.mute, p.window = true, 1
			p.connect()
			w.sendMany(1, sent, numberA)
			want := []string{"m1"}
			for i := 2; i <= sent; i++ {
				if id := fmt.Sprint("m", i); i%2 == 1 {
					want = append(want, id)
				} else {
					code(t, "revoking", <-w.revoke(id), rbm.CodeOK)
				}
			}
			p.on(func() { p.mute = false })
			p.ack("m1")
			p.wants(want...)
			p.revokes("m2", 0, 0)
			time.Sleep(time.Minute)
			synctest.Wait()
			if n := len(p.line.box.withheld); n != 0 {
				t.Errorf("%d are still withheld", n)
			}
		})
	}
}

// An event is not revoked, and not lost by trying.
func TestRevokeEvent(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute, p.window = true, 1
		p.connect()
		w.event("e1", numberA, rbm.AgentEventRead)
		w.event("e2", numberA, rbm.AgentEventRead)
		for _, id := range []string{"e1", "e2"} { // sent, and waiting
			code(t, "revoking an event", <-w.revoke(id), rbm.CodeNotFound)
			p.revokes(id, 0, 0)
		}
		p.ack("e1")
		p.wants("e1", "e2")
	})
}

// A phone that comes online while a revocation is decided may be sent the
// message; it takes it off the screen without having to acknowledge it.
func TestAttachWhileRevoking(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		w.send("m1", numberA, 0)
		release := w.db.hold()
		result := w.revoke("m1")
		p := w.phone(numberA)
		p.mute = true
		p.connect()
		p.wants("m1")
		release()
		code(t, "revoking", <-result, rbm.CodeOK)
		w.expect("m1", delivery.Revoked)
		p.revokes("m1", 0, 1)
		if !p.hidden["m1"] {
			t.Error("the phone shows what was revoked")
		}
	})
}

// A revocation that overtakes its own send is decided after it.
func TestRevokeWhileSending(t *testing.T) {
	for _, online := range []bool{false, true} {
		inOwnWorld(t, Options{}, func(t *testing.T, w *world) {
			p := w.phone(numberA)
			p.mute = true
			if online {
				p.connect()
			}
			release := w.db.hold()
			sent := make(chan error, 1)
			go func() {
				_, err := w.AcceptMessage(t.Context(), ref("m1"), numberA, message("m1", 0))
				sent <- err
			}()
			synctest.Wait()
			result := w.revoke("m1")
			select {
			case err := <-result:
				t.Fatalf("revoked before it was sent: %v", err)
			default:
			}
			release()
			code(t, "sending", <-sent, rbm.CodeOK)
			code(t, "revoking", <-result, rbm.CodeOK)
			w.expect("m1", delivery.Revoked)
			if p.connect(); len(p.has()) > 0 && !p.hidden["m1"] {
				t.Error("the phone shows what was revoked")
			}
		})
	}
}

// When the store fails the message is neither revoked nor lost.
func TestRevokeFails(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute, p.window = true, 1
		p.connect()
		w.sendMany(1, 2, numberA)
		p.wants("m1")
		broken := func(func() error) error { return errDisk }
		w.db.let(broken)
		code(t, "revoking what waits", <-w.revoke("m2"), rbm.CodeUnavailable)
		w.db.let(nil)
		p.on(func() { p.mute = false })
		p.ack("m1")
		time.Sleep(2 * time.Minute)
		p.wants("m1", "m2")
		w.expect("m2", delivery.Delivered, "DELIVERED")
		w.db.setBlind(true)
		code(t, "revoking when nothing can be read", <-w.revoke("m2"), rbm.CodeUnavailable)
		w.db.setBlind(false)
	})
}

// Two revocations of one message: one is granted.
func TestRevokeTwice(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute, p.deaf = true, true
		p.connect()
		w.send("m1", numberA, 0)
		p.wants("m1")
		a, b := w.revoke("m1"), w.revoke("m1")
		granted := 0
		for _, result := range []<-chan error{a, b} {
			if <-result == nil {
				granted++
			}
		}
		if granted != 1 {
			t.Errorf("%d granted", granted)
		}
		p.revokes("m1", 1, 1)
	})
}

// What was stored after the revocation began, and is offered to the mailbox only
// after it is found to be stored, does not come to the phone after the answer.
func TestRevokeOfWhatIsStoredAndNotOffered(t *testing.T) {
	inWorld(t, Options{}, func(t *testing.T, w *world) {
		p := w.phone(numberA)
		p.mute = true
		p.connect()
		answer := make(chan struct{})
		w.db.let(func(commit func() error) error {
			w.db.let(nil)
			err := commit()
			<-answer
			return err
		})
		var sent <-chan error
		var once sync.Once
		w.db.onGet = func(store.Key) {
			once.Do(func() {
				sent = later(func() error {
					_, err := w.AcceptMessage(t.Context(), ref("m1"), numberA, message("m1", 0))
					return err
				})
				for w.stored("m1") == nil { // it gets there before the revocation reads
					runtime.Gosched()
				}
			})
		}
		revoked := w.revoke("m1")
		close(answer)
		code(t, "revoking", <-revoked, rbm.CodeOK)
		arrived := len(p.has())
		code(t, "sending", <-sent, rbm.CodeOK)
		w.expect("m1", delivery.Revoked)
		p.wants(p.has()[:arrived]...)
		if arrived > 0 && !p.hidden["m1"] {
			t.Error("the phone shows what is revoked")
		}
	})
}

// stored is the status of a message, read below the valve; nil: there is none.
func (w *world) stored(id string) []byte {
	for rec := range w.db.DB.Scan(w.t.Context(), store.Prefix("i")) {
		if strings.Contains(string(rec.Key), id) {
			return rec.Value
		}
	}
	return nil
}
