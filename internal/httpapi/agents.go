package httpapi

import (
	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// agentJSON is an agent as the admin API shows it.
type agentJSON struct {
	AgentID          string           `json:"agentId"`
	DisplayName      string           `json:"displayName"`
	Description      string           `json:"description,omitzero"`
	BrandID          string           `json:"brandId,omitzero"`
	BrandDisplayName string           `json:"brandDisplayName,omitzero"`
	Color            string           `json:"color,omitzero"`
	LogoURI          string           `json:"logoUri,omitzero"`
	HeroURI          string           `json:"heroUri,omitzero"`
	AgentUseCase     rbm.AgentUseCase `json:"agentUseCase"`
	Launched         bool             `json:"launched"`
	CreateTime       rbm.Timestamp    `json:"createTime"`
	// What users can look up; the management API sets it.
	PhoneNumbers    []bc.PhoneEntry `json:"phoneNumbers,omitempty"`
	Emails          []bc.EmailEntry `json:"emails,omitempty"`
	Websites        []bc.WebEntry   `json:"websites,omitempty"`
	Privacy         *bc.WebEntry    `json:"privacy,omitzero"`
	TermsConditions *bc.WebEntry    `json:"termsConditions,omitzero"`
}

func showAgent(a *registry.Agent) *agentJSON {
	return &agentJSON{
		AgentID: a.ID, DisplayName: a.DisplayName, Description: a.Description, BrandID: a.BrandID, BrandDisplayName: a.BrandDisplayName,
		Color: a.Color, LogoURI: a.LogoURI, HeroURI: a.HeroURI, AgentUseCase: a.UseCase, Launched: a.Launched,
		CreateTime: rbm.Timestamp(a.CreateTime), PhoneNumbers: a.Profile.PhoneNumbers, Emails: a.Profile.Emails,
		Websites: a.Profile.Websites, Privacy: a.Profile.Privacy, TermsConditions: a.Profile.TermsConditions,
	}
}

// agentPatch is the body of a create or a change: what is given counts.
type agentPatch struct {
	AgentID          *string           `json:"agentId"`
	DisplayName      *string           `json:"displayName"`
	Description      *string           `json:"description"`
	BrandID          *string           `json:"brandId"`
	BrandDisplayName *string           `json:"brandDisplayName"`
	Color            *string           `json:"color"`
	LogoURI          *string           `json:"logoUri"`
	HeroURI          *string           `json:"heroUri"`
	AgentUseCase     *rbm.AgentUseCase `json:"agentUseCase"`
	Launched         *bool             `json:"launched"`
	CreateTime       *rbm.Timestamp    `json:"createTime"` // output only, ignored
}

func (p *agentPatch) apply(a *registry.Agent) {
	set(&a.ID, p.AgentID)
	set(&a.DisplayName, p.DisplayName)
	set(&a.Description, p.Description)
	set(&a.BrandID, p.BrandID)
	set(&a.BrandDisplayName, p.BrandDisplayName)
	set(&a.Color, p.Color)
	set(&a.LogoURI, p.LogoURI)
	set(&a.HeroURI, p.HeroURI)
	set(&a.UseCase, p.AgentUseCase)
	set(&a.Launched, p.Launched)
}

func (a *API) listAgents(*call) (any, error) {
	list := struct {
		Agents []*agentJSON `json:"agents"`
	}{Agents: []*agentJSON{}}
	for _, agent := range a.Registry.Agents() {
		list.Agents = append(list.Agents, showAgent(agent))
	}
	return list, nil
}

func (a *API) createAgent(c *call) (any, error) {
	p, err := decode[agentPatch](c)
	if err != nil {
		return nil, err
	}
	var agent registry.Agent
	p.apply(&agent)
	return shown(a.Registry.CreateAgent(c.r.Context(), agent))
}

func (a *API) getAgent(c *call) (any, error) {
	return shown(a.Registry.Agent(c.params[0]))
}

func (a *API) patchAgent(c *call) (any, error) {
	p, err := decode[agentPatch](c)
	if err != nil {
		return nil, err
	}
	p.AgentID = nil // the path says which
	return shown(a.told(a.Registry.UpdateAgent(c.r.Context(), c.params[0], p.apply)))
}

func (a *API) launchAgent(c *call) (any, error)   { return a.setLaunched(c, true) }
func (a *API) unlaunchAgent(c *call) (any, error) { return a.setLaunched(c, false) }

func (a *API) setLaunched(c *call, launched bool) (any, error) {
	agent, err := a.Registry.SetLaunched(c.r.Context(), c.params[0], launched)
	return shown(a.told(agent, err))
}

// told lets the webhook know of launches that have changed.
func (a *API) told(agent *registry.Agent, err error) (*registry.Agent, error) {
	if err == nil {
		a.Outbox.Hint(agent.ID)
	}
	return agent, err
}

// deleteAgent removes an agent, with its keys: nobody can act for it any more.
func (a *API) deleteAgent(c *call) (any, error) {
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	return nil, a.removeAgent(c, agent)
}

func shown(agent *registry.Agent, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return showAgent(agent), nil
}
