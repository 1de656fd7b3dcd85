package client

import (
	"encoding/json"
	"fmt"

	"github.com/openrbm/openrbm/rbm"
)

// Event is one thing that happened, as the platform tells an agent. At most one of
// UserMessage, UserEvent, ServerEvent and Capabilities is set; none for kinds that this package
// does not know, such as agent launch events, whose content is in Data.
type Event struct {
	ID      string // messageId of a user message, eventId of an event, requestId of Capabilities: the same when it is delivered again
	AgentID string // full form, such as demo_agent@rbm.goog

	UserMessage *rbm.UserMessage
	UserEvent   *rbm.UserEvent
	ServerEvent *rbm.ServerEvent
	// Capabilities answers a RequestCapabilityCallback.
	Capabilities *rbm.CapabilityCallbackResponse

	Data       []byte            // the JSON that was signed
	Type       string            // X-Goog-Webhook-Type, such as message_callback; may be empty
	Attributes map[string]string // of the envelope, such as message_type
}

// ParseEvent reads the decoded message.data of a webhook request. Events are told
// apart by their fields (facts/rbm-api.md §3.6): eventType makes it an event, of the
// user with senderPhoneNumber, of the server with phoneNumber. Names that are not
// known are ignored.
func ParseEvent(data []byte) (Event, error) {
	e := Event{Data: data}
	var probe struct {
		AgentID           string          `json:"agentId"`
		MessageID         string          `json:"messageId"`
		EventID           string          `json:"eventId"`
		EventType         json.RawMessage `json:"eventType"`
		SenderPhoneNumber string          `json:"senderPhoneNumber"`
		PhoneNumber       string          `json:"phoneNumber"`
		RequestID         string          `json:"requestId"`
	}
	if err := json.Unmarshal(data, &probe); err != nil {
		return e, fmt.Errorf("not an event: %w", err)
	}
	e.AgentID, e.ID = probe.AgentID, probe.EventID
	var err error
	switch isEvent := probe.EventType != nil; {
	case isEvent && probe.SenderPhoneNumber != "":
		e.UserEvent, err = decode[rbm.UserEvent](data)
	case isEvent && probe.PhoneNumber != "":
		e.ServerEvent, err = decode[rbm.ServerEvent](data)
	case !isEvent && probe.RequestID != "" && probe.PhoneNumber != "":
		e.ID = probe.RequestID
		e.Capabilities, err = decode[rbm.CapabilityCallbackResponse](data)
	case !isEvent && probe.SenderPhoneNumber != "":
		e.UserMessage, err = decode[rbm.UserMessage](data)
		if probe.MessageID != "" { // taps on actions once came with an eventId (facts/rbm-api.md §3.5)
			e.ID = probe.MessageID
		}
	}
	return e, err
}
