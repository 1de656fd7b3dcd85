package rbm

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	compact = json.JoinOptions(json.Deterministic(true))
	pretty  = json.JoinOptions(json.Deterministic(true), jsontext.WithIndent("  "))
)

// Marshal is v as compact JSON in Google's form: fields in the order of their
// declaration, defaults omitted, set messages kept though empty, no HTML
// escaping (facts/rbm-api.md §7.5). The bytes of equal values are equal. It fails for text
// that is not UTF-8, numbers that are not finite and times out of range.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, compact) }

// MarshalPretty is v as Google prints it by default: 2 spaces of indentation
// and a newline at the end (facts/rbm-api.md §7.5).
func MarshalPretty(v any) ([]byte, error) {
	out, err := json.Marshal(v, pretty)
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

// Unmarshal reads an answer of the API, or a webhook's data, as a client
// should: names and enum values that it does not know are no error.
func Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// AgentMessageView is an AgentMessage with its content already in canonical
// JSON, as [Marshal] wrote it: an answer from a stored message without reading
// the content again.
type AgentMessageView struct {
	Name                      string                     `json:"name,omitzero"`
	SendTime                  Timestamp                  `json:"sendTime,omitzero"`
	ContentMessage            jsontext.Value             `json:"contentMessage,omitzero"`
	MessageTrafficType        MessageTrafficType         `json:"messageTrafficType,omitzero"`
	RichMessageClassification *RichMessageClassification `json:"richMessageClassification,omitzero"`
	TotalPayloadSizeBytes     int64                      `json:"totalPayloadSizeBytes,omitzero,string"`
	Carrier                   string                     `json:"carrier,omitzero"`
	ExpireTime                *Timestamp                 `json:"expireTime,omitzero"`
}
