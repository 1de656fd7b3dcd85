package frame

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Protocol is the version of the protocol that this package speaks.
const Protocol = 1

// Type is the member "type" of a frame.
type Type string

// The frames a phone sends.
const (
	TypeHello       Type = "hello"
	TypeAck         Type = "ack"
	TypeRead        Type = "read"
	TypeWithdrawn   Type = "withdrawn"
	TypeUserMessage Type = "userMessage"
	TypeUserEvent   Type = "userEvent"
	TypeAnnounce    Type = "announce"
)

// The frames the server sends.
const (
	TypeWelcome      Type = "welcome"
	TypeAgentMessage Type = "agentMessage"
	TypeAgentEvent   Type = "agentEvent"
	TypeRevoke       Type = "revoke"
	TypeConfirm      Type = "confirm"
	TypeOK           Type = "ok"
	TypeError        Type = "error"
)

// The close codes of the protocol, beside those of RFC 6455.
const (
	CloseGoingAway       = 4000 // the server stops; connect again
	CloseUnauthenticated = 4001 // the hello was refused; do not connect again with it
	CloseReplaced        = 4002 // the phone has connected once more; this connection is over
	CloseProtocolError   = 4003 // what was sent is not of this protocol
	CloseSilent          = 4004 // nothing was heard from the phone for too long; connect again
)

// Frame is one frame. Its concrete types are the pointers to the structs below.
type Frame interface{ frame() }

// Header is the member every frame has.
type Header struct {
	Type Type `json:"type"`
}

func (Header) frame() {}

// MessageRef names an agentMessage, or an agentEvent by its eventId: the ids of
// both are unique together for an agent (facts/rbm-api.md §1.1).
type MessageRef struct {
	AgentID   string `json:"agentId"`
	MessageID string `json:"messageId"`
}

// Hello is the first frame of a phone.
type Hello struct {
	Header
	Protocol    int    `json:"protocol"`
	PhoneNumber string `json:"phoneNumber"`
	Token       string `json:"token"`
	// Features are names of the Feature enum (facts/rbm-api.md §1.4).
	Features []string `json:"features,omitempty"`
	Carrier  string   `json:"carrier,omitempty"`
	// Window is how many unacknowledged deliveries the phone takes, 1 to MaxWindow;
	// zero asks for DefaultWindow.
	Window int `json:"window,omitzero"`
	// Client names the program, for the server's log.
	Client string `json:"client,omitempty"`
}

// Reports says the same of several messages: ack, read or withdrawn.
type Reports struct {
	Header
	Messages []MessageRef `json:"messages"`
}

// UserMessage is a message of the user to an agent. Exactly one of its contents
// is set (facts/rbm-api.md §3.5).
type UserMessage struct {
	Header
	// Ref is returned in the answer; the phone chooses it.
	Ref     string `json:"ref"`
	AgentID string `json:"agentId"`
	// MessageID is made once by the phone, so that a repeat is absorbed.
	MessageID          string              `json:"messageId"`
	Text               *string             `json:"text,omitzero"`
	SuggestionResponse *SuggestionResponse `json:"suggestionResponse,omitzero"`
	Location           *Location           `json:"location,omitzero"`
	UserFile           *UserFile           `json:"userFile,omitzero"`
}

// SuggestionResponse is a tap on a suggestion.
type SuggestionResponse struct {
	PostbackData string `json:"postbackData,omitempty"`
	Text         string `json:"text"`
	// Type is REPLY or ACTION.
	Type string `json:"type"`
}

// Location is a place in degrees of WGS84; both members are needed.
type Location struct {
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

// UserFile is a file that the user sends, already uploaded somewhere public
// (facts/rbm-api.md §6.4).
type UserFile struct {
	Thumbnail *FileInfo `json:"thumbnail,omitzero"`
	Payload   *FileInfo `json:"payload"`
}

// FileInfo describes one file of a UserFile.
type FileInfo struct {
	MimeType      string `json:"mimeType"`
	FileSizeBytes int64  `json:"fileSizeBytes,omitzero"`
	FileURI       string `json:"fileUri"`
	FileName      string `json:"fileName,omitempty"`
}

// UserEvent is something the user does that is not a message.
type UserEvent struct {
	Header
	Ref     string `json:"ref"`
	AgentID string `json:"agentId"`
	// EventID is made once by the phone, so that a repeat is absorbed.
	EventID string `json:"eventId"`
	// EventType is IS_TYPING, SUBSCRIBE or UNSUBSCRIBE.
	EventType string `json:"eventType"`
}

// Announce tells the server that the phone's capabilities have changed.
type Announce struct {
	Header
	Ref      string   `json:"ref"`
	Features []string `json:"features"`
	Carrier  string   `json:"carrier,omitempty"`
}

// Welcome answers a hello.
type Welcome struct {
	Header
	Protocol    int    `json:"protocol"`
	PhoneNumber string `json:"phoneNumber"`
	// PingSeconds is about how often the server uses an idle connection.
	PingSeconds float64 `json:"pingSeconds"`
	Window      int     `json:"window"`
}

// AgentMessage delivers an agentMessage, as JSON.
type AgentMessage struct {
	Header
	MessageRef
	Message jsontext.Value `json:"message"`
	Media   []Media        `json:"media,omitempty"`
}

// Media is a file of an agentMessage. Its URLs are references relative to the
// server.
type Media struct {
	// Path is the place in contentMessage that has the file.
	Path              string `json:"path"`
	MimeType          string `json:"mimeType"`
	SizeBytes         int64  `json:"sizeBytes"`
	URL               string `json:"url"`
	FileName          string `json:"fileName,omitempty"`
	ThumbnailURL      string `json:"thumbnailUrl,omitempty"`
	ThumbnailMimeType string `json:"thumbnailMimeType,omitempty"`
}

// AgentEvent delivers an agentEvent, as JSON.
type AgentEvent struct {
	Header
	AgentID string         `json:"agentId"`
	EventID string         `json:"eventId"`
	Event   jsontext.Value `json:"event"`
}

// Revoke asks for a message back.
type Revoke struct {
	Header
	MessageRef
	// Final : it is decided, the phone hides the message and answers nothing.
	// Otherwise it answers withdrawn, unless it has acknowledged the message.
	Final bool `json:"final,omitzero"`
}

// Confirm says that the reports of the phone on these messages are durable.
type Confirm struct {
	Header
	Messages []MessageRef `json:"messages"`
}

// OK says that what the phone sent under Ref is durable.
type OK struct {
	Header
	Ref string `json:"ref"`
}

// Error refuses the frame that was sent under Ref, or, when Ref is empty, one
// that has none. Code is the HTTP status and Status the name that Google's errors
// have (facts/rbm-api.md §4.1).
type Error struct {
	Header
	Ref     string `json:"ref,omitempty"`
	Code    int    `json:"code"`
	Status  string `json:"status"`
	Message string `json:"message"`
}

// Error gives the status and the message.
func (e *Error) Error() string { return e.Status + ": " + e.Message }

// invalid is the error for a frame that breaks a rule.
func invalid(format string, args ...any) *Error {
	return &Error{Header: Header{TypeError}, Code: 400, Status: "INVALID_ARGUMENT", Message: fmt.Sprintf(format, args...)}
}

// Temporary says that the same frame may be taken later.
func (e *Error) Temporary() bool {
	switch e.Status {
	case "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "ABORTED", "RESOURCE_EXHAUSTED", "UNKNOWN":
		return true
	}
	return false
}
