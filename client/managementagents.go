package client

import (
	"context"
	"net/url"

	bc "github.com/openrbm/openrbm/businesscommunications"
)

// AgentFilter narrows Management.Agents; the zero value is all agents.
type AgentFilter struct {
	LaunchState bc.LaunchState // only agents in this state in some region
	LaunchData  bool           // show the launches, in RcsBusinessMessagingAgent.LaunchDetails
}

// Agents lists the agents of a brand that the caller may see.
func (m *Management) Agents(ctx context.Context, brand string, f AgentFilter) ([]bc.Agent, error) {
	query := url.Values{}
	if f.LaunchState != "" {
		query.Set("launchStateFilter", string(f.LaunchState))
	}
	if f.LaunchData {
		query.Set("includeLaunchData", "true")
	}
	return pages(ctx, m, resource{brand, "brands/*", "/agents"}, query,
		func(p *bc.ListAgentsResponse) ([]bc.Agent, string) { return p.Agents, p.NextPageToken })
}

// CreateAgent makes an agent of a brand; the platform names it.
func (m *Management) CreateAgent(ctx context.Context, brand string, a *bc.Agent) (*bc.Agent, error) {
	return submit[bc.Agent](ctx, m, resource{brand, "brands/*", "/agents"}, a)
}

// Agent reads an agent.
func (m *Management) Agent(ctx context.Context, agent string) (*bc.Agent, error) {
	return read[bc.Agent](ctx, m, agentName(agent, ""), nil)
}

// UpdateAgent changes an agent.
func (m *Management) UpdateAgent(ctx context.Context, agent string, a *bc.Agent, fields ...string) (*bc.Agent, error) {
	return update(ctx, m, agentName(agent, ""), a, masked(fields))
}

// DeleteAgent removes an agent with its keys.
func (m *Management) DeleteAgent(ctx context.Context, agent string) error {
	return m.remove(ctx, agentName(agent, ""), nil)
}

// RequestVerification asks for the verification of an agent, for which contact
// vouches.
func (m *Management) RequestVerification(ctx context.Context, agent string, contact *bc.AgentVerificationContact) (*bc.AgentVerification, error) {
	return submit[bc.AgentVerification](ctx, m, agentName(agent, ":requestVerification"),
		&bc.RequestAgentVerificationRequest{AgentVerificationContact: contact})
}

// Verification reads how far the verification of an agent is.
func (m *Management) Verification(ctx context.Context, agent string) (*bc.AgentVerification, error) {
	return read[bc.AgentVerification](ctx, m, agentName(agent, "/verification"), nil)
}

// UpdateVerification decides on the verification of an agent, which only a partner
// may.
func (m *Management) UpdateVerification(ctx context.Context, agent string, v *bc.AgentVerification, fields ...string) (*bc.AgentVerification, error) {
	return update(ctx, m, agentName(agent, "/verification"), v, masked(fields))
}

// RequestLaunch asks for the launch of an agent in the regions of l: they become
// PENDING.
func (m *Management) RequestLaunch(ctx context.Context, agent string, l *bc.AgentLaunch) (*bc.AgentLaunch, error) {
	return submit[bc.AgentLaunch](ctx, m, agentName(agent, ":requestLaunch"), &bc.RequestAgentLaunchRequest{AgentLaunch: l})
}

// Launch reads where an agent is launched.
func (m *Management) Launch(ctx context.Context, agent string) (*bc.AgentLaunch, error) {
	return read[bc.AgentLaunch](ctx, m, agentName(agent, "/launch"), nil)
}

// UpdateLaunch changes the questionnaire and takes the steps of a launch in the
// regions of l; the others stay. actingParty is who does, such as CARRIER; empty: as
// the steps say. A step that is not possible is FAILED_PRECONDITION (docs/management.md).
func (m *Management) UpdateLaunch(ctx context.Context, agent, actingParty string, l *bc.AgentLaunch, fields ...string) (*bc.AgentLaunch, error) {
	query := masked(fields)
	if actingParty != "" {
		query.Set("actingParty", actingParty)
	}
	return update(ctx, m, agentName(agent, "/launch"), l, query)
}

// CreateIntegration makes an integration of an agent. A webhook is saved once it has
// passed the verification handshake.
func (m *Management) CreateIntegration(ctx context.Context, agent string, i *bc.Integration) (*bc.Integration, error) {
	return submit[bc.Integration](ctx, m, agentName(agent, "/integrations"), i)
}

// Integrations lists the integrations of an agent.
func (m *Management) Integrations(ctx context.Context, agent string) ([]bc.Integration, error) {
	return pages(ctx, m, agentName(agent, "/integrations"), nil,
		func(p *bc.ListIntegrationsResponse) ([]bc.Integration, string) {
			return p.Integrations, p.NextPageToken
		})
}

// Integration reads an integration: brands/{brand}/agents/{agent}/integrations/{integration}.
func (m *Management) Integration(ctx context.Context, integration string) (*bc.Integration, error) {
	return read[bc.Integration](ctx, m, integrationName(integration), nil)
}

// UpdateIntegration changes an integration.
func (m *Management) UpdateIntegration(ctx context.Context, integration string, i *bc.Integration, fields ...string) (*bc.Integration, error) {
	return update(ctx, m, integrationName(integration), i, masked(fields))
}

// DeleteIntegration removes an integration.
func (m *Management) DeleteIntegration(ctx context.Context, integration string) error {
	return m.remove(ctx, integrationName(integration), nil)
}

func agentName(agent, suffix string) resource { return resource{agent, "brands/*/agents/*", suffix} }

func integrationName(integration string) resource {
	return resource{id: integration, like: "brands/*/agents/*/integrations/*"}
}
