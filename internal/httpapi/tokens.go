package httpapi

import (
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// issueAccessToken gives the administrator an access token with which to call
// the messaging API as an agent.
func (a *API) issueAccessToken(c *call) (any, error) {
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	account, err := a.Auth.EnsureAccount(c.r.Context(), agent.ID)
	if err != nil {
		return nil, err
	}
	return a.Auth.AdminGrant(account), nil
}

// issuePartnerAccessToken gives one with which to manage everything.
func (a *API) issuePartnerAccessToken(c *call) (any, error) {
	account, err := a.Auth.EnsurePartner(c.r.Context())
	if err != nil {
		return nil, err
	}
	return a.Auth.AdminGrant(account), nil
}

// lentJSON is a device token that ends.
type lentJSON struct {
	PhoneNumber string        `json:"phoneNumber"`
	DeviceToken string        `json:"deviceToken"`
	ExpireTime  rbm.Timestamp `json:"expireTime"`
}

// tokenLoan is how long a device token is lent.
const tokenLoan = 12 * time.Hour

// lendToken gives the administrator a device token of a phone for some hours; the
// phone's own stays good.
func (a *API) lendToken(c *call) (any, error) {
	token, until, err := a.Registry.LendToken(c.r.Context(), c.params[0], tokenLoan)
	if err != nil {
		return nil, err
	}
	return &lentJSON{c.params[0], token, rbm.Timestamp(until)}, nil
}
