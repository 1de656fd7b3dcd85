package main

import (
	"context"
	"io"
	"strconv"

	"github.com/openrbm/openrbm/client"
)

// webhookCmd is `openrbm webhook`: where an agent's events go.
type webhookCmd struct {
	Set    webhookSetCmd    `cmd:"" help:"Verify a webhook and deliver an agent's events to it."`
	Get    webhookGetCmd    `cmd:"" help:"Show an agent's webhook and how its deliveries go."`
	Delete webhookDeleteCmd `cmd:"" help:"End the delivery of an agent's events."`
	Retry  webhookRetryCmd  `cmd:"" help:"Make every waiting event due now."`
	Listen webhookListenCmd `cmd:"" help:"Receive events here, check their signatures and print them."`
}

func webhookFields(w *client.WebhookState) table {
	status := ""
	if w.LastStatus != 0 {
		status = strconv.Itoa(w.LastStatus)
	}
	return fields("uri", w.URI, "verified", yes(w.Verified), "pending", strconv.Itoa(w.Pending), "failing", yes(w.Failing),
		"failing since", when(w.FailingSince),
		"last attempt", when(w.LastAttemptTime), "last status", status, "last error", w.LastError)
}

type webhookSetCmd struct {
	viewFlags
	oneAgent
	URI              string `arg:"" name:"uri" help:"Address of the webhook."`
	ClientToken      string `required:"" env:"OPENRBM_CLIENT_TOKEN" placeholder:"SECRET" help:"Secret shared with the webhook: it is verified and signed with."`
	SkipVerification bool   `help:"Save it without the verification handshake."`
}

// Run sets the webhook and prints it.
func (c webhookSetCmd) Run(ctx context.Context, out io.Writer) error {
	w := client.WebhookConfig{URI: c.URI, ClientToken: c.ClientToken, SkipVerification: c.SkipVerification}
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.WebhookState, error) { return a.SetWebhook(ctx, c.Agent, w) }, webhookFields)
}

type webhookGetCmd struct {
	viewFlags
	oneAgent
}

// Run prints the webhook.
func (c webhookGetCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.WebhookState, error) { return a.Webhook(ctx, c.Agent) }, webhookFields)
}

type webhookDeleteCmd struct {
	adminFlags
	oneAgent
}

// Run deletes the webhook.
func (c webhookDeleteCmd) Run(ctx context.Context, out io.Writer) error {
	return c.do(out, "deleted the webhook of "+c.Agent, func(a *client.Admin) error { return a.DeleteWebhook(ctx, c.Agent) })
}

type webhookRetryCmd struct {
	adminFlags
	oneAgent
}

// Run makes the waiting events due.
func (c webhookRetryCmd) Run(ctx context.Context, out io.Writer) error {
	return c.do(out, "every waiting event of "+c.Agent+" is due now",
		func(a *client.Admin) error { return a.RetryWebhook(ctx, c.Agent) })
}
