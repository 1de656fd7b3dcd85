package registry

import (
	"context"
	"errors"
	"slices"

	"github.com/openrbm/openrbm/internal/store"
)

// Partner is who runs this platform and manages its agents. There is one.
type Partner struct {
	DisplayName      string   `json:"displayName,omitzero"`
	Company          string   `json:"company,omitzero"`
	ContactEmails    []string `json:"contactEmails,omitempty"`
	TechnicalContact string   `json:"technicalContact,omitzero"`
	Webhook          *Webhook `json:"webhook,omitzero"` // of agents that have none of their own
}

// PartnerID is the id of the one partner.
const PartnerID = "openrbm"

// partnerKey is where the partner stands in the settings.
const partnerKey = "partner"

// Partner returns the partner.
func (r *Registry) Partner(ctx context.Context) (*Partner, error) {
	p, err := r.partner.Get(ctx, partnerKey)
	if errors.Is(err, store.ErrNotFound) {
		return &Partner{DisplayName: "OpenRBM"}, nil
	}
	return p, r.wireError(ctx, "partner", PartnerID, err)
}

// ChangePartner changes the partner by change; the webhook must be valid. With
// an error of change nothing changes.
func (r *Registry) ChangePartner(ctx context.Context, change func(*Partner) error) (*Partner, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	p, err := r.Partner(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.partner.Create(ctx, partnerKey, p); err != nil && !errors.Is(err, store.ErrConflict) {
		return nil, r.wireError(ctx, "partner", PartnerID, err)
	}
	p, err = r.partner.Update(ctx, partnerKey, func(p *Partner) error {
		if err := change(p); err != nil {
			return err
		}
		return p.Webhook.Check()
	})
	return p, r.wireError(ctx, "partner", PartnerID, err)
}

// WebhookOf is where the events of an agent go: to its own webhook, or to its
// partner's (facts/rbm-api.md §3.1); nil: nowhere, they wait.
func (r *Registry) WebhookOf(ctx context.Context, agent string) (*Webhook, error) {
	a, err := r.Agent(agent)
	if err != nil {
		return nil, nil // its notices are of no use to anybody
	}
	if a.Webhook != nil {
		return a.Webhook, nil
	}
	p, err := r.Partner(ctx)
	if err != nil {
		return nil, err
	}
	return p.Webhook, nil
}

// Unhooked lists the agents whose events go to the partner's webhook.
func (r *Registry) Unhooked() []*Agent {
	return slices.DeleteFunc(r.Agents(), func(a *Agent) bool { return a.Webhook != nil })
}
