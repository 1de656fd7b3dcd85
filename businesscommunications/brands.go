package businesscommunications

// Brand is a business that agents belong to.
type Brand struct {
	Name        string `json:"name,omitzero" rbm:"out"` // brands/{brand}
	DisplayName string `json:"displayName,omitzero"`    // at most MaxBrandName characters
}

// Region is a carrier, or a group of them, where an agent can be launched.
type Region struct {
	Name           string `json:"name,omitzero"` // /v1/regions/{region}
	DisplayName    string `json:"displayName,omitzero"`
	ManagementType string `json:"managementType,omitzero"`
}

// Tester is a user who may talk to an agent before it is launched.
type Tester struct {
	Name         string       `json:"name,omitzero" rbm:"out"` // testers/{E.164}
	PhoneNumber  string       `json:"phoneNumber,omitzero"`    // E.164
	AgentID      string       `json:"agentId,omitzero"`
	InviteStatus InviteStatus `json:"inviteStatus,omitzero" rbm:"out"`
}

// InviteStatus is a tester's answer to the invitation; "" is unspecified.
type InviteStatus string

// The invite states.
const (
	InviteStatusPending  InviteStatus = "PENDING"
	InviteStatusAccepted InviteStatus = "ACCEPTED"
	InviteStatusDeclined InviteStatus = "DECLINED"
)

// AgentPerformance is what is known of an agent's reputation in a country.
type AgentPerformance struct {
	Name                 string `json:"name,omitzero"`
	DisplayName          string `json:"displayName,omitzero"`
	CountryCode          string `json:"countryCode,omitzero"`
	AgentUseCase         string `json:"agentUseCase,omitzero"`
	Reputation           string `json:"reputation,omitzero"`
	TrafficLimit         int32  `json:"trafficLimit,omitzero"` // messages a user in 28 days
	MetricsPeriodEndTime string `json:"metricsPeriodEndTime,omitzero"`
}
