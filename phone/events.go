package phone

import (
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// Event is something that happened at the phone: a *Message, AgentEvent,
// Revoked, Online or Offline.
type Event interface{ event() }

// Message is an agentMessage that the phone shows.
type Message struct {
	AgentID, MessageID string
	Content            *rbm.AgentMessage
	// Raw is the AgentMessage as the server sent it.
	Raw []byte
	// Media are the files of the message as the server has them. Their URLs are absolute.
	Media []Media
	// Received is when it first came.
	Received time.Time
}

// AgentEvent is an agentEvent: the agent is typing, or has read the user's message
// Event.MessageID. It is worth showing for 20 seconds (facts/rbm-api.md §1.3).
type AgentEvent struct {
	AgentID, EventID string
	Event            *rbm.AgentEvent
	Raw              []byte
}

// Revoked says that the phone has removed a message.
type Revoked struct{ AgentID, MessageID string }

// Online says that the phone is connected; it can be reached from now on.
type Online struct{ PhoneNumber string }

// Offline says that the phone is not connected any more. It connects again by
// itself unless it was told not to, or Final is set.
type Offline struct {
	Err error
	// Final : the server will not have this phone; it is closed.
	Final bool
}

func (*Message) event()   {}
func (AgentEvent) event() {}
func (Revoked) event()    {}
func (Online) event()     {}
func (Offline) event()    {}
