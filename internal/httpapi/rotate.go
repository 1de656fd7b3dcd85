package httpapi

import (
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// rotation is what a rotation may be told.
type rotation struct {
	// GracePeriod is how long the old secret is good yet; none is not at all.
	GracePeriod rbm.Duration `json:"gracePeriod"`
}

func graceOf(c *call) (time.Duration, error) {
	in, err := decode[rotation](c)
	if err != nil {
		return 0, err
	}
	return time.Duration(in.GracePeriod), nil
}

// rotateTokenSecret replaces the secret that seals access tokens.
func (a *API) rotateTokenSecret(c *call) (any, error) {
	grace, err := graceOf(c)
	if err != nil {
		return nil, err
	}
	return nil, a.Auth.RotateTokenSecret(c.r.Context(), grace)
}

// adminTokenJSON is the one answer with an admin token.
type adminTokenJSON struct {
	AdminToken string `json:"adminToken"`
}

// rotateAdminToken replaces the admin token.
func (a *API) rotateAdminToken(c *call) (any, error) {
	grace, err := graceOf(c)
	if err != nil {
		return nil, err
	}
	token, err := a.Auth.RotateAdminToken(c.r.Context(), grace)
	return adminTokenJSON{token}, err
}
