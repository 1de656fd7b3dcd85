package businesscommunications

// The answers of the list methods. NextPageToken is empty on the last page.
type (
	// ListBrandsResponse answers brands.list.
	ListBrandsResponse struct {
		Brands        []Brand `json:"brands,omitempty"`
		NextPageToken string  `json:"nextPageToken,omitzero"`
	}
	// ListAgentsResponse answers brands.agents.list.
	ListAgentsResponse struct {
		Agents        []Agent `json:"agents,omitempty"`
		NextPageToken string  `json:"nextPageToken,omitzero"`
	}
	// ListIntegrationsResponse answers brands.agents.integrations.list.
	ListIntegrationsResponse struct {
		Integrations  []Integration `json:"integrations,omitempty"`
		NextPageToken string        `json:"nextPageToken,omitzero"`
	}
	// ListRegionsResponse answers regions.list.
	ListRegionsResponse struct {
		Regions []Region `json:"regions,omitempty"`
	}
	// ListTestersResponse answers testers.list.
	ListTestersResponse struct {
		Testers []Tester `json:"testers,omitempty"`
	}
	// ListAgentPerformancesResponse answers analytics.agentPerformances.list.
	ListAgentPerformancesResponse struct {
		AgentPerformances []AgentPerformance `json:"agentPerformances,omitempty"`
		NextPageToken     string             `json:"nextPageToken,omitzero"`
	}
)
