package engine

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// dice are random and may be used by all.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *dice) n(most int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(most)
}

func (d *dice) sleep(most time.Duration) { time.Sleep(time.Duration(d.n(int(most)))) }

// Everything at once: sends that expire or not, revocations, phones that come and
// go, answer, answer late or not at all, and a store that is slow, fails, and does
// not know. In the end each message has one story, which the agent, the ledger
// and the phone tell in the same way.
func TestStories(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorld(t, Options{SweepInterval: 5 * time.Second}, func(t *testing.T, w *world) {
				tellStories(t, w, &dice{r: rand.New(rand.NewPCG(seed, 7))})
			})
		})
	}
}

func tellStories(t *testing.T, w *world, d *dice) {
	const phones, each = 4, 40
	w.db.let(func(commit func() error) error {
		d.sleep(20 * time.Millisecond)
		switch d.n(60) {
		case 0:
			return errDisk
		case 1:
			return store.ErrUnknown
		case 2:
			if err := commit(); err != nil {
				return err
			}
			return store.ErrUnknown
		}
		return commit()
	})
	var wg sync.WaitGroup
	var mu sync.Mutex
	granted := map[string]bool{}
	owners := map[string]*phone{}
	for n := range phones {
		p := w.phone(fmt.Sprint("+1555000000", n))
		p.window = 1 + d.n(6)
		stop := make(chan struct{})
		go p.live(d, stop)
		wg.Go(func() {
			defer close(stop)
			for i := range each {
				id := fmt.Sprint(n, "-", i)
				mu.Lock()
				owners[id] = p
				mu.Unlock()
				w.insist(t, id, p.number, time.Duration(d.n(3))*time.Duration(1+d.n(2000))*time.Millisecond)
				if d.n(3) == 0 {
					wg.Go(func() {
						d.sleep(2 * time.Second)
						if w.Revoke(t.Context(), ref(id), p.number) == nil {
							mu.Lock()
							defer mu.Unlock()
							granted[id] = true
						}
					})
				}
				d.sleep(200 * time.Millisecond)
			}
		})
	}
	wg.Wait()
	w.db.let(nil)
	time.Sleep(10 * time.Second)
	for _, p := range owners { // and all come back, healthy
		p.on(func() { p.mute, p.deaf = false, false })
		p.catchUp(p.connect()) // repeats what was not confirmed, as phones must
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	told := w.allTold()
	for id, p := range owners {
		w.settled(id, told)
		state := w.state(id)
		if granted[id] && state != delivery.Revoked {
			t.Errorf("%s was revoked, says the answer; it is %v", id, state)
		}
		has := p.arrivals[id] > 0 && !p.hidden[id]
		if want := state == delivery.Delivered || state == delivery.Read; has != want {
			t.Errorf("%s is %v; the phone shows it: %v", id, state, has)
		}
	}
	if n := w.ledger.Queued(); n > 3 { // a fault that could not be read back may leave the counter behind
		t.Errorf("%d queued", n)
	}
}

// insist sends until it is acknowledged, as clients do.
func (w *world) insist(t *testing.T, id, number string, ttl time.Duration) {
	for {
		_, err := w.AcceptMessage(t.Context(), ref(id), number, message(id, ttl))
		if err == nil {
			return
		}
		if rbm.CodeOf(err) != rbm.CodeUnavailable {
			t.Errorf("sending %s: %v", id, err)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// live is a phone's day: it comes and goes, and its habits change.
func (p *phone) live(d *dice, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		p.on(func() { p.mute, p.deaf = d.n(3) == 0, d.n(3) == 0 })
		l := p.dial(nil)
		for range d.n(5) {
			d.sleep(500 * time.Millisecond)
			p.catchUp(l)
		}
		if d.n(2) == 0 {
			p.on(func() { l.dead = true })
			l.box.Detach()
			d.sleep(500 * time.Millisecond)
		}
	}
}

// catchUp acknowledges what a mute phone has not, and repeats what was not confirmed.
func (p *phone) catchUp(l *line) {
	p.mu.Lock()
	var refs []Ref
	for _, id := range p.ids {
		if !p.hidden[id] && !p.sure[id] {
			p.acked[id] = true
			refs = append(refs, ref(id))
		}
	}
	p.mu.Unlock()
	l.box.Report(Acked, refs...)
}
