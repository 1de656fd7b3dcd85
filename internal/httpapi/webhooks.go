package httpapi

import (
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// webhookJSON is an agent's webhook as the admin API shows it. Its token is
// never shown.
type webhookJSON struct {
	URI             string         `json:"uri,omitzero"`
	Verified        bool           `json:"verified"`
	Pending         int            `json:"pending"` // notices that wait, at most maxPending
	Failing         bool           `json:"failing"`
	FailingSince    *rbm.Timestamp `json:"failingSince,omitzero"`
	LastError       string         `json:"lastError,omitzero"`
	LastStatus      int            `json:"lastStatus,omitzero"`
	LastAttemptTime *rbm.Timestamp `json:"lastAttemptTime,omitzero"`
}

// maxPending is how far pending notices are counted.
const maxPending = 10_000

func (a *API) getWebhook(c *call) (any, error) {
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	return a.showWebhook(c, agent)
}

func (a *API) showWebhook(c *call, agent *registry.Agent) (any, error) {
	pending, err := a.Ledger.CountNotices(c.r.Context(), agent.ID, maxPending)
	if err != nil {
		return nil, err
	}
	h := a.Outbox.Health(agent.ID)
	w := &webhookJSON{Pending: pending, Failing: !h.FailingSince.IsZero(), LastError: h.LastError, LastStatus: h.LastStatus}
	if agent.Webhook != nil {
		w.URI, w.Verified = agent.Webhook.URI, agent.Webhook.Verified
	}
	if !h.FailingSince.IsZero() {
		w.FailingSince = rbm.NewTimestamp(h.FailingSince)
	}
	if !h.LastAttemptTime.IsZero() {
		w.LastAttemptTime = rbm.NewTimestamp(h.LastAttemptTime)
	}
	return w, nil
}

// putWebhook sets an agent's webhook, once it has passed the handshake
// (facts/rbm-api.md §3.2).
func (a *API) putWebhook(c *call) (any, error) {
	in, err := decode[struct {
		URI              string `json:"uri"`
		ClientToken      string `json:"clientToken"`
		SkipVerification bool   `json:"skipVerification"`
	}](c)
	if err != nil {
		return nil, err
	}
	hook := &registry.Webhook{URI: in.URI, ClientToken: in.ClientToken, Verified: !in.SkipVerification}
	if err := a.Registry.CheckWebhook(c.params[0], hook); err != nil {
		return nil, err
	}
	if hook.Verified {
		err := outbox.Handshake(c.r.Context(), a.WebhookClient, outbox.Webhook{URL: in.URI, Token: in.ClientToken})
		if err != nil {
			return nil, rbm.Errorf(rbm.CodeFailedPrecondition, "The webhook did not pass the verification: %v", err)
		}
	}
	agent, err := a.Registry.UpdateAgent(c.r.Context(), c.params[0], func(agent *registry.Agent) { agent.Webhook = hook })
	if err != nil {
		return nil, err
	}
	if _, err := a.Outbox.Retry(c.r.Context(), agent.ID); err != nil {
		a.Logger.WarnContext(c.r.Context(), "events wait for their next attempt", "agent", agent.ID, "err", err) // the webhook is set all the same
	}
	return a.showWebhook(c, agent)
}

func (a *API) deleteWebhook(c *call) (any, error) {
	_, err := a.Registry.UpdateAgent(c.r.Context(), c.params[0], func(agent *registry.Agent) { agent.Webhook = nil })
	return nil, err
}

func (a *API) retryWebhook(c *call) (any, error) {
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	_, err = a.Outbox.Retry(c.r.Context(), agent.ID)
	return nil, err
}
