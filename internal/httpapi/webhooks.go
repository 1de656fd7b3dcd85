package httpapi

import (
	"context"
	"fmt"
	"net/url"

	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// webhookJSON is an agent's webhook as the admin API shows it. Its token is
// never shown.
type webhookJSON struct {
	URI             string         `json:"uri,omitzero"`
	Verified        bool           `json:"verified"`
	Paused          bool           `json:"paused"`
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
	w := &webhookJSON{Paused: agent.WebhookPaused, Pending: pending, Failing: !h.FailingSince.IsZero(), LastError: h.LastError, LastStatus: h.LastStatus}
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

// webhookInput reads a webhook that the administrator gives.
func webhookInput(c *call) (*registry.Webhook, error) {
	in, err := decode[struct {
		URI              string `json:"uri"`
		ClientToken      string `json:"clientToken"`
		SkipVerification bool   `json:"skipVerification"`
	}](c)
	if err != nil {
		return nil, err
	}
	return &registry.Webhook{URI: in.URI, ClientToken: in.ClientToken, Verified: !in.SkipVerification}, nil
}

// putWebhook sets an agent's webhook.
func (a *API) putWebhook(c *call) (any, error) {
	hook, err := webhookInput(c)
	if err != nil {
		return nil, err
	}
	if err := a.Registry.CheckWebhook(c.params[0], hook); err != nil {
		return nil, err
	}
	agent, err := a.setWebhook(c, c.params[0], hook)
	if err != nil {
		return nil, err
	}
	return a.showWebhook(c, agent)
}

// setWebhook sets an agent's webhook, once it has passed the handshake
// (facts/rbm-api.md §3.2). What waits is attempted at once.
func (a *API) setWebhook(c *call, agent string, hook *registry.Webhook) (*registry.Agent, error) {
	if err := a.verifyWebhook(c.r.Context(), hook); err != nil {
		return nil, err
	}
	changed, err := a.Registry.UpdateAgent(c.r.Context(), agent, func(agent *registry.Agent) { agent.Webhook = hook })
	if err != nil {
		return nil, err
	}
	if _, err := a.Outbox.Retry(c.r.Context(), changed.ID); err != nil {
		a.Logger.WarnContext(c.r.Context(), "events wait for their next attempt", "agent", changed.ID, "err", err) // the webhook is set all the same
	}
	return changed, nil
}

// verifyWebhook checks that a webhook is at an address that may be called, and
// makes the handshake with it, unless that is to be skipped.
func (a *API) verifyWebhook(ctx context.Context, hook *registry.Webhook) error {
	if err := hook.Check(); err != nil {
		return err
	}
	target, err := url.Parse(hook.URI)
	if err == nil {
		err = a.WebhookGuard.CheckTarget(ctx, target)
	}
	if err != nil {
		return rbm.InvalidArgument(rbm.Violation{Field: "uri", Description: fmt.Sprintf("Invalid value at 'uri': %v.", err)})
	}
	if !hook.Verified {
		return nil
	}
	err = outbox.Handshake(ctx, a.WebhookClient, outbox.Webhook{URL: hook.URI, Token: hook.ClientToken})
	if err != nil {
		return rbm.Errorf(rbm.CodeFailedPrecondition, "The webhook did not pass the verification: %v", err)
	}
	return nil
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
