package rbm

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Error is the one error of OpenRBM's API: a canonical code with what the
// client may know. Its JSON form is [Error.Envelope].
type Error struct {
	Code       Code
	Message    string
	Reason     string            // ErrorInfo reason, UPPER_SNAKE_CASE, or ""
	Domain     string            // ErrorInfo domain
	Metadata   map[string]string // ErrorInfo metadata
	Violations []Violation       // BadRequest details
	RetryAfter time.Duration     // for the Retry-After header; 0 is none
}

// Violation is one thing wrong with a request. Field is a path in snake_case
// from the request message, such as agent_message.content_message.text, or ""
// for the request itself.
type Violation struct {
	Field       string `json:"field,omitzero"`
	Description string `json:"description,omitzero"`
}

func (e *Error) Error() string { return e.Code.String() + ": " + e.Message }

// Errorf is an error with that code and message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// NotFound is Google's answer for whatever is not there, or cannot be reached
// (facts/rbm-api.md §4.2).
func NotFound() *Error {
	return &Error{Code: CodeNotFound, Message: "Requested entity was not found."}
}

// InvalidArgument says everything that is wrong with a request; the message is
// the descriptions, one to a line (facts/rbm-api.md §4.4).
func InvalidArgument(violations ...Violation) *Error {
	var lines strings.Builder
	for i, v := range violations {
		if i > 0 {
			lines.WriteByte('\n')
		}
		lines.WriteString(v.Description)
	}
	return &Error{Code: CodeInvalidArgument, Message: lines.String(), Violations: violations}
}

// AsError is err as the client may see it: the *Error within it or, as an
// untyped error is our own fault, INTERNAL without its text. It is nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeInternal, Message: "Internal error encountered."}
}

// CodeOf is the code of err: OK for nil, INTERNAL for an untyped error.
func CodeOf(err error) Code {
	if e := AsError(err); e != nil {
		return e.Code
	}
	return CodeOK
}

// Code is a canonical code of google.rpc.Code.
type Code int

// The canonical codes.
const (
	CodeOK Code = iota
	CodeCancelled
	CodeUnknown
	CodeInvalidArgument
	CodeDeadlineExceeded
	CodeNotFound
	CodeAlreadyExists
	CodePermissionDenied
	CodeResourceExhausted
	CodeFailedPrecondition
	CodeAborted
	CodeOutOfRange
	CodeUnimplemented
	CodeInternal
	CodeUnavailable
	CodeDataLoss
	CodeUnauthenticated
)

// codes is the one table of codes: name, HTTP status and the reason in the
// legacy list (facts/rbm-api.md §4.1).
var codes = [...]struct {
	name   string
	status int
	reason string
}{
	CodeOK:                 {"OK", http.StatusOK, ""},
	CodeCancelled:          {"CANCELLED", 499, "cancelled"},
	CodeUnknown:            {"UNKNOWN", http.StatusInternalServerError, "backendError"},
	CodeInvalidArgument:    {"INVALID_ARGUMENT", http.StatusBadRequest, "badRequest"},
	CodeDeadlineExceeded:   {"DEADLINE_EXCEEDED", http.StatusGatewayTimeout, "backendError"},
	CodeNotFound:           {"NOT_FOUND", http.StatusNotFound, "notFound"},
	CodeAlreadyExists:      {"ALREADY_EXISTS", http.StatusConflict, "alreadyExists"},
	CodePermissionDenied:   {"PERMISSION_DENIED", http.StatusForbidden, "forbidden"},
	CodeResourceExhausted:  {"RESOURCE_EXHAUSTED", http.StatusTooManyRequests, "rateLimitExceeded"},
	CodeFailedPrecondition: {"FAILED_PRECONDITION", http.StatusBadRequest, "badRequest"},
	CodeAborted:            {"ABORTED", http.StatusConflict, "aborted"},
	CodeOutOfRange:         {"OUT_OF_RANGE", http.StatusBadRequest, "badRequest"},
	CodeUnimplemented:      {"UNIMPLEMENTED", http.StatusNotImplemented, "notImplemented"},
	CodeInternal:           {"INTERNAL", http.StatusInternalServerError, "backendError"},
	CodeUnavailable:        {"UNAVAILABLE", http.StatusServiceUnavailable, "backendError"},
	CodeDataLoss:           {"DATA_LOSS", http.StatusInternalServerError, "backendError"},
	CodeUnauthenticated:    {"UNAUTHENTICATED", http.StatusUnauthorized, "authError"},
}

func (c Code) known() Code {
	if c < 0 || int(c) >= len(codes) {
		return CodeUnknown
	}
	return c
}

// String is the canonical name, such as NOT_FOUND.
func (c Code) String() string { return codes[c.known()].name }

// HTTPStatus is the HTTP status that carries the code.
func (c Code) HTTPStatus() int { return codes[c.known()].status }

// codeFor finds the code by its canonical name or, failing that, the first
// that the HTTP status carries.
func codeFor(name string, status int) Code {
	for c := range codes {
		if codes[c].name == name {
			return Code(c)
		}
	}
	for c := range codes {
		if codes[c].status == status {
			return Code(c)
		}
	}
	if status >= 500 {
		return CodeUnavailable
	}
	return CodeUnknown
}
