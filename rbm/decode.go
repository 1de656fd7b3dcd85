package rbm

import (
	"reflect"

	"github.com/go-json-experiment/json"
)

var strict = json.JoinOptions(json.RejectUnknownMembers(true))

// settler is a message that has a fast reading. settle drops the fields that
// are not input, and is false when the slow reading must look at the message:
// an unknown enum value, or two members of a union.
type settler interface{ settle() bool }

// DecodeAgentMessage reads the body of phones.agentMessages.create, of at most
// [MaxMessageBytes]. See [Decode].
func DecodeAgentMessage(body []byte) (*AgentMessage, error) {
	if len(body) > MaxMessageBytes {
		return nil, InvalidArgument(tooBig("agent_message", len(body), MaxMessageBytes))
	}
	return Decode[AgentMessage](body, "agent_message")
}

// DecodeAgentEvent reads the body of phones.agentEvents.create. See [Decode].
func DecodeAgentEvent(body []byte) (*AgentEvent, error) {
	return Decode[AgentEvent](body, "agent_event")
}

// Decode reads a request message as Google does. field is the field of the
// proto request that the body stands for, such as "tester", or "" when the body
// is the whole request; it begins the paths in errors (facts/rbm-api.md §4.4).
//
// Strict JSON in camelCase without nulls is read at once. Anything else is read leniently
// (facts/rbm-api.md §7.2): single quotes, unquoted names, trailing commas, snake_case names,
// enums by name or number, numbers and bools in strings, null as absent, one
// element in place of a list. An empty body is an empty message. A null element
// of a list is an empty element, a member of a union that is "" is absent, and
// fields that only the platform sets are skipped whatever they hold. Unknown
// names, and a field that is given twice in either spelling, are refused.
//
// It fails with INVALID_ARGUMENT: more than [MaxRequestBytes], the syntax error, or
// all violations of the grammar at once, up to [MaxViolations]. T must be a struct
// that [Schema] takes.
func Decode[T any](body []byte, field string) (*T, error) {
	if len(body) > MaxRequestBytes {
		return nil, InvalidArgument(tooBig(field, len(body), MaxRequestBytes))
	}
	v := new(T)
	s, fast := any(v).(settler)
	if fast && readPlainly(body, reflect.ValueOf(v)) && s.settle() {
		return v, nil
	}
	return decodeSlowly[T](body, field)
}

func decodeSlowly[T any](body []byte, field string) (*T, error) {
	canonical, err := canonicalize(Schema[T](), body, field)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(canonical, v, strict); err != nil {
		return nil, Errorf(CodeInternal, "the canonical form cannot be read: %v", err)
	}
	return v, nil
}
