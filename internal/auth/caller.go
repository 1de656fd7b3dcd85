package auth

import (
	"slices"
	"strings"

	"github.com/openrbm/openrbm/rbm"
)

// Caller is an authenticated service account and the method it calls.
type Caller struct {
	Email     string
	KeyID     string
	Agents    []string // local ids of the agents it may act for; shared, not to be changed
	AllAgents bool     // it may act for every agent

	scopes scopes
	method string
}

// Require fails with PERMISSION_DENIED, ACCESS_TOKEN_SCOPE_INSUFFICIENT, unless
// the caller was granted the scope (facts/rbm-api.md §4.3).
func (c Caller) Require(scope string) error {
	if bit := scopeBits[scope]; bit != 0 && c.scopes&bit != 0 {
		return nil
	}
	return insufficientScope(c.method)
}

// Agent is the local id of the agent that the caller acts for: of the one it
// names, with or without @rbm.goog, or of its only one if it names none
// (facts/rbm-api.md §1.0). It fails with PERMISSION_DENIED for another's agent
// and with INVALID_ARGUMENT if the caller must name one. A caller with AllAgents
// may name agents that do not exist; refuse those with [NotYourAgent].
func (c Caller) Agent(agentID string) (string, error) {
	local := strings.TrimSuffix(agentID, "@rbm.goog")
	switch {
	case agentID == "" && !c.AllAgents && len(c.Agents) == 1:
		return c.Agents[0], nil
	case agentID == "" && (c.AllAgents || len(c.Agents) > 1):
		return "", invalid("agent_id", "agent_id is required: the service account may act for more than one agent.")
	case local != "" && (c.AllAgents || slices.Contains(c.Agents, local)):
		return local, nil
	}
	return "", NotYourAgent()
}

// NotYourAgent is the answer to a caller that names an agent of another account,
// or none that exists (facts/rbm-api.md §4.2).
func NotYourAgent() *rbm.Error {
	return &rbm.Error{Code: rbm.CodePermissionDenied, Message: "There was an error looking up the RBM agent that corresponds to the Google Cloud Platform (GCP) project " +
		"you're authenticating with. This may be a transient error, in which case a retry can help. " +
		"Otherwise, please ensure you have previously registered an RBM agent that corresponds with the correct GCP project, " +
		"and that you are properly authenticating with this project."}
}
