package httpapi

import (
	"context"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// inviteTester is phones.testers.create (facts/rbm-api.md §1.7). The status that
// the body may give is ignored: the user decides.
func (a *API) inviteTester(c *call) (any, error) {
	agent, err := a.agentOf(c)
	if err != nil {
		return nil, err
	}
	if err := checkPhone("parent", c.params[0]); err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	if _, err := rbm.Decode[rbm.Tester](body, "tester"); err != nil {
		return nil, err
	}
	t, err := a.invite(c.r.Context(), agent, c.params[0])
	if err != nil {
		return nil, err
	}
	return &rbm.Tester{Name: "phones/" + t.Phone + "/testers", InviteStatus: t.Status}, nil
}

// invite asks the user of phone to be a tester of agent, unless it is one.
func (a *API) invite(ctx context.Context, agent *registry.Agent, phone string) (*registry.Tester, error) {
	t, ask, err := a.Registry.Invite(ctx, agent.ID, phone, a.Limits.invitations(agent))
	if err != nil || !ask {
		return t, err
	}
	prompt := engine.Ref{Agent: ledger.PlatformAgent, ID: t.Prompt}
	_, err = a.Engine.AcceptMessage(ctx, prompt, phone, registry.Prompt(agent))
	return t, err
}
