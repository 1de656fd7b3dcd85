package httpapi

import (
	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/apidoc"
)

// managementMethods describes the methods of the management API with Google's
// names (facts/rbm-api.md §8.1). A row without a route is not shown.
var managementMethods = []apidoc.Method{
	{ID: "analytics.agentPerformances.list", HTTP: "GET", Path: "/v1/analytics/agentPerformances",
		Response: apidoc.Message[bc.ListAgentPerformancesResponse](), About: "Lists how agents do; here, nothing is measured."},

	{ID: "brands.create", HTTP: "POST", Path: "/v1/brands", Request: apidoc.Message[bc.Brand](), Response: apidoc.Message[bc.Brand](), About: "Makes a brand."},
	{ID: "brands.list", HTTP: "GET", Path: "/v1/brands", Response: apidoc.Message[bc.ListBrandsResponse](), About: "Lists the brands."},
	{ID: "brands.get", HTTP: "GET", Path: "/v1/{name=brands/*}", Response: apidoc.Message[bc.Brand](), About: "Shows a brand."},
	{ID: "brands.patch", HTTP: "PATCH", Path: "/v1/{name=brands/*}", Request: apidoc.Message[bc.Brand](), Response: apidoc.Message[bc.Brand](), About: "Changes a brand."},
	{ID: "brands.delete", HTTP: "DELETE", Path: "/v1/{name=brands/*}", About: "Removes a brand; with force its agents too."},

	{ID: "brands.agents.create", HTTP: "POST", Path: "/v1/{parent=brands/*}/agents", Request: apidoc.Message[bc.Agent](), Response: apidoc.Message[bc.Agent](), About: "Makes an agent."},
	{ID: "brands.agents.list", HTTP: "GET", Path: "/v1/{parent=brands/*}/agents", Response: apidoc.Message[bc.ListAgentsResponse](), About: "Lists the agents of a brand; of all with brands/-."},
	{ID: "brands.agents.get", HTTP: "GET", Path: "/v1/{name=brands/*/agents/*}", Response: apidoc.Message[bc.Agent](), About: "Shows an agent."},
	{ID: "brands.agents.patch", HTTP: "PATCH", Path: "/v1/{name=brands/*/agents/*}", Request: apidoc.Message[bc.Agent](), Response: apidoc.Message[bc.Agent](), About: "Changes an agent."},
	{ID: "brands.agents.delete", HTTP: "DELETE", Path: "/v1/{name=brands/*/agents/*}", About: "Removes an agent."},

	{ID: "brands.agents.getLaunch", HTTP: "GET", Path: "/v1/{name=brands/*/agents/*/launch}", Response: apidoc.Message[bc.AgentLaunch](), About: "Shows an agent's launches."},
	{ID: "brands.agents.updateLaunch", HTTP: "PATCH", Path: "/v1/{name=brands/*/agents/*/launch}",
		Request: apidoc.Message[bc.AgentLaunch](), Response: apidoc.Message[bc.AgentLaunch](), About: "Changes the questionnaire of an agent's launch, or decides about launches."},
	{ID: "brands.agents.requestLaunch", HTTP: "POST", Path: "/v1/{name=brands/*/agents/*}:requestLaunch",
		Request: apidoc.Message[bc.RequestAgentLaunchRequest](), Response: apidoc.Message[bc.AgentLaunch](), About: "Asks for the launch of an agent in regions."},
	{ID: "brands.agents.getVerification", HTTP: "GET", Path: "/v1/{name=brands/*/agents/*/verification}", Response: apidoc.Message[bc.AgentVerification](), About: "Shows an agent's verification."},
	{ID: "brands.agents.updateVerification", HTTP: "PATCH", Path: "/v1/{name=brands/*/agents/*/verification}",
		Request: apidoc.Message[bc.AgentVerification](), Response: apidoc.Message[bc.AgentVerification](), About: "Decides about an agent's verification."},
	{ID: "brands.agents.requestVerification", HTTP: "POST", Path: "/v1/{name=brands/*/agents/*}:requestVerification",
		Request: apidoc.Message[bc.RequestAgentVerificationRequest](), Response: apidoc.Message[bc.AgentVerification](), About: "Asks for an agent's verification."},

	{ID: "brands.agents.integrations.create", HTTP: "POST", Path: "/v1/{parent=brands/*/agents/*}/integrations",
		Request: apidoc.Message[bc.Integration](), Response: apidoc.Message[bc.Integration](), About: "Joins an agent to a webhook or to Dialogflow."},
	{ID: "brands.agents.integrations.list", HTTP: "GET", Path: "/v1/{parent=brands/*/agents/*}/integrations", Response: apidoc.Message[bc.ListIntegrationsResponse](), About: "Lists an agent's integrations."},
	{ID: "brands.agents.integrations.get", HTTP: "GET", Path: "/v1/{name=brands/*/agents/*/integrations/*}", Response: apidoc.Message[bc.Integration](), About: "Shows an integration."},
	{ID: "brands.agents.integrations.patch", HTTP: "PATCH", Path: "/v1/{name=brands/*/agents/*/integrations/*}",
		Request: apidoc.Message[bc.Integration](), Response: apidoc.Message[bc.Integration](), About: "Changes an integration."},
	{ID: "brands.agents.integrations.delete", HTTP: "DELETE", Path: "/v1/{name=brands/*/agents/*/integrations/*}", About: "Removes an integration."},

	{ID: "partners.get", HTTP: "GET", Path: "/v1/{name=partners/*}", Response: apidoc.Message[bc.Partner](), About: "Shows the partner."},
	{ID: "partners.patch", HTTP: "PATCH", Path: "/v1/{name=partners/*}", Request: apidoc.Message[bc.Partner](), Response: apidoc.Message[bc.Partner](), About: "Changes the partner."},
	{ID: "regions.list", HTTP: "GET", Path: "/v1/regions", Response: apidoc.Message[bc.ListRegionsResponse](), About: "Lists the regions in which agents can be launched."},

	{ID: "testers.create", HTTP: "POST", Path: "/v1/testers", Request: apidoc.Message[bc.Tester](), Response: apidoc.Message[bc.Tester](), About: "Invites a user to test an agent."},
	{ID: "testers.list", HTTP: "GET", Path: "/v1/testers", Response: apidoc.Message[bc.ListTestersResponse](), About: "Lists an agent's testers."},
	{ID: "testers.get", HTTP: "GET", Path: "/v1/{name=testers/*}", Response: apidoc.Message[bc.Tester](), About: "Shows a tester."},
	{ID: "testers.delete", HTTP: "DELETE", Path: "/v1/{name=testers/*}", About: "Removes a tester."},
}
