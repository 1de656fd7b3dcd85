package frame

import (
	"errors"
	"fmt"

	json "github.com/go-json-experiment/json"
)

// ErrMalformed is wrapped by the decoding errors of what is not a JSON object at
// all. Every other decoding error is an *Error, fit to be sent to the phone.
var ErrMalformed = errors.New("not a JSON object")

// fromPhone makes the frame of a type that a phone may send.
var fromPhone = map[Type]func() checked{
	TypeHello:       func() checked { return new(Hello) },
	TypeAck:         func() checked { return new(Reports) },
	TypeRead:        func() checked { return new(Reports) },
	TypeWithdrawn:   func() checked { return new(Reports) },
	TypeUserMessage: func() checked { return new(UserMessage) },
	TypeUserEvent:   func() checked { return new(UserEvent) },
	TypeAnnounce:    func() checked { return new(Announce) },
}

// checked is a frame that can say whether it keeps the limits.
type checked interface {
	Frame
	check() *Error
}

// DecodePhone reads a frame of a phone. It is strict: names it does not know,
// names given twice, and values beyond the limits are refused with an *Error that
// carries the frame's ref. What is not JSON gives ErrMalformed.
func DecodePhone(data []byte) (Frame, error) {
	var head struct {
		Header
		Ref string `json:"ref"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, refuse(err, "")
	}
	newFrame, known := fromPhone[head.Type]
	if !known {
		e := invalid("a phone does not send frames of type %q", head.Type)
		e.Ref = head.Ref
		return nil, e
	}
	f := newFrame()
	if err := json.Unmarshal(data, f, json.RejectUnknownMembers(true)); err != nil {
		return nil, refuse(err, head.Ref)
	}
	if e := f.check(); e != nil {
		e.Ref = head.Ref
		return nil, e
	}
	return f, nil
}

// fromServer makes the frame of a type that the server may send.
var fromServer = map[Type]func() Frame{
	TypeWelcome:      func() Frame { return new(Welcome) },
	TypeAgentMessage: func() Frame { return new(AgentMessage) },
	TypeAgentEvent:   func() Frame { return new(AgentEvent) },
	TypeRevoke:       func() Frame { return new(Revoke) },
	TypeConfirm:      func() Frame { return new(Confirm) },
	TypeOK:           func() Frame { return new(OK) },
	TypeError:        func() Frame { return new(Error) },
}

// DecodeServer reads a frame of the server. It passes over names it does not
// know, and gives nil for a type that it does not know, so that a newer server
// can say more.
func DecodeServer(data []byte) (Frame, error) {
	var head Header
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, refuse(err, "")
	}
	newFrame, known := fromServer[head.Type]
	if !known {
		return nil, nil
	}
	f := newFrame()
	if err := json.Unmarshal(data, f); err != nil {
		return nil, refuse(err, "")
	}
	return f, nil
}

// refuse turns an error of the JSON package into one of this package.
func refuse(err error, ref string) error {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) || semantic.JSONPointer == "" && !errors.Is(err, json.ErrUnknownName) {
		return fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	var e *Error
	if errors.Is(err, json.ErrUnknownName) {
		e = invalid("unknown name %q", semantic.JSONPointer)
	} else {
		e = invalid("invalid value at %q", semantic.JSONPointer)
	}
	e.Ref = ref
	return e
}
