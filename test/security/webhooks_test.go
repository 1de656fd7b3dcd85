// Package security tests what docs/security.md says: who may call what, what the log
// tells, and what hostile clients gain.
package security

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// strictWebhooks is the default of a server for real traffic.
const strictWebhooks = "[webhooks]\nallow_private = false\n"

func TestWebhooksAtPrivateAddressesAreRefused(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: strictWebhooks})
	for _, uri := range []string{
		"http://127.0.0.1:9/", "http://localhost/hook", "http://[::1]:8080/", "https://10.1.2.3/", "http://169.254.169.254/latest/meta-data/",
		"http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "https://192.168.0.1/hook",
	} {
		for _, skip := range []bool{false, true} {
			_, err := s.Admin.SetWebhook(s.Context(), s.Agent(), client.WebhookConfig{URI: uri, ClientToken: "a-client-token", SkipVerification: skip})
			e := rbm.AsError(err)
			if e == nil || e.Code != rbm.CodeInvalidArgument || !strings.Contains(e.Error(), "public address") {
				t.Errorf("%s, skipped %v: %v", uri, skip, err)
			}
		}
	}
	if hook, err := s.Admin.Webhook(s.Context(), s.Agent()); err != nil || hook.URI != "" {
		t.Errorf("the agent has the webhook %+v, %v", hook, err)
	}
}

// A webhook that was set when that was allowed is looked at again when it is
// called.
func TestWebhooksAreGuardedWhenCalled(t *testing.T) {
	var calls atomic.Int32
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer hook.Close()
	s := servertest.New(t)
	_, err := s.Admin.SetWebhook(s.Context(), s.Agent(), client.WebhookConfig{URI: hook.URL, ClientToken: "a-client-token", SkipVerification: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	s = servertest.New(t, servertest.Options{Dir: s.Dir, Settings: strictWebhooks})
	p := s.Dial()
	if _, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), client.NewMessageID(), &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "hello"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WaitMessage(s.Context(), func(*phone.Message) bool { return true }); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		w, err := s.Admin.Webhook(s.Context(), s.Agent())
		return err == nil && w.Failing && strings.Contains(w.LastError, "public address")
	})
	if n := calls.Load(); n != 0 {
		t.Errorf("the webhook was called %d times", n)
	}
}

// await waits until what the server shows is so.
func await(t testing.TB, so func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	late := time.After(30 * time.Second)
	for !so() {
		select {
		case <-look.C:
		case <-late:
			t.Fatal("it does not become so")
		}
	}
}
