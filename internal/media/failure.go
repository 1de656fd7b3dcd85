package media

import (
	"errors"
	"fmt"

	"github.com/openrbm/openrbm/rbm"
)

// Failure is what is wrong with a file, in words for whoever sent it: the end of
// a sentence.
type Failure struct {
	why string
	// cause is for the log: it may tell too much of the network.
	cause error
}

func (e *Failure) Error() string { return e.why }
func (e *Failure) Unwrap() error { return e.cause }

func fail(format string, args ...any) error { return &Failure{why: fmt.Sprintf(format, args...)} }

// errTooLarge is the failure of what has more than limit bytes.
func errTooLarge(limit int64) error { return fail("more than the %d bytes that are allowed", limit) }

// violation names the field that a failure is about; ok is false for errors that
// are not the caller's.
func violation(field string, err error) (v rbm.Violation, ok bool) {
	failure, ok := errors.AsType[*Failure](err)
	if !ok {
		return v, false
	}
	return rbm.Violation{Field: field, Description: "Invalid value at '" + field + "': " + failure.why + "."}, true
}

// Invalid is err as the API gives it: INVALID_ARGUMENT naming the field if it is a
// Failure, else err itself.
func Invalid(field string, err error) error {
	if v, ok := violation(field, err); ok {
		return rbm.InvalidArgument(v)
	}
	return err
}
