package httpapi

import (
	"crypto/rand"
	"regexp"
	"slices"
	"strings"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// toWire is an agent as the management API shows it, without what needs more
// than its record.
func toWire(a *registry.Agent) *bc.Agent {
	p := &a.Profile
	r := &bc.RcsBusinessMessagingAgent{
		Description: a.Description, LogoURI: a.LogoURI, HeroURI: a.HeroURI, Color: a.Color,
		PhoneNumbers: p.PhoneNumbers, Emails: p.Emails, Websites: p.Websites, Privacy: p.Privacy, TermsConditions: p.TermsConditions,
		AgentUseCase: a.UseCase, HostingRegion: p.HostingRegion, IndiaPrincipalEntityID: p.IndiaPrincipalEntityID,
	}
	if p.BillingCategory != "" {
		r.BillingConfig = &bc.BillingConfig{BillingCategory: p.BillingCategory}
	}
	return &bc.Agent{
		Name: agentName(a), DisplayName: a.DisplayName, BrandName: a.BrandDisplayName, IsArchived: p.Archived,
		RcsBusinessMessagingAgent: r,
	}
}

// fromWire takes what a caller may set into the record.
func fromWire(a *registry.Agent, w *bc.Agent) {
	a.DisplayName, a.Profile.Archived = w.DisplayName, w.IsArchived
	r := w.RcsBusinessMessagingAgent
	if r == nil {
		r = &bc.RcsBusinessMessagingAgent{}
	}
	a.Description, a.LogoURI, a.HeroURI, a.Color = r.Description, r.LogoURI, r.HeroURI, r.Color
	if a.UseCase = r.AgentUseCase; a.UseCase == "" {
		a.UseCase = rbm.UseCasePromotional // the default, facts/rbm-api.md §8.2
	}
	p := &a.Profile
	p.PhoneNumbers, p.Emails, p.Websites = r.PhoneNumbers, r.Emails, r.Websites
	p.Privacy, p.TermsConditions = r.Privacy, r.TermsConditions
	p.HostingRegion, p.IndiaPrincipalEntityID, p.BillingCategory = r.HostingRegion, r.IndiaPrincipalEntityID, ""
	if r.BillingConfig != nil {
		p.BillingCategory = r.BillingConfig.BillingCategory
	}
}

// showManaged is toWire with the partner and, if asked for, the launches.
func (a *API) showManaged(c *call, agent *registry.Agent, launches bool) (*bc.Agent, error) {
	p, err := a.Registry.Partner(c.r.Context())
	if err != nil {
		return nil, err
	}
	w := toWire(agent)
	w.RcsBusinessMessagingAgent.Partner = &bc.AgentPartner{PartnerID: registry.PartnerID, DisplayName: p.DisplayName, Company: p.Company}
	if launches {
		w.RcsBusinessMessagingAgent.LaunchDetails = a.launchDetails(agent)
	}
	return w, nil
}

func (a *API) createManagedAgent(c *call) (any, error) {
	if err := c.partnerOnly(); err != nil {
		return nil, err
	}
	brand, err := a.managedBrand(c)
	if err != nil {
		return nil, err
	}
	in, err := input[bc.Agent](c, "agent")
	if err != nil {
		return nil, err
	}
	if v := in.Violations(); len(v) > 0 {
		return nil, rbm.InvalidArgument(v...)
	}
	agent := registry.Agent{ID: newAgentID(in.DisplayName), BrandID: brand.ID, BrandDisplayName: brand.DisplayName}
	fromWire(&agent, in)
	created, err := a.Registry.CreateAgent(c.r.Context(), agent)
	if err != nil {
		return nil, err
	}
	return a.showManaged(c, created, false)
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// newAgentID makes an id of a name, as Google does: growing_tree_bank_ab12cd34_agent.
func newAgentID(name string) string {
	words := strings.Trim(notInID.ReplaceAllString(strings.ToLower(name), "_"), "_")
	return strings.TrimPrefix(words+"_"+strings.ToLower(rand.Text()[:8])+"_agent", "_")
}

// listManagedAgents is brands.agents.list; the brand "-" is all of them.
func (a *API) listManagedAgents(c *call) (any, error) {
	if c.params[0] != anyBrand {
		if _, err := a.managedBrand(c); err != nil {
			return nil, err
		}
	}
	launches, err := c.flag("includeLaunchData", "include_launch_data")
	if err != nil {
		return nil, err
	}
	filter, err := c.launchFilter()
	if err != nil {
		return nil, err
	}
	agents := slices.DeleteFunc(a.Registry.Agents(), func(agent *registry.Agent) bool {
		return c.params[0] != anyBrand && agent.Brand() != c.params[0] || !c.manages(agent) || !a.isIn(agent, filter)
	})
	page, next, err := paged(c, agents, func(agent *registry.Agent) string { return agent.ID })
	if err != nil {
		return nil, err
	}
	out := &bc.ListAgentsResponse{NextPageToken: next}
	for _, agent := range page {
		w, err := a.showManaged(c, agent, launches)
		if err != nil {
			return nil, err
		}
		out.Agents = append(out.Agents, *w)
	}
	return out, nil
}

func (a *API) getManagedAgent(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	return a.showManaged(c, agent, false)
}

func (a *API) patchManagedAgent(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	in, err := input[bc.Agent](c, "agent")
	if err != nil {
		return nil, err
	}
	agent, err = a.Registry.ChangeAgent(c.r.Context(), agent.ID, func(agent *registry.Agent) error {
		before := toWire(agent)
		after := *before
		if err := bc.Merge(&after, in, c.query.Get("updateMask")); err != nil {
			return err
		}
		if v := changeViolations(agent, before, &after); len(v) > 0 {
			return rbm.InvalidArgument(v...)
		}
		fromWire(agent, &after)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.showManaged(c, agent, false)
}

// changeViolations says what is wrong with a change. What was wrong before, such
// as an agent made by the administrator without a description, may stay.
func changeViolations(agent *registry.Agent, before, after *bc.Agent) []rbm.Violation {
	old := before.Violations()
	v := slices.DeleteFunc(after.Violations(), func(v rbm.Violation) bool { return slices.Contains(old, v) })
	frozen := func(was, is, field, why string) {
		if was != is {
			v = append(v, rbm.Violation{Field: field, Description: "Invalid value at '" + field + "': " + why})
		}
	}
	was, is := before.RcsBusinessMessagingAgent, after.RcsBusinessMessagingAgent
	if is == nil {
		return v
	}
	if was.HostingRegion != "" {
		frozen(string(was.HostingRegion), string(is.HostingRegion), "agent.rcs_business_messaging_agent.hosting_region", "it cannot be changed.")
	}
	if agent.Verification.Verified() {
		const why = "it cannot be changed once the agent is verified."
		frozen(before.DisplayName, after.DisplayName, "agent.display_name", why)
		frozen(was.LogoURI, is.LogoURI, "agent.rcs_business_messaging_agent.logo_uri", why)
		frozen(was.HeroURI, is.HeroURI, "agent.rcs_business_messaging_agent.hero_uri", why)
	}
	return v
}

func (a *API) deleteManagedAgent(c *call) (any, error) {
	if err := c.partnerOnly(); err != nil {
		return nil, err
	}
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	return nil, a.removeAgent(c, agent)
}
