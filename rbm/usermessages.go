package rbm

// UserMessage is what a user sends to an agent, as the decoded data of a
// webhook call: one of Text, UserFile, Location and SuggestionResponse
// (facts/rbm-api.md §3.5). AgentID is the full id, "…@rbm.goog".
type UserMessage struct {
	SenderPhoneNumber         string                     `json:"senderPhoneNumber,omitzero"`
	MessageID                 string                     `json:"messageId,omitzero"`
	SendTime                  Timestamp                  `json:"sendTime,omitzero"`
	Text                      string                     `json:"text,omitzero" rbm:"oneof=content"`
	UserFile                  *UserFile                  `json:"userFile,omitzero" rbm:"oneof=content"`
	Location                  *LatLng                    `json:"location,omitzero" rbm:"oneof=content"`
	SuggestionResponse        *SuggestionResponse        `json:"suggestionResponse,omitzero" rbm:"oneof=content"`
	AgentID                   string                     `json:"agentId,omitzero"`
	RichMessageClassification *RichMessageClassification `json:"richMessageClassification,omitzero"` // US numbers only
	Carrier                   string                     `json:"carrier,omitzero"`                   // US numbers only
}

// UserFile is a file from a user (facts/rbm-api.md §3.5).
type UserFile struct {
	Category  FileCategory `json:"category,omitzero"` // older payloads only
	Thumbnail *FileInfo    `json:"thumbnail,omitzero"`
	Payload   *FileInfo    `json:"payload,omitzero"`
}

// FileInfo describes a file at a public address.
type FileInfo struct {
	MimeType      string `json:"mimeType,omitzero"`
	FileSizeBytes int32  `json:"fileSizeBytes,omitzero"`
	FileURI       string `json:"fileUri,omitzero"`
	FileName      string `json:"fileName,omitzero"`
}

// FileCategory is the kind of a user's file; "" is unspecified.
type FileCategory string

// The file categories (facts/rbm-api.md §3.5).
const (
	FileCategoryImage FileCategory = "IMAGE"
	FileCategoryVideo FileCategory = "VIDEO"
	FileCategoryAudio FileCategory = "AUDIO"
)

// SuggestionResponse is a tap on a suggestion: its label and its postback data,
// byte for byte (facts/rbm-api.md §3.5).
type SuggestionResponse struct {
	PostbackData string         `json:"postbackData,omitzero"`
	Text         string         `json:"text,omitzero"`
	Type         SuggestionType `json:"type,omitzero"`
}

// SuggestionType is the kind of the tapped suggestion.
type SuggestionType string

// The suggestion types (facts/rbm-api.md §3.5).
const (
	SuggestionTypeReply  SuggestionType = "REPLY"
	SuggestionTypeAction SuggestionType = "ACTION"
)

// UserEvent tells an agent that a message was delivered or read, or that the
// user is typing, subscribed or unsubscribed (facts/rbm-api.md §3.6).
type UserEvent struct {
	SenderPhoneNumber string        `json:"senderPhoneNumber,omitzero"`
	EventType         UserEventType `json:"eventType,omitzero"`
	EventID           string        `json:"eventId,omitzero"`
	MessageID         string        `json:"messageId,omitzero"` // the agent message; DELIVERED and READ only
	SendTime          Timestamp     `json:"sendTime,omitzero"`
	AgentID           string        `json:"agentId,omitzero"`
}

// UserEventType is the kind of a user event.
type UserEventType string

// The user events (facts/rbm-api.md §3.6).
const (
	UserEventDelivered   UserEventType = "DELIVERED"
	UserEventIsTyping    UserEventType = "IS_TYPING"
	UserEventRead        UserEventType = "READ"
	UserEventUnsubscribe UserEventType = "UNSUBSCRIBE"
	UserEventSubscribe   UserEventType = "SUBSCRIBE"
)

// ServerEvent tells an agent what became of a message that expired. The number
// is in PhoneNumber, not SenderPhoneNumber (facts/rbm-api.md §3.7).
type ServerEvent struct {
	PhoneNumber string          `json:"phoneNumber,omitzero"`
	MessageID   string          `json:"messageId,omitzero"`
	EventType   ServerEventType `json:"eventType,omitzero"`
	EventID     string          `json:"eventId,omitzero"`
	SendTime    Timestamp       `json:"sendTime,omitzero"`
	AgentID     string          `json:"agentId,omitzero"`
}

// ServerEventType is the kind of a server event.
type ServerEventType string

// The server events (facts/rbm-api.md §3.7).
const (
	ServerEventTTLExpirationRevoked      ServerEventType = "TTL_EXPIRATION_REVOKED"
	ServerEventTTLExpirationRevokeFailed ServerEventType = "TTL_EXPIRATION_REVOKE_FAILED"
)
