package client

import (
	"context"
	"net/http"
	"time"
)

// WebhookConfig is where and how an agent's events are delivered.
type WebhookConfig struct {
	URI              string `json:"uri"`
	ClientToken      string `json:"clientToken"`                // shared secret of the handshake and the signatures
	SkipVerification bool   `json:"skipVerification,omitempty"` // save it without the handshake
}

// WebhookState is an agent's webhook and how its deliveries go.
type WebhookState struct {
	URI             string    `json:"uri"`
	Verified        bool      `json:"verified,omitempty"`
	Pending         int       `json:"pending,omitempty"` // events not delivered yet
	Failing         bool      `json:"failing,omitempty"` // the latest attempt failed
	FailingSince    time.Time `json:"failingSince,omitzero"`
	LastError       string    `json:"lastError,omitempty"`
	LastStatus      int       `json:"lastStatus,omitempty"` // HTTP status of the latest attempt
	LastAttemptTime time.Time `json:"lastAttemptTime,omitzero"`
}

// SetWebhook performs the verification handshake and saves the webhook. When the
// handshake fails, nothing changes and the error is FAILED_PRECONDITION with the reason.
func (a *Admin) SetWebhook(ctx context.Context, agent string, w WebhookConfig) (*WebhookState, error) {
	return adminCall[WebhookState](ctx, a, http.MethodPut, agentPath(agent, "webhook"), w)
}

// Webhook reads an agent's webhook.
func (a *Admin) Webhook(ctx context.Context, agent string) (*WebhookState, error) {
	return adminCall[WebhookState](ctx, a, http.MethodGet, agentPath(agent, "webhook"), nil)
}

// DeleteWebhook ends the delivery of an agent's events.
func (a *Admin) DeleteWebhook(ctx context.Context, agent string) error {
	_, err := adminCall[nothing](ctx, a, http.MethodDelete, agentPath(agent, "webhook"), nil)
	return err
}

// RetryWebhook makes every waiting event of an agent due now.
func (a *Admin) RetryWebhook(ctx context.Context, agent string) error {
	_, err := adminCall[nothing](ctx, a, http.MethodPost, agentPath(agent, "webhook")+":retry", nothing{})
	return err
}

// SetPartnerWebhook sets the webhook of agents that have none of their own, as
// SetWebhook does for one agent.
func (a *Admin) SetPartnerWebhook(ctx context.Context, w WebhookConfig) error {
	_, err := adminCall[nothing](ctx, a, http.MethodPut, "/partner/webhook", w)
	return err
}

// DeletePartnerWebhook makes the events of those agents wait.
func (a *Admin) DeletePartnerWebhook(ctx context.Context) error {
	_, err := adminCall[nothing](ctx, a, http.MethodDelete, "/partner/webhook", nil)
	return err
}
