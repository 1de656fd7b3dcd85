package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// Peers are the other nodes on a shared store.
type Peers interface {
	// Owns says whether the work of that name is this node's now.
	Owns(work string) bool
	// Wake hints to the others that something waits for phone.
	Wake(phone string)
	// Moved says that phone's connection to this node has begun or ended.
	Moved(phone string)
	// Ask hands a question to the node that phone is connected to, whose engine
	// Answers it. False: it is connected to no other living node.
	Ask(ctx context.Context, phone string, question []byte) (reply []byte, found bool, err error)
}

// The work that one node does for all.
const (
	workExpiry    = "expiry"
	workRetention = "retention"
)

// sharedLook is how often the head of the due index is looked at on a shared
// store: no hint tells what other nodes put there.
const sharedLook = time.Second

// question is what nodes ask each other about a phone.
type question struct {
	What    string `json:"what"`
	Phone   string `json:"phone"`
	Agent   string `json:"agent,omitempty"`
	ID      string `json:"id,omitempty"`
	Payload []byte `json:"payload,omitempty"`
}

// The questions.
const (
	askRevoke = "revoke"
	askExpire = "expire"
	askTyping = "typing"
)

// ruling is an answer.
type ruling struct {
	Code rbm.Code `json:"code"`
}

// ErrNotHere says that a phone that was asked about is not connected here.
var ErrNotHere = errors.New("engine: the phone is not connected here")

// Answer answers what Peers.Ask of another node has handed on.
func (e *Engine) Answer(ctx context.Context, data []byte) ([]byte, error) {
	var q question
	if err := json.Unmarshal(data, &q); err != nil {
		return nil, err
	}
	m, ref := e.online.get(q.Phone), Ref{Agent: q.Agent, ID: q.ID}
	if m == nil {
		return nil, ErrNotHere
	}
	var err error
	switch q.What {
	case askRevoke:
		err = e.revoke(context.WithoutCancel(ctx), ref, q.Phone)
	case askExpire:
		answered, release := m.withhold(ref)
		defer release()
		ctx := context.WithoutCancel(ctx)
		e.conclude(ctx, ledger.DueItem{Ref: ref, Phone: q.Phone}, e.awaitVerdict(ctx, answered))
	case askTyping:
		m.push(Effect{Kind: DeliverEvent, Ref: ref, Payload: q.Payload})
	default:
		err = rbm.Errorf(rbm.CodeUnimplemented, "This node does not know the question %q.", q.What)
	}
	return json.Marshal(ruling{rbm.CodeOf(err)})
}

// elsewhere asks the node that phone is connected to, if it is another.
func (e *Engine) elsewhere(ctx context.Context, q question) (answer rbm.Code, found bool, err error) {
	if e.opts.Peers == nil || e.online.get(q.Phone) != nil {
		return 0, false, nil
	}
	data, err := json.Marshal(q)
	if err != nil {
		return 0, false, err
	}
	reply, found, err := e.opts.Peers.Ask(ctx, q.Phone, data)
	if err != nil || !found {
		return 0, found, err
	}
	var v ruling
	err = json.Unmarshal(reply, &v)
	return v.Code, true, err
}

// revokeElsewhere revokes through the node that phone is connected to, if it is
// another.
func (e *Engine) revokeElsewhere(ctx context.Context, ref Ref, phone string) (done bool, err error) {
	code, found, err := e.elsewhere(ctx, question{What: askRevoke, Phone: phone, Agent: ref.Agent, ID: ref.ID})
	switch {
	case err != nil:
		return true, e.unavailable(ctx, err)
	case !found:
		return false, nil
	case code == rbm.CodeOK:
		return true, nil
	case code == rbm.CodeNotFound:
		return true, rbm.NotFound()
	}
	return true, rbm.Errorf(code, "The service is currently unavailable.")
}

// expireElsewhere expires an item whose phone is not connected here: by its node,
// or, if there is none, here.
func (e *Engine) expireElsewhere(ctx context.Context, it ledger.DueItem) {
	e.whileAsking(it, func() {
		e.clock.Turn("expire", it.ID, 1)
		code, found, err := e.elsewhere(ctx, question{What: askExpire, Phone: it.Phone, Agent: it.Agent, ID: it.ID})
		switch {
		case err != nil && ctx.Err() == nil:
			e.log.Warn("expiry at another node", "agent", it.Agent, "messageId", it.ID, "phone", it.Phone, "err", err)
		case err == nil && !found:
			answered, release := e.withhold(it.Phone, it.Ref) // it may have come here meanwhile
			e.conclude(ctx, it, e.awaitVerdict(ctx, answered))
			release()
		case err == nil && code != rbm.CodeOK:
			e.log.Warn("expiry at another node", "agent", it.Agent, "messageId", it.ID, "phone", it.Phone, "code", code)
		}
	})
}

// typeElsewhere passes a typing event on to where its phone is connected, or keeps
// it for a phone that is away.
func (e *Engine) typeElsewhere(phone string, ev passingEvent) {
	e.pumps.Go(func() {
		e.clock.Turn("typing", ev.effect.Ref.ID, 0)
		ctx, cancel := context.WithTimeout(context.Background(), typingLife)
		defer cancel()
		_, found, err := e.elsewhere(ctx, question{What: askTyping, Phone: phone, Agent: ev.effect.Ref.Agent, ID: ev.effect.Ref.ID, Payload: ev.effect.Payload})
		if !found && err == nil {
			e.keepTyping(phone, ev)
		}
	})
}

// Elsewhere says that phone has connected to another node: what is kept for it here
// goes there.
func (e *Engine) Elsewhere(phone string) {
	now := e.clock.Now()
	for _, effect := range e.typing.take(phone, now) {
		e.typeElsewhere(phone, passingEvent{effect, now.Add(typingLife)})
	}
}

// Phones are those that are connected here.
func (e *Engine) Phones() []string {
	all := e.online.all()
	phones := make([]string, len(all))
	for i, m := range all {
		phones[i] = m.phone
	}
	return phones
}

// Rescan makes all mailboxes look at the store: hints may have been lost.
func (e *Engine) Rescan() {
	for _, m := range e.online.all() {
		m.rescan()
	}
	e.expiry.ring()
}

// Release takes all phones offline; they may come back.
func (e *Engine) Release() {
	for _, m := range e.online.all() {
		m.Detach()
	}
}

// owns says whether work is this node's.
func (e *Engine) owns(work string) bool { return e.opts.Peers == nil || e.opts.Peers.Owns(work) }

// moved tells the peers that a phone has come or gone.
func (e *Engine) moved(phone string) {
	if e.opts.Peers != nil {
		e.opts.Peers.Moved(phone)
	}
}
