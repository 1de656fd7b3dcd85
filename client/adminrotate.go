package client

import (
	"context"
	"net/http"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func graceBody(grace time.Duration) map[string]string {
	return map[string]string{"gracePeriod": rbm.Duration(grace).String()}
}

// RotateTokenSecret replaces the secret that seals access tokens. Those that agents
// have are good for grace yet, at most an hour; with 0 they are worthless, and the
// agents get new ones.
func (a *Admin) RotateTokenSecret(ctx context.Context, grace time.Duration) error {
	_, err := adminCall[nothing](ctx, a, http.MethodPost, "/tokenSecret:rotate", graceBody(grace))
	return err
}

// RotateAdminToken makes a new admin token and returns it: with the old one this is
// the last call, once grace is over, which is at most 7 days.
func (a *Admin) RotateAdminToken(ctx context.Context, grace time.Duration) (string, error) {
	answer, err := adminCall[struct {
		AdminToken string `json:"adminToken"`
	}](ctx, a, http.MethodPost, "/adminToken:rotate", graceBody(grace))
	if err != nil {
		return "", err
	}
	return answer.AdminToken, nil
}
