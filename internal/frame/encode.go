package frame

import (
	json "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Encode gives a frame as it goes over the wire. It is for the frames that are
// rare or small; the Append functions are for the others.
func Encode(f Frame) ([]byte, error) { return json.Marshal(f) }

// AppendAgentMessage appends an agentMessage frame. message must be one JSON
// value, and so must media unless it is empty; they are copied as they are.
func AppendAgentMessage(b []byte, m MessageRef, message, media []byte) []byte {
	b = append(b, `{"type":"agentMessage",`...)
	b = appendRef(b, m)
	b = append(b, `,"message":`...)
	b = append(b, message...)
	if len(media) > 0 {
		b = append(b, `,"media":`...)
		b = append(b, media...)
	}
	return append(b, '}')
}

// AppendAgentEvent appends an agentEvent frame; m.MessageID is the event's id.
// event must be one JSON value; it is copied as it is.
func AppendAgentEvent(b []byte, m MessageRef, event []byte) []byte {
	b = append(b, `{"type":"agentEvent","agentId":`...)
	b = quote(b, m.AgentID)
	b = append(b, `,"eventId":`...)
	b = quote(b, m.MessageID)
	b = append(b, `,"event":`...)
	b = append(b, event...)
	return append(b, '}')
}

// AppendRevoke appends a revoke frame.
func AppendRevoke(b []byte, m MessageRef, final bool) []byte {
	b = append(b, `{"type":"revoke",`...)
	b = appendRef(b, m)
	if final {
		b = append(b, `,"final":true`...)
	}
	return append(b, '}')
}

// AppendConfirm appends a confirm frame.
func AppendConfirm(b []byte, refs []MessageRef) []byte { return appendRefs(b, TypeConfirm, refs) }

// AppendReports appends an ack, read or withdrawn frame.
func AppendReports(b []byte, t Type, refs []MessageRef) []byte { return appendRefs(b, t, refs) }

func appendRefs(b []byte, t Type, refs []MessageRef) []byte {
	b = append(b, `{"type":"`...)
	b = append(b, t...)
	b = append(b, `","messages":[`...)
	for i, m := range refs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '{')
		b = appendRef(b, m)
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

func appendRef(b []byte, m MessageRef) []byte {
	b = append(b, `"agentId":`...)
	b = quote(b, m.AgentID)
	b = append(b, `,"messageId":`...)
	return quote(b, m.MessageID)
}

// quote appends s as a JSON string; what is not UTF-8 in it becomes U+FFFD.
func quote(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}
