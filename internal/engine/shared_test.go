package engine

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/internal/store/pgstore"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/test/postgres"
)

// inTwo runs a test with two engines on one store; the clock of the second is
// five seconds ahead. They do not know of each other.
func inTwo(t *testing.T, test func(t *testing.T, a, b *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, ahead := memstore.New(), clock.New()
		ahead.Advance(5 * time.Second)
		opts := Options{Shared: true}
		a, b := newWorld(t, db, opts), newWorldAt(t, db, ahead, opts)
		synctest.Wait()
		test(t, a, b)
	})
}

// When a send is answered before another begins, the phone gets them in that
// order, through whatever nodes they come; no hint between the nodes is needed.
func TestOrderAcrossNodes(t *testing.T) {
	inTwo(t, func(t *testing.T, a, b *world) {
		rng := rand.New(rand.NewPCG(1, 1))
		p := a.phone(numberA)
		p.window = 4
		var want []string
		for i := range 300 {
			id := fmt.Sprint("m", i)
			[]*world{a, b}[rng.IntN(2)].send(id, numberA, 0)
			want = append(want, id)
			switch rng.IntN(20) {
			case 0:
				p.connect()
			case 1:
				b.Hint(numberA)
				a.Hint(numberA)
				synctest.Wait()
			}
		}
		time.Sleep(time.Minute) // the sweep
		p.wants(want...)
	})
}

// An item that comes late, with a place before what is on its way already, is
// neither lost nor sent twice.
func TestLateItemOnASharedStore(t *testing.T) {
	inTwo(t, func(t *testing.T, a, b *world) {
		p := a.phone(numberA)
		p.mute, p.window = true, 3
		p.connect()
		release := b.db.hold()
		late := later(func() error {
			_, err := b.AcceptMessage(t.Context(), ref("late"), numberA, message("late", 0))
			return err
		})
		synctest.Wait() // it has its place
		a.sendMany(1, 2, numberA)
		p.wants("m1", "m2")
		release()
		code(t, "sending", <-late, rbm.CodeOK)
		a.sendMany(3, 4, numberA)
		p.wants("m1", "m2", "late")
		p.ack("m1", "m2", "late")
		p.wants("m1", "m2", "late", "m3", "m4")
		p.ack("m3", "m4")
		for _, id := range []string{"late", "m1", "m2", "m3", "m4"} {
			a.expect(id, delivery.Delivered, "DELIVERED")
			if p.arrivals[id] != 1 {
				t.Errorf("%s was sent %d times", id, p.arrivals[id])
			}
		}
	})
}

// What cannot be sent does not hide what is behind it, however much it is.
func TestManyExpiredBeforeOneToSend(t *testing.T) {
	inTwo(t, func(t *testing.T, a, b *world) {
		p := a.phone(numberA)
		p.window = 1
		for i := range 20 {
			a.send(fmt.Sprint("old", i), numberA, time.Second)
		}
		a.db.let(func(func() error) error { return errDisk }) // the expiry does not get rid of them
		b.db.let(func(func() error) error { return errDisk })
		time.Sleep(3 * time.Second)
		b.db.let(nil)
		b.stop()
		b.send("new", numberA, 0)
		p.connect()
		p.wants("new")
	})
}

// asking is a node that asks another about a phone, and does something first.
type asking struct {
	other *world
	first func()
}

func (asking) Owns(string) bool { return true }
func (asking) Wake(string)      {}
func (asking) Moved(string)     {}

func (a asking) Ask(ctx context.Context, _ string, question []byte) ([]byte, bool, error) {
	a.first()
	reply, err := a.other.Answer(ctx, question)
	return reply, true, err
}

