package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

func TestAgent(t *testing.T) {
	none, one, two := Caller{}, Caller{Agents: []string{"a"}}, Caller{Agents: []string{"a", "b"}}
	all := Caller{AllAgents: true}
	rows := []struct {
		caller      Caller
		agent, want string
		code        rbm.Code
	}{
		{one, "a", "a", rbm.CodeOK},
		{one, "a@rbm.goog", "a", rbm.CodeOK},
		{one, "", "a", rbm.CodeOK},
		{one, "b", "", rbm.CodePermissionDenied},
		{one, "b@rbm.goog", "", rbm.CodePermissionDenied},
		{one, "a@elsewhere", "", rbm.CodePermissionDenied},
		{one, "@rbm.goog", "", rbm.CodePermissionDenied},
		{two, "b", "b", rbm.CodeOK},
		{two, "", "", rbm.CodeInvalidArgument},
		{all, "anyone@rbm.goog", "anyone", rbm.CodeOK},
		{all, "", "", rbm.CodeInvalidArgument},
		{all, "@rbm.goog", "", rbm.CodePermissionDenied},
		{none, "", "", rbm.CodePermissionDenied},
		{none, "a", "", rbm.CodePermissionDenied},
	}
	for _, row := range rows {
		got, err := row.caller.Agent(row.agent)
		if got != row.want || rbm.CodeOf(err) != row.code {
			t.Errorf("%v as %q: %q, %v", row.caller.Agents, row.agent, got, err)
		}
		if row.code == rbm.CodeInvalidArgument && rbm.AsError(err).Violations[0].Field != "agent_id" {
			t.Errorf("%q: %+v", row.agent, err)
		}
	}
}

// The long text of facts/rbm-api.md §4.2, over the wire.
func TestOtherAgent(t *testing.T) {
	w := newWorld(t)
	resp, body := w.call(t, "Bearer "+w.token(t), "agentId=other_agent")
	const text = "There was an error looking up the RBM agent that corresponds to the Google Cloud Platform (GCP) project you're authenticating with. This may be a transient error, in which case a retry can help. Otherwise, please ensure you have previously registered an RBM agent that corresponds with the correct GCP project, and that you are properly authenticating with this project."
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(body, text) {
		t.Errorf("%s %s", resp.Status, body)
	}
	if resp, body = w.call(t, "Bearer "+w.token(t), "agentId=demo_agent@rbm.goog"); resp.StatusCode != http.StatusOK || body != "demo_agent" {
		t.Errorf("%s %s", resp.Status, body)
	}
}

func TestAdmin(t *testing.T) {
	w := newWorld(t)
	token := w.AdminToken()
	if len(token) < 52 {
		t.Fatalf("an admin token of %d characters", len(token))
	}
	rows := []struct{ header, challenge string }{
		{"Bearer " + token, ""},
		{"", `Bearer realm="openrbm"`},
		{"Bearer " + token[1:], `Bearer realm="openrbm", error="invalid_token"`},
		{"Bearer", `Bearer realm="openrbm", error="invalid_token"`},
		{"Basic " + token, `Bearer realm="openrbm", error="invalid_token"`},
		{"Bearer " + w.token(t), `Bearer realm="openrbm", error="invalid_token"`},
	}
	for _, row := range rows {
		r := httptest.NewRequest("GET", "/admin/v1/status?access_token="+token, nil)
		if row.header != "" {
			r.Header.Set("Authorization", row.header)
		}
		err := w.CheckAdmin(r)
		if Challenge(err) != row.challenge || (err == nil) != (row.challenge == "") {
			t.Errorf("%.10q: %v, challenge %q", row.header, err, Challenge(err))
		}
		if err != nil && strings.Contains(err.Error(), token) {
			t.Error("the error tells the token")
		}
	}
	if _, err := w.authenticate(t, token); err == nil {
		t.Error("the admin token is an access token")
	}
}

func TestConfiguredAdminToken(t *testing.T) {
	w := newWorld(t)
	made := w.AdminToken()
	l, err := ledger.Open(t.Context(), w.db, w.clock)
	must(t, err)
	configured := "configured-token"
	a, err := New(t.Context(), l, Options{ReadAdminToken: func() (string, error) { return configured, nil }})
	must(t, err)
	for token, want := range map[string]bool{"configured-token": true, made: false, "": false} {
		r := httptest.NewRequest("GET", "/admin/v1/status", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if got := a.CheckAdmin(r) == nil; got != want {
			t.Errorf("%.12q: %v", token, got)
		}
	}
	if a.AdminToken() != "configured-token" {
		t.Error("another admin token")
	}
	if _, err := a.RotateAdminToken(t.Context(), 0); rbm.CodeOf(err) != rbm.CodeFailedPrecondition {
		t.Errorf("a configured token was rotated: %v", err)
	}
	configured, a.refreshed = "another-token", time.Time{}
	for token, want := range map[string]bool{"configured-token": false, "another-token": true} {
		r := httptest.NewRequest("GET", "/admin/v1/status", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if got := a.CheckAdmin(r) == nil; got != want {
			t.Errorf("after a change of the file, %s: %v", token, got)
		}
	}
}

// Nothing that the platform writes down while it works tells a secret.
func TestLogTellsNoSecret(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	w.call(t, "Bearer "+token, "")
	w.call(t, "Bearer "+token+"x", "")
	must(t, w.db.Close())
	w.call(t, "Bearer "+w.signed(t, w.good()), "")
	for _, secret := range []string{token, w.AdminToken(), w.tokens.Load().secrets[0].Secret, "PRIVATE"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log tells a secret: %s", w.log)
		}
	}
}
