package engine

import "sync"

// EffectKind is what an Effect does.
type EffectKind uint8

// The effects.
const (
	// DeliverMessage brings an agentMessage; the phone acknowledges it.
	DeliverMessage EffectKind = iota + 1
	// DeliverEvent brings an agentEvent; the phone acknowledges it, except typing.
	DeliverEvent
	// Revoke asks for a message back, or with Final takes it off the screen.
	Revoke
	// Confirm says that what the phone reported is durable.
	Confirm
)

// Effect is one thing to do at a phone.
type Effect struct {
	Kind EffectKind
	Ref  Ref
	// Final, with Revoke: the ledger has decided, the phone hides the message
	// whatever it acknowledged. Without it the phone answers Withdrawn, unless it
	// acknowledged before.
	Final bool
	// Payload is the resource as compact JSON, with DeliverMessage and DeliverEvent.
	Payload []byte
	// Media is what the phone is told of the message's files, as a JSON array, with
	// DeliverMessage; empty if it has none.
	Media []byte
}

// Link is the way to one phone. Send hands over effects in order and returns
// when the transport has taken them; an error means that the link is dead.
type Link interface {
	Send(effects []Effect) error
}

// online is the mailboxes of the phones that are connected.
type online struct {
	shards [64]struct {
		mu    sync.RWMutex
		boxes map[string]*Mailbox
	}
}

func (o *online) get(phone string) *Mailbox {
	s := &o.shards[shardOf(phone, len(o.shards))]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.boxes[phone]
}

// put makes m the mailbox of its phone and returns the one it replaces.
func (o *online) put(m *Mailbox) *Mailbox {
	s := &o.shards[shardOf(m.phone, len(o.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boxes == nil {
		s.boxes = make(map[string]*Mailbox)
	}
	old := s.boxes[m.phone]
	s.boxes[m.phone] = m
	return old
}

// remove takes m out, unless another has taken its place. It says whether it did.
func (o *online) remove(m *Mailbox) bool {
	s := &o.shards[shardOf(m.phone, len(o.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boxes[m.phone] != m {
		return false
	}
	delete(s.boxes, m.phone)
	return true
}

func (o *online) all() []*Mailbox {
	var all []*Mailbox
	for i := range o.shards {
		s := &o.shards[i]
		s.mu.RLock()
		for _, m := range s.boxes {
			all = append(all, m)
		}
		s.mu.RUnlock()
	}
	return all
}

func (o *online) count() int {
	n := 0
	for i := range o.shards {
		s := &o.shards[i]
		s.mu.RLock()
		n += len(s.boxes)
		s.mu.RUnlock()
	}
	return n
}
