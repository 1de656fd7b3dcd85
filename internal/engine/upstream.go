package engine

import (
	"context"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// PostMessage takes a message of a user to an agent. It is durable when
// PostMessage returns nil; the repeat of an id of the same phone and agent is
// absorbed. Sender, ids and sendTime of m are set here.
func (e *Engine) PostMessage(ctx context.Context, phone, agent, id string, m *rbm.UserMessage) error {
	m.SenderPhoneNumber, m.MessageID, m.AgentID = phone, id, ledger.FullAgentID(agent)
	m.SendTime = rbm.Timestamp(e.sendTime())
	return e.post(ctx, phone, Ref{Agent: agent, ID: id}, messageType(m), m)
}

// PostEvent takes a userEvent that is not about a message: IS_TYPING,
// SUBSCRIBE or UNSUBSCRIBE. It is durable when PostEvent returns nil.
func (e *Engine) PostEvent(ctx context.Context, phone, agent, id string, t rbm.UserEventType) error {
	return e.post(ctx, phone, Ref{Agent: agent, ID: id}, string(t), &rbm.UserEvent{
		SenderPhoneNumber: phone, EventType: t, EventID: id,
		SendTime: rbm.Timestamp(e.sendTime()), AgentID: ledger.FullAgentID(agent),
	})
}

func (e *Engine) post(ctx context.Context, phone string, ref Ref, kind string, event any) error {
	known, err := e.agents.HasAgent(ctx, ref.Agent)
	if err != nil {
		return e.unavailable(ctx, err)
	}
	if !known {
		return rbm.NotFound()
	}
	data, err := rbm.MarshalPretty(event)
	if err != nil {
		return err
	}
	now := e.clock.Now()
	n := &ledger.Notice{Agent: ref.Agent, EventID: ref.ID, Type: kind, Data: data, Created: now, Due: now}
	fresh, err := e.ledger.PostUpstream(context.WithoutCancel(ctx), phone, ref, n)
	if err != nil {
		return e.unavailable(ctx, err)
	}
	e.log.DebugContext(ctx, "from phone", "agent", ref.Agent, "messageId", ref.ID, "phone", phone, "type", kind, "new", fresh)
	if fresh {
		e.stats.Upstream.Add(1)
		e.opts.Notify(ref.Agent)
	}
	return nil
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
