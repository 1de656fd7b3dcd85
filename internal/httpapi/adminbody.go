package httpapi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/openrbm/openrbm/rbm"
)

// decode reads the body of an admin call into a T; no body is {}. The admin API
// is our own, so it is strict JSON: unknown names are refused.
func decode[T any](c *call) (*T, error) {
	b, err := c.body()
	if err != nil {
		return nil, err
	}
	v := new(T)
	if len(strings.TrimSpace(string(b))) == 0 {
		return v, nil
	}
	err = json.Unmarshal(b, v, json.RejectUnknownMembers(true))
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		field := strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", ".")
		what := "has the wrong type or form"
		if errors.Is(err, json.ErrUnknownName) {
			what = "is not a field of this request"
		}
		return nil, rbm.InvalidArgument(rbm.Violation{Field: field, Description: fmt.Sprintf("Invalid JSON payload received. %q %s.", field, what)})
	}
	if err != nil {
		return nil, rbm.Errorf(rbm.CodeInvalidArgument, "Invalid JSON payload received. %v.", err)
	}
	return v, nil
}

// set copies a field that a PATCH gives.
func set[T any](field *T, given *T) {
	if given != nil {
		*field = *given
	}
}
