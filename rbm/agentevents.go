package rbm

// AgentEvent is an event from an agent to a user: it is typing, or has read the
// user's message MessageID. Name and SendTime are set by the platform and
// ignored on input (facts/rbm-api.md §1.3).
type AgentEvent struct {
	Name      string         `json:"name,omitzero" rbm:"out"` // phones/{E.164}/agentEvents/{eventId}
	EventType AgentEventType `json:"eventType,omitzero"`
	MessageID string         `json:"messageId,omitzero"` // READ only
	SendTime  Timestamp      `json:"sendTime,omitzero" rbm:"out"`
}

// AgentEventType is the kind of an agent event; "" is unspecified.
type AgentEventType string

// The agent events: IS_TYPING lasts about 20 s and is not stored, READ is
// queued for up to 30 days (facts/rbm-api.md §1.3).
const (
	AgentEventIsTyping AgentEventType = "IS_TYPING"
	AgentEventRead     AgentEventType = "READ"
)

func (e *AgentEvent) settle() bool {
	e.Name, e.SendTime = "", Timestamp{}
	return agentEventTypes.has(e.EventType)
}

// Validate checks an event that an agent wants to send: the type is required,
// READ needs the id of the user's message and IS_TYPING must not have one
// (facts/rbm-api.md §1.3). It fails with INVALID_ARGUMENT and all violations.
func (e *AgentEvent) Validate() error {
	var v validator
	p := path{name: "agent_event", index: -1}
	switch {
	case e.EventType == "":
		v.missing(&p, "event_type")
	case e.EventType == AgentEventRead && e.MessageID == "":
		v.fail(&p, "message_id", "required with event type READ")
	case e.EventType == AgentEventIsTyping && e.MessageID != "":
		v.fail(&p, "message_id", "must not be set with event type IS_TYPING")
	}
	return v.err()
}
