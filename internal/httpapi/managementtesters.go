package httpapi

import (
	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

func showManagedTester(t *registry.Tester) bc.Tester {
	return bc.Tester{Name: "testers/" + t.Phone, PhoneNumber: t.Phone, AgentID: ledger.FullAgentID(t.Agent), InviteStatus: bc.InviteStatus(t.Status)}
}

// testersAgent is the agent that a call about testers names.
func (a *API) testersAgent(c *call, id string) (*registry.Agent, error) {
	if id == "" && (c.caller.AllAgents || len(c.caller.Agents) != 1) {
		return nil, required("agent_id")
	}
	id, err := c.caller.Agent(id)
	if err != nil {
		return nil, rbm.NotFound()
	}
	agent, err := a.Registry.Agent(id)
	if err != nil {
		return nil, rbm.NotFound()
	}
	return agent, nil
}

// createManagedTester invites a tester, as phones.testers.create does. A phone
// without RCS is a wrong argument here (facts/rbm-api.md §4.2).
func (a *API) createManagedTester(c *call) (any, error) {
	in, err := input[bc.Tester](c, "tester")
	if err != nil {
		return nil, err
	}
	agent, err := a.testersAgent(c, in.AgentID)
	if err != nil {
		return nil, err
	}
	if err := checkPhone("tester.phone_number", in.PhoneNumber); err != nil {
		return nil, err
	}
	t, err := a.invite(c.r.Context(), agent, in.PhoneNumber)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "tester.phone_number", Description: "Invalid value at 'tester.phone_number': the phone cannot be reached by RCS."})
	}
	if err != nil {
		return nil, err
	}
	return showManagedTester(t), nil
}

func (a *API) listManagedTesters(c *call) (any, error) {
	agent, err := a.testersAgent(c, c.query.Get("agentId"))
	if err != nil {
		return nil, err
	}
	testers, err := a.Registry.Testers(c.r.Context(), agent.ID)
	if err != nil {
		return nil, err
	}
	out := &bc.ListTestersResponse{}
	for _, t := range testers {
		out.Testers = append(out.Testers, showManagedTester(t))
	}
	return out, nil
}

// managedTester is the tester that the path and the query name.
func (a *API) managedTester(c *call) (*registry.Tester, error) {
	agent, err := a.testersAgent(c, c.query.Get("agentId"))
	if err != nil {
		return nil, err
	}
	testers, err := a.Registry.Testers(c.r.Context(), agent.ID)
	if err != nil {
		return nil, err
	}
	for _, t := range testers {
		if t.Phone == c.params[0] {
			return t, nil
		}
	}
	return nil, rbm.NotFound()
}

func (a *API) getManagedTester(c *call) (any, error) {
	t, err := a.managedTester(c)
	if err != nil {
		return nil, err
	}
	return showManagedTester(t), nil
}

func (a *API) deleteManagedTester(c *call) (any, error) {
	t, err := a.managedTester(c)
	if err != nil {
		return nil, err
	}
	return nil, a.Registry.RemoveTester(c.r.Context(), t.Agent, t.Phone)
}
