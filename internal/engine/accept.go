package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// Accepted is what became of a send.
type Accepted struct {
	// Payload is the resource as compact JSON: the one now created, or, when the
	// id was used before, the one that was created then.
	Payload []byte
	// Repeated says that the id was used before by the same agent, so that the
	// send was ignored (facts/rbm-api.md §1.1).
	Repeated bool
}

// AcceptMessage stores m for phone, once per ref, and returns when that is
// durable; a phone that is online gets it at once. m must be valid; its name,
// sendTime and expireTime are set here.
func (e *Engine) AcceptMessage(ctx context.Context, ref Ref, phone string, m *rbm.AgentMessage) (*Accepted, error) {
	return e.AcceptMedia(ctx, ref, phone, m, nil)
}

// AcceptMedia is AcceptMessage for a message with files: media, a JSON array, is
// what the phone is told of them.
func (e *Engine) AcceptMedia(ctx context.Context, ref Ref, phone string, m *rbm.AgentMessage, media []byte) (*Accepted, error) {
	now := e.sendTime()
	it := &ledger.Item{Ref: ref, Kind: delivery.Message, Phone: phone, SendTime: now, Media: media}
	if at, expires := m.Expiry(now); expires {
		it.ExpireTime = at
		m.ExpireTime = rbm.NewTimestamp(at)
	}
	m.Name = resourceName(phone, "agentMessages", ref.ID)
	m.SendTime, m.TTL = rbm.Timestamp(now), nil
	var err error
	if it.Payload, err = rbm.Marshal(m); err != nil {
		return nil, err
	}
	if err := e.accept(ctx, it, e.ledger.Add, e.offer); err != nil {
		return e.repeated(ctx, err, ref, "agentMessages")
	}
	e.stats.Accepted.Add(1)
	if !it.ExpireTime.IsZero() && !e.opts.LoseHints {
		e.expiry.hint(it.ExpireTime)
	}
	return &Accepted{Payload: it.Payload}, nil
}

// AcceptEvent does for an agentEvent what AcceptMessage does for a message. READ
// is queued; IS_TYPING is passed on within 20 seconds or forgotten
// (facts/rbm-api.md §1.3).
func (e *Engine) AcceptEvent(ctx context.Context, ref Ref, phone string, ev *rbm.AgentEvent) (*Accepted, error) {
	now := e.sendTime()
	it := &ledger.Item{Ref: ref, Kind: delivery.Event, Phone: phone, SendTime: now}
	ev.Name, ev.SendTime = resourceName(phone, "agentEvents", ref.ID), rbm.Timestamp(now)
	payload, err := rbm.Marshal(ev)
	if err != nil {
		return nil, err
	}
	it.Payload = payload
	add, hand := e.ledger.Add, e.offer
	if ev.EventType == rbm.AgentEventIsTyping {
		add, hand = e.ledger.AddPassing, e.passOn
	}
	if err := e.accept(ctx, it, add, hand); err != nil {
		return e.repeated(ctx, err, ref, "agentEvents")
	}
	e.stats.Events.Add(1)
	return &Accepted{Payload: payload}, nil
}

// sendTime is now, to the microsecond that the API shows.
func (e *Engine) sendTime() time.Time { return e.clock.Now().Truncate(time.Microsecond) }

func resourceName(phone, collection, id string) string {
	return "phones/" + phone + "/" + collection + "/" + id
}

// accept makes it durable by add and, in its turn, hands it to its phone. A send
// that has begun is finished, whatever becomes of the caller.
func (e *Engine) accept(ctx context.Context, it *ledger.Item, add func(context.Context, *ledger.Item) error, hand func(*ledger.Item)) error {
	if e.opts.Shared {
		return e.acceptShared(context.WithoutCancel(ctx), it, add, hand)
	}
	t := e.lanes.enter(it.Phone, e.ledger.NextSeq)
	it.Seq = t.seq
	err := add(context.WithoutCancel(ctx), it)
	t.await()
	e.clock.Turn("send", it.ID, 0)
	defer e.lanes.leave(it.Phone, t)
	if err != nil {
		return err
	}
	e.accepted(ctx, it)
	hand(it)
	return nil
}

func (e *Engine) accepted(ctx context.Context, it *ledger.Item) {
	e.log.DebugContext(ctx, "accepted", "kind", it.Kind, "agent", it.Agent, "messageId", it.ID, "phone", it.Phone, "expireTime", it.ExpireTime)
	e.noteAccepted(it)
}

// offer hints to the phone of it, if that is online, that it waits in the ledger.
func (e *Engine) offer(it *ledger.Item) {
	if e.opts.LoseHints {
		return
	}
	if m := e.online.get(it.Phone); m != nil {
		m.offer(it)
	} else if e.opts.Peers != nil {
		e.opts.Peers.Wake(it.Phone)
	}
}

// repeated answers a send that was not stored: with what its id was used for
// before, if that is the reason.
func (e *Engine) repeated(ctx context.Context, err error, ref Ref, collection string) (*Accepted, error) {
	if !errors.Is(err, store.ErrConflict) {
		return nil, e.unavailable(ctx, err)
	}
	res, err := e.before(ctx, ref, collection)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return nil, err
	}
	if err != nil {
		return nil, e.unavailable(ctx, fmt.Errorf("reading what %v was used for: %w", ref, err))
	}
	return res, nil
}

// EarlierMessage returns what a message with the id of ref would be answered
// with, if the id was used before.
func (e *Engine) EarlierMessage(ctx context.Context, ref Ref) (*Accepted, bool) {
	res, err := e.before(ctx, ref, "agentMessages")
	return res, err == nil
}

// EarlierEvent is EarlierMessage for an event.
func (e *Engine) EarlierEvent(ctx context.Context, ref Ref) (*Accepted, bool) {
	res, err := e.before(ctx, ref, "agentEvents")
	return res, err == nil
}

// before reads what ref was used for.
func (e *Engine) before(ctx context.Context, ref Ref, collection string) (*Accepted, error) {
	st, err := e.ledger.Status(ctx, ref)
	if err != nil {
		return nil, err
	}
	if st.IsErased() {
		return nil, rbm.Errorf(rbm.CodeNotFound, "The id was used for a message that has been erased.")
	}
	it, err := e.ledger.Item(ctx, st.Seq)
	if err != nil {
		return nil, err
	}
	if m := e.online.get(it.Phone); m != nil && st.State.Waiting() {
		m.seek(it) // nobody has offered it, if its commit was of unknown outcome
	}
	e.stats.Repeated.Add(1)
	e.log.InfoContext(ctx, "ignored: the id was used before", "agent", ref.Agent, "messageId", ref.ID, "phone", it.Phone, "usedFor", st.Kind)
	if (st.Kind == delivery.Message) == (collection == "agentMessages") {
		return &Accepted{Payload: it.Payload, Repeated: true}, nil
	}
	// The id names a resource of the other kind: there is no content to show.
	payload, err := rbm.Marshal(&rbm.AgentMessage{Name: resourceName(it.Phone, collection, ref.ID), SendTime: rbm.Timestamp(it.SendTime)})
	return &Accepted{Payload: payload, Repeated: true}, err
}

// unavailable logs the fault of the store and answers with the code that makes
// clients try again.
func (e *Engine) unavailable(ctx context.Context, err error) error {
	e.log.ErrorContext(ctx, "store", "err", err)
	return rbm.Errorf(rbm.CodeUnavailable, "The service is currently unavailable.")
}
