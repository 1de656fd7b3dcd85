package registry

import (
	bc "github.com/openrbm/openrbm/businesscommunications"
)

// Verification is how far the verification of an agent is; "" is unverified.
type Verification struct {
	State   bc.VerificationState         `json:"state,omitzero"`
	Contact *bc.AgentVerificationContact `json:"contact,omitzero"` // as the management API spells it
}

// Verified says that the verification is done, which freezes the agent's name
// and images (facts/rbm-api.md §8.2).
func (v *Verification) Verified() bool { return v.State == bc.Verified }
