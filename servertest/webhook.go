package servertest

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync"

	"github.com/openrbm/openrbm/client"
)

// Webhook is an agent's webhook that keeps what it gets. Signatures are
// verified; what is not signed never arrives here.
type Webhook struct {
	s      *Server
	mu     sync.Mutex
	events []client.Event
	fail   func(client.Event) error
	more   chan struct{} // closed and replaced with each event
}

// WebhookToken is the clientToken of the webhooks made by this package.
const WebhookToken = "servertest-client-token"

// Webhook starts a webhook and makes it that of agent.
func (s *Server) Webhook(agent string) *Webhook {
	s.t.Helper()
	w := &Webhook{s: s, more: make(chan struct{})}
	server := httptest.NewServer(&client.Webhook{ClientToken: WebhookToken, Handle: w.take})
	s.t.Cleanup(server.Close)
	if _, err := s.Admin.SetWebhook(s.Context(), agent, client.WebhookConfig{URI: server.URL, ClientToken: WebhookToken}); err != nil {
		s.t.Fatalf("servertest: setting the webhook of %s: %v", agent, err)
	}
	return w
}

// Fail makes the webhook answer 500 while fail returns an error; nil ends it.
func (w *Webhook) Fail(fail func(client.Event) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = fail
}

// ErrFailing is an error for Fail.
var ErrFailing = errors.New("servertest: the webhook fails on purpose")

func (w *Webhook) take(_ context.Context, e client.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		if err := w.fail(e); err != nil {
			return err
		}
	}
	w.events = append(w.events, e)
	close(w.more)
	w.more = make(chan struct{})
	return nil
}

// Events are what has come so far, in order, repeats included.
func (w *Webhook) Events() []client.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]client.Event(nil), w.events...)
}

// Wait waits until an event that matches has come, and returns the first.
func (w *Webhook) Wait(match func(client.Event) bool) client.Event {
	w.s.t.Helper()
	ctx := w.s.Context()
	for {
		w.mu.Lock()
		events, more := w.events, w.more
		w.mu.Unlock()
		for _, e := range events {
			if match(e) {
				return e
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			w.s.t.Fatalf("servertest: no such event at the webhook; there are %d others", len(events))
		}
	}
}

// Delivered matches the DELIVERED event of a message.
func Delivered(messageID string) func(client.Event) bool {
	return userEvent("DELIVERED", messageID)
}

// Read matches the READ event of a message.
func Read(messageID string) func(client.Event) bool { return userEvent("READ", messageID) }

func userEvent(kind, messageID string) func(client.Event) bool {
	return func(e client.Event) bool {
		return e.UserEvent != nil && string(e.UserEvent.EventType) == kind && e.UserEvent.MessageID == messageID
	}
}

// Expired matches the server event that says what became of a message that expired.
func Expired(messageID string) func(client.Event) bool {
	return func(e client.Event) bool { return e.ServerEvent != nil && e.ServerEvent.MessageID == messageID }
}
