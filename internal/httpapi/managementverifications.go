package httpapi

import (
	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/registry"
)

func verificationOf(agent *registry.Agent) *bc.AgentVerification {
	v := &bc.AgentVerification{
		Name: agentName(agent) + "/verification", VerificationState: agent.Verification.State, AgentVerificationContact: agent.Verification.Contact,
	}
	if v.VerificationState == "" {
		v.VerificationState = bc.Unverified
	}
	return v
}

func showVerification(agent *registry.Agent, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return verificationOf(agent), nil
}

func (a *API) getVerification(c *call) (any, error) {
	return showVerification(a.managedAgent(c))
}

// requestVerification makes the verification PENDING; one that is done stays so.
func (a *API) requestVerification(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	in, err := input[bc.RequestAgentVerificationRequest](c, "")
	if err != nil {
		return nil, err
	}
	if in.AgentVerificationContact == nil {
		return nil, required("agent_verification_contact")
	}
	return showVerification(a.Registry.UpdateAgent(c.r.Context(), agent.ID, func(agent *registry.Agent) {
		agent.Verification.Contact = in.AgentVerificationContact
		if !agent.Verification.Verified() {
			agent.Verification.State = bc.VerificationPending
		}
	}))
}

// updateVerification is how the partner decides on a verification: at Google,
// Google's own people do.
func (a *API) updateVerification(c *call) (any, error) {
	if err := c.partnerOnly(); err != nil {
		return nil, err
	}
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	in, err := input[bc.AgentVerification](c, "agent_verification")
	if err != nil {
		return nil, err
	}
	return showVerification(a.Registry.ChangeAgent(c.r.Context(), agent.ID, func(agent *registry.Agent) error {
		v := verificationOf(agent)
		if err := bc.Merge(v, in, c.query.Get("updateMask")); err != nil {
			return err
		}
		agent.Verification = registry.Verification{State: v.VerificationState, Contact: v.AgentVerificationContact}
		return nil
	}))
}
