package client

import (
	"context"
	"net/http"
	"time"
)

// Quota is a limit of an agent, and what is used of it.
type Quota struct {
	AgentID string `json:"agentId"` // in PhoneQuotas only
	// Name is that of a method of the messaging API, whose calls in a minute are
	// limited, or testersPerDay, testers or promotionsPer28Days.
	Name       string    `json:"name"`
	Limit      int       `json:"limit"`      // 0: there is none
	Configured int       `json:"configured"` // of agents that have none of their own
	Own        bool      `json:"own"`        // the agent has one of its own
	Used       *int      `json:"used"`       // nil: not counted, or counted for each phone
	RoomTime   time.Time `json:"roomTime"`   // when the oldest use stops to count
}

// AgentQuotas lists an agent's limits.
func (a *Admin) AgentQuotas(ctx context.Context, agent string) ([]Quota, error) {
	return adminList[Quota](ctx, a, agentPath(agent)+"/quotas", "quotas")
}

// SetAgentLimits gives an agent limits of its own, by name: 0 is no limit, nil the
// configuration's.
func (a *Admin) SetAgentLimits(ctx context.Context, agent string, limits map[string]*int) error {
	_, err := adminCall[nothing](ctx, a, http.MethodPatch, agentPath(agent)+"/quotas", map[string]any{"limits": limits})
	return err
}

// PhoneQuotas lists what agents have used of what they may send to one user.
func (a *Admin) PhoneQuotas(ctx context.Context, phone string) ([]Quota, error) {
	return adminList[Quota](ctx, a, phonePath(phone)+"/quotas", "quotas")
}
