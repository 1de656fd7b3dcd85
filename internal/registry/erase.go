package registry

import (
	"context"

	"github.com/openrbm/openrbm/rbm"
)

// ErasePhone removes a phone's registration with its device token, if there is
// one, and says so. It may be done again.
func (r *Registry) ErasePhone(ctx context.Context, number string) (bool, error) {
	err := r.DeletePhone(ctx, number)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return false, nil
	}
	return err == nil, err
}