// A phone that comes while another node takes a message back does not get it after
// the answer, although its mailbox was read before.
func TestRevokedElsewhereWhileThePhoneComes(t *testing.T) {
	inTwo(t, func(t *testing.T, a, b *world) {
		there, here := a.phone(numberA), b.phone(numberA)
		there.mute = true
		there.connect()
		a.send("m1", numberA, 0)
		there.wants("m1")
		gate := make(chan struct{})
		b.opts.Peers = asking{a, func() {
			b.db.onGet = func(k store.Key) {
				if k.Kind() == 'm' {
					<-gate
				}
			}
			here.dial(nil)
			synctest.Wait() // it has seen that m1 waits, and reads it
		}}
		code(t, "revoking", b.Revoke(t.Context(), ref("m1"), numberA), rbm.CodeOK)
		close(gate)
		here.wants()
		a.expect("m1", delivery.Revoked)
	})
}

// Without a number from the store nothing is accepted.
func TestNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &placeless{DB: memstore.New()}
		w := newWorld(t, db, Options{Shared: true})
		db.lost.Store(true)
		_, err := w.AcceptMessage(t.Context(), ref("m1"), numberA, message("m1", 0))
		code(t, "sending", err, rbm.CodeUnavailable)
		db.lost.Store(false)
		w.send("m1", numberA, 0)
	})
}

type placeless struct {
	*memstore.DB
	lost atomic.Bool
}

func (p *placeless) Sequence(ctx context.Context, atLeast uint64) (uint64, error) {
	if p.lost.Load() {
		return 0, store.ErrUnavailable
	}
	return p.DB.Sequence(ctx, atLeast)
}

// A number that the store has given before is not used twice: the second message
// takes another, and neither comes in place of the other.
func TestNumberGivenTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &repeating{DB: memstore.New()}
		w := newWorld(t, db, Options{Shared: true})
		w.sendMany(1, 2, numberA)
		w.event("e1", numberB, rbm.AgentEventRead)
		if n := db.asked.Load(); n != 5 {
			t.Errorf("%d numbers were asked for, want 5", n)
		}
		a, b := w.phone(numberA), w.phone(numberB)
		a.connect()
		b.connect()
		a.wants("m1", "m2")
		b.wants("e1")
	})
}

// repeating gives each number to two who ask.
type repeating struct {
	*memstore.DB
	asked atomic.Uint64
}

func (r *repeating) Sequence(_ context.Context, atLeast uint64) (uint64, error) {
	return atLeast + (1+r.asked.Add(1))/2, nil // the time does not pass in the test
}

// The same order on a real database: two nodes, clocks five seconds apart, a phone
// at the one whose clock is right.
func TestOrderAcrossNodesOnPostgres(t *testing.T) {
	dsn, ahead := postgres.Database(t), clock.New()
	ahead.Advance(5 * time.Second)
	opts := Options{Shared: true, SweepInterval: 20 * time.Millisecond}
	var nodes [2]*world
	for i, c := range []*clock.Clock{clock.New(), ahead} {
		db, err := pgstore.Open(t.Context(), dsn, pgstore.Options{Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		nodes[i] = newWorldAt(t, db, c, opts)
	}
	link := &readyLink{came: make(chan Ref, 200), attached: make(chan struct{})}
	link.box = nodes[0].Attach(numberA, 4, link)
	close(link.attached)
	for i := range 100 {
		nodes[i%2].send(fmt.Sprint("m", i), numberA, 0)
	}
	for i := range 100 {
		select {
		case r := <-link.came:
			if want := fmt.Sprint("m", i); r.ID != want {
				t.Fatalf("%s came, want %s", r.ID, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("m%d does not come", i)
		}
	}
}

// readyLink leads to a phone that acknowledges at once.
type readyLink struct {
	came     chan Ref
	attached chan struct{} // closed when box is set
	box      *Mailbox
}

// Send implements Link.
func (l *readyLink) Send(effects []Effect) error {
	<-l.attached
	for _, e := range effects {
		if e.Kind == DeliverMessage {
			l.came <- e.Ref
			l.box.Report(Acked, e.Ref)
		}
	}
	return nil
}

func TestMain(m *testing.M) { postgres.Main(m) }
