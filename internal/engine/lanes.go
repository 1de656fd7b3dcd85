package engine

import (
	"hash/maphash"
	"sync"

	"github.com/openrbm/openrbm/internal/ledger"
)

// lanes keep the sends to one phone in the order of their places: their answers
// and hints leave in the order in which the places were given, although the
// commits run side by side. So the order in which a phone gets its messages is
// the order in which their sends were acknowledged.
type lanes struct {
	shards [64]struct {
		mu   sync.Mutex
		last map[string]*turn // the send under way with the latest place, by phone
	}
}

// turn is one send under way.
type turn struct {
	seq  ledger.Seq
	prev *turn
	done chan struct{}
}

var seed = maphash.MakeSeed()

// shardOf spreads phones over n shards.
func shardOf(phone string, n int) int { return int(maphash.String(seed, phone) % uint64(n)) }

// enter gives the next place for phone.
func (l *lanes) enter(phone string, next func() ledger.Seq) *turn {
	s := &l.shards[shardOf(phone, len(l.shards))]
	t := &turn{done: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = make(map[string]*turn)
	}
	t.seq, t.prev = next(), s.last[phone]
	s.last[phone] = t
	return t
}

// await returns when every send with an earlier place has left.
func (t *turn) await() {
	if t.prev != nil {
		<-t.prev.done
		t.prev = nil
	}
}

// leave ends the turn; await must have returned.
func (l *lanes) leave(phone string, t *turn) {
	s := &l.shards[shardOf(phone, len(l.shards))]
	s.mu.Lock()
	if s.last[phone] == t {
		delete(s.last, phone)
	}
	s.mu.Unlock()
	close(t.done)
}

// settle returns a place up to which phone's mailbox is complete: no send under
// way will still put something before it.
func (l *lanes) settle(phone string, latest func() ledger.Seq) ledger.Seq {
	s := &l.shards[shardOf(phone, len(l.shards))]
	s.mu.Lock()
	last, upTo := s.last[phone], latest()
	s.mu.Unlock()
	if last != nil {
		<-last.done
	}
	return upTo
}
