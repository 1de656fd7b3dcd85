package engine

import (
	"context"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// PostMessage takes a message of a user to an agent. It is durable when
// PostMessage returns nil; the repeat of an id of the same phone and agent is
// absorbed. Sender, ids and sendTime of m are set here. A text that is the
// keyword of the phone's country also subscribes or unsubscribes.
func (e *Engine) PostMessage(ctx context.Context, phone, agent, id string, m *rbm.UserMessage) error {
	if agent == ledger.PlatformAgent {
		return e.opts.Platform(ctx, phone, m)
	}
	up := upstream{phone: phone, ref: Ref{Agent: agent, ID: id}, wish: spokenWish(phone, m.Text)}
	if err := e.message(ctx, &up, e.sendTime(), id, m); err != nil {
		return err
	}
	return e.post(ctx, &up)
}

// message tells the agent of m. What is only known for numbers of the United
// States is filled in (facts/rbm-api.md §3.5).
func (e *Engine) message(ctx context.Context, up *upstream, now time.Time, id string, m *rbm.UserMessage) error {
	if rbm.IsUSPhone(up.phone) {
		carrier, err := e.agents.Carrier(ctx, up.phone)
		if err != nil {
			return e.unavailable(ctx, err)
		}
		class := rbm.ClassifyUser(m)
		m.RichMessageClassification, m.Carrier = &class, carrier
	}
	m.SenderPhoneNumber, m.MessageID, m.AgentID = up.phone, id, ledger.FullAgentID(up.ref.Agent)
	m.SendTime = rbm.Timestamp(now)
	up.tell(messageType(m), id, m)
	return nil
}

// PostEvent takes a userEvent that is not about a message: IS_TYPING,
// SUBSCRIBE or UNSUBSCRIBE. It is durable when PostEvent returns nil. With the
// last two the agent also gets the keyword of the phone's country as a text
// (facts/rbm-api.md §3.6).
func (e *Engine) PostEvent(ctx context.Context, phone, agent, id string, t rbm.UserEventType) error {
	if agent == ledger.PlatformAgent {
		return nil
	}
	now := e.sendTime()
	up := upstream{phone: phone, ref: Ref{Agent: agent, ID: id}, wish: wishes[t]}
	up.tell(string(t), id, &rbm.UserEvent{
		SenderPhoneNumber: phone, EventType: t, EventID: id,
		SendTime: rbm.Timestamp(now), AgentID: ledger.FullAgentID(agent),
	})
	if up.wish != noWish {
		err := e.message(ctx, &up, now, ledger.EventID(phone, agent, id, "keyword"), &rbm.UserMessage{Text: keywordFor(phone, up.wish)})
		if err != nil {
			return err
		}
	}
	return e.post(ctx, &up)
}

// PostCapabilities tells an agent what it asked of phone with
// requestCapabilityCallback (facts/rbm-api.md §1.5). The repeat of a request's id
// is absorbed.
func (e *Engine) PostCapabilities(ctx context.Context, agent string, r *rbm.CapabilityCallbackResponse) error {
	ref := Ref{Agent: agent, ID: "capability " + r.RequestID} // no phone can choose an id with a space
	up := upstream{phone: r.PhoneNumber, ref: ref}
	up.tell("CAPABILITY_CALLBACK", ref.ID, r)
	return e.post(ctx, &up)
}

// upstream is something from a phone for an agent, which changes the store once.
type upstream struct {
	phone    string
	ref      Ref
	wish     wish
	tellings []telling
}

// telling is one notice of an upstream. Two phones may choose the same id.
type telling struct {
	kind, id string
	event    any
}

func (u *upstream) tell(kind, id string, event any) {
	u.tellings = append(u.tellings, telling{kind, id, event})
}

func (u *upstream) notices(now time.Time) ([]*ledger.Notice, error) {
	list := make([]*ledger.Notice, len(u.tellings))
	for i, t := range u.tellings {
		data, err := rbm.MarshalPretty(t.event)
		if err != nil {
			return nil, err
		}
		list[i] = &ledger.Notice{
			Agent: u.ref.Agent, EventID: ledger.EventID(u.phone, u.ref.Agent, t.id),
			Type: t.kind, Data: data, Created: now, Due: now,
		}
	}
	return list, nil
}

func (e *Engine) post(ctx context.Context, u *upstream) error {
	known, err := e.agents.HasAgent(ctx, u.ref.Agent)
	if err != nil {
		return e.unavailable(ctx, err)
	}
	if !known {
		return rbm.NotFound()
	}
	notices, err := u.notices(e.clock.Now())
	if err != nil {
		return err
	}
	fresh, err := e.record(context.WithoutCancel(ctx), u, notices)
	if err != nil {
		return e.unavailable(ctx, err)
	}
	e.log.DebugContext(ctx, "from phone", "agent", u.ref.Agent, "messageId", u.ref.ID, "phone", u.phone, "type", u.tellings[0].kind, "new", fresh)
	if fresh {
		e.stats.Upstream.Add(1)
		e.noteUpstream(u, notices)
		e.opts.Notify(u.ref.Agent)
	}
	return nil
}

func (e *Engine) record(ctx context.Context, u *upstream, notices []*ledger.Notice) (fresh bool, err error) {
	if u.wish == noWish {
		return e.ledger.PostUpstream(ctx, u.phone, u.ref, notices...)
	}
	return e.ledger.PostSubscription(ctx, u.phone, u.ref, u.wish == subscribe, notices...)
}

// Unsubscribed says that the user of phone does not want the agent's promotions.
func (e *Engine) Unsubscribed(ctx context.Context, agent, phone string) (bool, error) {
	unwanted, err := e.ledger.Unsubscribed(ctx, agent, phone)
	if err != nil {
		return false, e.unavailable(ctx, err)
	}
	return unwanted, nil
}

// messageType is the message_type of the webhook's envelope (facts/rbm-api.md §3.3).
func messageType(m *rbm.UserMessage) string {
	switch {
	case m.SuggestionResponse != nil:
		return "SUGGESTION_RESPONSE"
	case m.Location != nil:
		return "LOCATION"
	case m.UserFile != nil:
		return "USER_FILE"
	}
	return "TEXT"
}
