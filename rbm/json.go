package rbm

import (
	"bytes"
	"reflect"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var compact = json.JoinOptions(json.Deterministic(true))

// Marshal is v as compact JSON in Google's form: fields in the order of their
// declaration, defaults omitted, set messages kept though empty, no HTML
// escaping (facts/rbm-api.md §7.5). The bytes of equal values are equal. It fails for text
// that is not UTF-8, numbers that are not finite and times out of range.
func Marshal(v any) ([]byte, error) {
	of := reflect.ValueOf(v)
	if of.Kind() == reflect.Pointer && !of.IsNil() {
		of = of.Elem()
	}
	if of.IsValid() {
		if p := planOf(of.Type()); p != nil {
			return p.marshal(of)
		}
	}
	return json.Marshal(v, compact)
}

// buffers are what is written into before its length is known.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// largeBuffer is the length in bytes of what is not kept for the next.
const largeBuffer = 64 << 10

func (p *plan) marshal(v reflect.Value) ([]byte, error) {
	buffer := buffers.Get().(*[]byte)
	b, err := p.write((*buffer)[:0], v)
	if cap(b) <= largeBuffer {
		*buffer = b
		defer buffers.Put(buffer)
	}
	if err != nil {
		return nil, err
	}
	return bytes.Clone(b), nil
}

// MarshalPretty is v as Google prints it by default: 2 spaces of indentation
// and a newline at the end (facts/rbm-api.md §7.5).
func MarshalPretty(v any) ([]byte, error) {
	out, err := Marshal(v)
	if err != nil {
		return nil, err
	}
	return AppendPretty(nil, out), nil
}

// AppendPretty appends what [Marshal] wrote as [MarshalPretty] would have written it.
// It looks for nothing but the marks that JSON is made of: compact must be valid
// and without any white space.
func AppendPretty(out, compact []byte) []byte {
	out = slices.Grow(out, 2*len(compact)+64)
	depth := 0
	for i := 0; i < len(compact); i++ {
		switch c := compact[i]; c {
		case '"':
			n := i + stringLength(compact[i:])
			out = append(out, compact[i:n]...)
			i = n - 1
		case '{', '[':
			out = append(out, c)
			if i+1 < len(compact) && compact[i+1] == c+2 { // '}' and ']' come two after
				out = append(out, c+2)
				i++
				continue
			}
			depth++
			out = newLine(out, depth)
		case '}', ']':
			depth--
			out = append(newLine(out, depth), c)
		case ',':
			out = newLine(append(out, c), depth)
		case ':':
			out = append(out, ':', ' ')
		default:
			out = append(out, c)
		}
	}
	return append(out, '\n')
}

func newLine(out []byte, depth int) []byte {
	out = append(out, '\n')
	for range depth {
		out = append(out, "  "...)
	}
	return out
}

// stringLength is the length of the JSON string, quotes included, that s begins with.
func stringLength(s []byte) int {
	for i := 1; ; {
		n := bytes.IndexByte(s[i:], '"')
		if n < 0 {
			return len(s)
		}
		i += n + 1
		slashes := 0
		for s[i-2-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
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
