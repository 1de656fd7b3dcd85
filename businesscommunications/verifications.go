package businesscommunications

// AgentVerification is how far the verification of an agent is.
type AgentVerification struct {
	Name                     string                    `json:"name,omitzero" rbm:"out"` // brands/{brand}/agents/{agent}@rbm.goog/verification
	VerificationState        VerificationState         `json:"verificationState,omitzero"`
	AgentVerificationContact *AgentVerificationContact `json:"agentVerificationContact,omitzero"`
}

// AgentVerificationContact is who vouches for an agent.
type AgentVerificationContact struct {
	PartnerName              string `json:"partnerName,omitzero"`
	PartnerEmailAddress      string `json:"partnerEmailAddress,omitzero"`
	BrandContactName         string `json:"brandContactName,omitzero"`
	BrandContactEmailAddress string `json:"brandContactEmailAddress,omitzero"`
	BrandWebsiteURL          string `json:"brandWebsiteUrl,omitzero"`
}

// RequestAgentVerificationRequest asks for the verification of an agent.
type RequestAgentVerificationRequest struct {
	AgentVerificationContact *AgentVerificationContact `json:"agentVerificationContact,omitzero"`
}

// VerificationState is how far a verification is; "" is unspecified.
type VerificationState string

// The verification states.
const (
	Unverified          VerificationState = "VERIFICATION_STATE_UNVERIFIED"
	VerificationPending VerificationState = "VERIFICATION_STATE_PENDING"
	Verified            VerificationState = "VERIFICATION_STATE_VERIFIED"
)
