package rbm

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrorEnvelope is the JSON body of an error answer (facts/rbm-api.md §4.1).
type ErrorEnvelope struct {
	Error struct {
		Code    int           `json:"code"`
		Message string        `json:"message"`
		Errors  []legacyError `json:"errors,omitempty"`
		Status  string        `json:"status"`
		Details []errorDetail `json:"details,omitempty"`
	} `json:"error"`
}

// legacyError is an entry of the list that $.xgafv=1 asks for.
type legacyError struct {
	Message string `json:"message"`
	Domain  string `json:"domain"`
	Reason  string `json:"reason"`
}

const (
	typeErrorInfo  = "type.googleapis.com/google.rpc.ErrorInfo"
	typeBadRequest = "type.googleapis.com/google.rpc.BadRequest"
)

// errorDetail is an ErrorInfo or a BadRequest, by its type.
type errorDetail struct {
	Type            string            `json:"@type"`
	Reason          string            `json:"reason,omitzero"`
	Domain          string            `json:"domain,omitzero"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	FieldViolations []Violation       `json:"fieldViolations,omitempty"`
}

// Envelope is the JSON form of the error, for [Marshal] or [MarshalPretty];
// legacy adds the list that a client asks for with $.xgafv=1. Bytes of the
// request that are not UTF-8 are replaced.
func (e *Error) Envelope(legacy bool) *ErrorEnvelope {
	var out ErrorEnvelope
	body := &out.Error
	body.Code, body.Status = e.Code.HTTPStatus(), e.Code.String()
	body.Message = valid(e.Message)
	if legacy {
		body.Errors = []legacyError{{body.Message, "global", e.legacyReason()}}
	}
	if e.Reason != "" {
		body.Details = append(body.Details, errorDetail{Type: typeErrorInfo, Reason: e.Reason, Domain: e.Domain, Metadata: e.Metadata})
	}
	if len(e.Violations) > 0 {
		d := errorDetail{Type: typeBadRequest}
		for _, v := range e.Violations {
			d.FieldViolations = append(d.FieldViolations, Violation{valid(v.Field), valid(v.Description)})
		}
		body.Details = append(body.Details, d)
	}
	return &out
}

func (e *Error) legacyReason() string {
	if e.Reason == "CREDENTIALS_MISSING" { // facts/rbm-api.md §4.1: 401 is authError or required
		return "required"
	}
	return codes[e.Code.known()].reason
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// ParseError reads an error answer back, for clients. A body that is not an
// envelope, such as an HTML page, leaves the code to the HTTP status.
func ParseError(status int, body []byte) *Error {
	var in struct {
		Error struct {
			Message string           `json:"message"`
			Status  string           `json:"status"`
			Details []jsontext.Value `json:"details"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &in, jsontext.AllowInvalidUTF8(true)); err != nil || in.Error.Status == "" && in.Error.Message == "" {
		return Errorf(codeFor("", status), "HTTP status %d %s", status, http.StatusText(status))
	}
	e := &Error{Code: codeFor(in.Error.Status, status), Message: in.Error.Message}
	for _, raw := range in.Error.Details {
		var d errorDetail
		if json.Unmarshal(raw, &d) != nil {
			continue // a detail of another type
		}
		switch d.Type {
		case typeErrorInfo:
			e.Reason, e.Domain, e.Metadata = d.Reason, d.Domain, d.Metadata
		case typeBadRequest:
			e.Violations = append(e.Violations, d.FieldViolations...)
		}
	}
	return e
}
