package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// hookPath marks the webhooks of this package: no others are ever replaced.
const hookPath = "/openrbm-bench"

// stopTimeout is how long the webhook may take to be taken away.
const stopTimeout = 5 * time.Second

// listen starts the agent's webhook and registers it. stop takes it away again.
func (r *run) listen(ctx context.Context) (stop func() error, err error) {
	before, err := r.admin.Webhook(ctx, r.opts.Agent)
	if err != nil && rbm.CodeOf(err) != rbm.CodeNotFound {
		return nil, fmt.Errorf("looking for the webhook of %s: %w", r.opts.Agent, err)
	}
	if err == nil && before.URI != "" && !strings.HasSuffix(before.URI, hookPath) {
		return nil, fmt.Errorf("agent %s has the webhook %s: delete it first, or measure with another agent", r.opts.Agent, before.URI)
	}
	l, err := net.Listen("tcp", r.opts.Webhook)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	secret := client.NewMessageID()
	server := &http.Server{
		Handler:           r.countRefused(&client.Webhook{ClientToken: secret, Handle: r.event}),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute,
	}
	go server.Serve(l) // until Close
	stop = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return errors.Join(r.admin.DeleteWebhook(ctx, r.opts.Agent), server.Close())
	}
	uri := "http://" + l.Addr().String()
	if r.opts.WebhookURL != "" {
		uri = strings.TrimSuffix(r.opts.WebhookURL, "/")
	}
	if _, err := r.admin.SetWebhook(ctx, r.opts.Agent, client.WebhookConfig{URI: uri + hookPath, ClientToken: secret}); err != nil {
		server.Close()
		return nil, fmt.Errorf("registering the webhook %s: %w", uri+hookPath, err)
	}
	return stop, nil
}

// event takes one event of the agent.
func (r *run) event(_ context.Context, e client.Event) error {
	now := r.book.now()
	if e.UserEvent == nil || e.UserEvent.EventType != rbm.UserEventDelivered {
		return nil
	}
	n, ours := r.book.number(e.UserEvent.MessageID)
	if !ours {
		return nil // of an earlier run
	}
	rec := r.book.at(n)
	if !rec.receipt.CompareAndSwap(false, true) {
		r.count.repeatedReceipts.Add(1)
		return nil
	}
	r.count.receipts.Add(1)
	r.measure(r.receipt, rec, now)
	return nil
}

// countRefused counts what the webhook does not accept, such as wrong signatures.
func (r *run) countRefused(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s := &statusWriter{ResponseWriter: w}
		if q.URL.Path != hookPath {
			http.NotFound(w, q)
			return
		}
		h.ServeHTTP(s, q)
		if s.status >= 400 {
			r.count.badSignatures.Add(1)
		}
		io.Copy(io.Discard, q.Body) // so that the connection is kept
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
