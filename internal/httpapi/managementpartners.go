package httpapi

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// messagingProduct is the product whose capability holds the webhook.
const messagingProduct = "RCS_BUSINESS_MESSAGING"

func showPartner(p *registry.Partner) *bc.Partner {
	w := &bc.Partner{
		Name: "partners/" + registry.PartnerID, DisplayName: p.DisplayName, Company: p.Company, ContactEmails: p.ContactEmails,
		TechnicalContact: p.TechnicalContact, DialogflowServiceAccountEmail: dialogflowAccount,
	}
	capability := bc.ProductCapability{Product: messagingProduct, RcsBusinessMessagingCapability: &bc.RcsBusinessMessagingCapability{}}
	if p.Webhook != nil {
		capability.RcsBusinessMessagingCapability.WebhookURL = p.Webhook.URI
	}
	w.ProductCapabilities = []bc.ProductCapability{capability}
	return w
}

// onlyPartner checks that the path names the one partner; "-" will do.
func onlyPartner(c *call) error {
	if err := c.partnerOnly(); err != nil {
		return err
	}
	if c.params[0] != registry.PartnerID && c.params[0] != "-" {
		return rbm.NotFound()
	}
	return nil
}

func (a *API) getPartner(c *call) (any, error) {
	if err := onlyPartner(c); err != nil {
		return nil, err
	}
	p, err := a.Registry.Partner(c.r.Context())
	if err != nil {
		return nil, err
	}
	return showPartner(p), nil
}

// patchPartner changes the partner. A new webhook address keeps the token of the
// old one, which only the administrator can set: the API has no field for it.
func (a *API) patchPartner(c *call) (any, error) {
	if err := onlyPartner(c); err != nil {
		return nil, err
	}
	in, err := input[bc.Partner](c, "partner")
	if err != nil {
		return nil, err
	}
	p, err := a.Registry.Partner(c.r.Context())
	if err != nil {
		return nil, err
	}
	w := showPartner(p)
	if err := bc.Merge(w, in, c.query.Get("updateMask")); err != nil {
		return nil, err
	}
	hook, err := a.partnerHook(c.r.Context(), p.Webhook, webhookURL(w))
	if err != nil {
		return nil, err
	}
	p, err = a.Registry.ChangePartner(c.r.Context(), func(p *registry.Partner) error {
		p.DisplayName, p.Company, p.ContactEmails, p.TechnicalContact = w.DisplayName, w.Company, w.ContactEmails, w.TechnicalContact
		p.Webhook = hook
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.partnerHooked()
	return showPartner(p), nil
}

// webhookURL is the webhook that w names, or "".
func webhookURL(w *bc.Partner) string {
	for _, p := range w.ProductCapabilities {
		if r := p.RcsBusinessMessagingCapability; r != nil && r.WebhookURL != "" {
			return r.WebhookURL
		}
	}
	return ""
}

// partnerHook is the webhook at uri, once it has passed the handshake with the
// token of the one that is there now.
func (a *API) partnerHook(ctx context.Context, now *registry.Webhook, uri string) (*registry.Webhook, error) {
	switch {
	case uri == "":
		return nil, nil
	case now == nil:
		return nil, rbm.Errorf(rbm.CodeFailedPrecondition, "The partner's webhook has no token yet: set it with PUT /admin/v1/partner/webhook first.")
	case uri == now.URI:
		return now, nil
	}
	hook := &registry.Webhook{URI: uri, ClientToken: now.ClientToken, Verified: true}
	return hook, a.verifyWebhook(ctx, hook)
}

// partnerHooked lets the agents that have no webhook of their own use the
// partner's at once.
func (a *API) partnerHooked() {
	for _, agent := range a.Registry.Unhooked() {
		a.Outbox.Hint(agent.ID)
	}
}

// getPartnerWebhook and the two below are the administrator's: the token of the
// partner's webhook is given in the console, as at Google.
func (a *API) getPartnerWebhook(c *call) (any, error) {
	p, err := a.Registry.Partner(c.r.Context())
	if err != nil {
		return nil, err
	}
	w := &partnerWebhookJSON{}
	if p.Webhook != nil {
		w.URI, w.Verified = p.Webhook.URI, p.Webhook.Verified
	}
	return w, nil
}

// partnerWebhookJSON is the partner's webhook as the admin API shows it.
type partnerWebhookJSON struct {
	URI      string `json:"uri,omitzero"`
	Verified bool   `json:"verified"`
}

func (a *API) putPartnerWebhook(c *call) (any, error) {
	hook, err := webhookInput(c)
	if err != nil {
		return nil, err
	}
	if err := a.verifyWebhook(c.r.Context(), hook); err != nil {
		return nil, err
	}
	if _, err := a.Registry.ChangePartner(c.r.Context(), func(p *registry.Partner) error {
		p.Webhook = hook
		return nil
	}); err != nil {
		return nil, err
	}
	a.partnerHooked()
	return a.getPartnerWebhook(c)
}

func (a *API) deletePartnerWebhook(c *call) (any, error) {
	_, err := a.Registry.ChangePartner(c.r.Context(), func(p *registry.Partner) error {
		p.Webhook = nil
		return nil
	})
	return nil, err
}

// createPartnerKey answers with the key file of the partner's account, which may
// act for every agent and manage everything.
func (a *API) createPartnerKey(c *call) (any, error) {
	if _, err := decode[struct{}](c); err != nil {
		return nil, err
	}
	account, err := a.Auth.EnsurePartner(c.r.Context())
	if err != nil {
		return nil, err
	}
	file, _, err := a.Auth.CreateKey(c.r.Context(), account.Email, a.BaseURL+"/token")
	return jsontext.Value(file), err
}

func (a *API) listPartnerKeys(c *call) (any, error) { return a.keysOf(c, auth.PartnerEmail) }

func (a *API) deletePartnerKey(c *call) (any, error) {
	return nil, a.Auth.DeleteKey(c.r.Context(), auth.PartnerEmail, c.params[0])
}
