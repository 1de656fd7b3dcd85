package httpapi

import (
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// testerJSON is a tester as the admin API shows it.
type testerJSON struct {
	PhoneNumber  string           `json:"phoneNumber"`
	AgentID      string           `json:"agentId"`
	InviteStatus rbm.InviteStatus `json:"inviteStatus"`
}

func showTester(t *registry.Tester) testerJSON { return testerJSON{t.Phone, t.Agent, t.Status} }

func (a *API) listTesters(c *call) (any, error) {
	testers, err := a.Registry.Testers(c.r.Context(), c.params[0])
	if err != nil {
		return nil, err
	}
	list := struct {
		Testers []testerJSON `json:"testers"`
	}{Testers: []testerJSON{}}
	for _, t := range testers {
		list.Testers = append(list.Testers, showTester(t))
	}
	return list, nil
}

// createTester makes a phone a tester without asking its user: the
// administrator vouches.
func (a *API) createTester(c *call) (any, error) {
	in, err := decode[struct {
		PhoneNumber  string           `json:"phoneNumber"`
		AgentID      string           `json:"agentId"`      // as in the path, ignored
		InviteStatus rbm.InviteStatus `json:"inviteStatus"` // ACCEPTED, ignored
	}](c)
	if err != nil {
		return nil, err
	}
	t, err := a.Registry.AddTester(c.r.Context(), c.params[0], in.PhoneNumber, rbm.InviteStatusAccepted)
	if err != nil {
		return nil, err
	}
	return showTester(t), nil
}

func (a *API) deleteTester(c *call) (any, error) {
	return nil, a.Registry.RemoveTester(c.r.Context(), c.params[0], c.params[1])
}
