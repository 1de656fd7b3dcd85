package registry

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"

	bc "github.com/openrbm/openrbm/businesscommunications"
)

// Integration is an agent's joining with Dialogflow: one of its members is set.
// The webhook is Agent.Webhook; nothing is ever sent to Dialogflow, which is not
// part of this platform.
type Integration struct {
	ID         string                      `json:"id"`
	Es         *bc.DialogflowEsIntegration `json:"es,omitzero"` // as the management API spells it
	Cx         *bc.DialogflowCxIntegration `json:"cx,omitzero"`
	CreateTime time.Time                   `json:"createTime"`
}

// HasDialogflow says that the agent of id may use phones.dialogflowMessages
// (facts/rbm-api.md §1.6).
func (r *Registry) HasDialogflow(id string) bool {
	a, err := r.Agent(id)
	return err == nil && len(a.Integrations) > 0
}

// Integration is the integration of that id, or nil.
func (a *Agent) Integration(id string) *Integration {
	i := slices.IndexFunc(a.Integrations, func(i Integration) bool { return i.ID == id })
	if i < 0 {
		return nil
	}
	return &a.Integrations[i]
}

// NewID is 64 random bits as text.
func NewID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
