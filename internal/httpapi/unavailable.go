package httpapi

import (
	"errors"
	"syscall"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// outOfOrder are the errors of a store or a disk that may work again later. Their
// callers are to try again: that is what UNAVAILABLE says, and INTERNAL does not.
var outOfOrder = []error{
	store.ErrUnavailable, store.ErrUnknown, store.ErrClosed, store.ErrDamaged,
	syscall.EIO, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.ENFILE,
}

// wireError is err as clients see it.
func wireError(err error) *rbm.Error {
	e := rbm.AsError(err)
	if e.Code != rbm.CodeInternal {
		return e
	}
	for _, cause := range outOfOrder {
		if errors.Is(err, cause) {
			return rbm.Errorf(rbm.CodeUnavailable, "The service is currently unavailable.")
		}
	}
	return e
}
