package engine

import (
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
)

// typingLife is how long a typing event is worth showing (facts/rbm-api.md §1.3).
const typingLife = 20 * time.Second

// maxPassing bounds the typing events kept for all phones that are away.
const maxPassing = 10_000

// passing keeps typing events for phones that are away, in memory, for as
// long as they live.
type passing struct {
	mu   sync.Mutex
	kept map[string][]passingEvent
	n    int
}

type passingEvent struct {
	effect Effect
	until  time.Time
}

// passOn sends a typing event, or keeps it for a phone that is away.
func (e *Engine) passOn(it *ledger.Item) {
	effect := Effect{Kind: DeliverEvent, Ref: it.Ref, Payload: it.Payload}
	if m := e.online.get(it.Phone); m != nil {
		m.push(effect)
		return
	}
	ev := passingEvent{effect, it.SendTime.Add(typingLife)}
	if e.opts.Peers != nil {
		e.typeElsewhere(it.Phone, ev)
		return
	}
	e.keepTyping(it.Phone, ev)
}

// keepTyping keeps a typing event for a phone that is away.
func (e *Engine) keepTyping(phone string, ev passingEvent) {
	e.typing.keep(phone, ev, e.clock.Now())
	if m := e.online.get(phone); m != nil { // it has come online meanwhile
		m.push(e.typing.take(phone, e.clock.Now())...)
	}
}

func (p *passing) keep(phone string, ev passingEvent, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n >= maxPassing {
		p.clean(now)
	}
	if p.n >= maxPassing {
		return
	}
	if p.kept == nil {
		p.kept = make(map[string][]passingEvent)
	}
	p.kept[phone] = append(p.kept[phone], ev)
	p.n++
}

// take removes what is kept for phone and returns what is still worth showing.
func (p *passing) take(phone string, now time.Time) []Effect {
	p.mu.Lock()
	defer p.mu.Unlock()
	var live []Effect
	for _, ev := range p.kept[phone] {
		if ev.until.After(now) {
			live = append(live, ev.effect)
		}
	}
	p.n -= len(p.kept[phone])
	delete(p.kept, phone)
	return live
}

// clean forgets what is no longer worth showing.
func (p *passing) clean(now time.Time) {
	for phone, events := range p.kept {
		if !events[len(events)-1].until.After(now) {
			p.n -= len(events)
			delete(p.kept, phone)
		}
	}
}
