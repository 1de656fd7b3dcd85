package conformance_test

import (
	"context"
	"io/fs"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/conformance"
	"github.com/openrbm/openrbm/servertest"
	scripts "github.com/openrbm/openrbm/test/conformance"
	"github.com/openrbm/openrbm/test/postgres"
)

// target is a server of the test, with its phone not connected.
func target(t *testing.T, s *servertest.Server) *conformance.Target {
	t.Helper()
	key, err := os.ReadFile(s.Ready.Agents[0].KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	partner, err := s.Admin.CreatePartnerKey(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	const secret = "secret token"
	webhook := httptest.NewServer(&client.Webhook{ClientToken: secret, Handle: func(context.Context, client.Event) error { return nil }})
	t.Cleanup(webhook.Close)
	return &conformance.Target{URL: s.Ready.APIURL, Key: key, PartnerKey: partner, Vars: map[string]string{
		"TOKEN": token(t, s), "AGENT": s.Agent(), "PHONE": s.Number(), "ADMIN": s.Ready.AdminToken,
		"WEBHOOK": webhook.URL, "WHTOKEN": secret}}
}

func token(t *testing.T, s *servertest.Server) string {
	t.Helper()
	token, err := s.Client().AccessToken(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// run runs a script as a subtest, and each of its steps as one of that.
func run(t *testing.T, target *conformance.Target, name, text string) {
	t.Run(strings.TrimSuffix(name, ".txt"), func(t *testing.T) {
		script, err := conformance.Parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		if missing := target.Missing(script); len(missing) > 0 {
			t.Fatalf("the script needs %v", missing)
		}
		for r := range target.Run(t.Context(), script) {
			t.Run(r.Step.Title, func(t *testing.T) {
				if len(r.Wrong) > 0 {
					t.Errorf("%s:%d:\n%s", name, r.Step.Line, strings.Join(r.Wrong, "\n"))
				}
			})
		}
	})
}

func TestMain(m *testing.M) { postgres.Main(m) }

func TestScripts(t *testing.T) { scriptsPass(t) }

func TestScriptsOnPostgres(t *testing.T) {
	t.Setenv(servertest.PostgresEnv, postgres.Shared(t).Keywords())
	scriptsPass(t)
}

func scriptsPass(t *testing.T) {
	target := target(t, servertest.New(t))
	names, err := fs.Glob(scripts.Scripts, "*.txt")
	if err != nil || len(names) < 9 {
		t.Fatalf("scripts: %q, %v", names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(scripts.Scripts, name)
		if err != nil {
			t.Fatal(err)
		}
		run(t, target, name, string(text))
	}
}

// Scripts may be run again on the same server: whatever they make is new each
// time, or gone at the end.
func TestScriptsRunAgain(t *testing.T) {
	target := target(t, servertest.New(t))
	for _, name := range []string{"admin.txt", "agentevents.txt", "agentmessages.txt", "integrations.txt", "management.txt", "revoke.txt"} {
		text, err := fs.ReadFile(scripts.Scripts, name)
		if err != nil {
			t.Fatal(err)
		}
		run(t, target, name, string(text))
		run(t, target, name, string(text))
	}
}

// An access token ends after an hour. No script can wait so long, and none turns
// the clock of somebody's server.
func TestExpiredAccessToken(t *testing.T) {
	s := servertest.New(t)
	target := target(t, s)
	if _, err := s.Admin.AdvanceClock(s.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	run(t, target, "expired", `=== An access token that has ended
# facts §4.3.
GET /v1/phones/${PHONE}/capabilities?agentId=${AGENT} HTTP/1.1
Host: ${HOST}
Authorization: Bearer ${TOKEN}

>>> 401
WWW-Authenticate: Bearer realm="https://accounts.google.com/", error="invalid_token"

{
  "error": {
    "code": 401,
    "message": "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    "status": "UNAUTHENTICATED",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_EXPIRED",
        "domain": "googleapis.com",
        "metadata": {
          "service": "rcsbusinessmessaging.googleapis.com",
          "method": "google.communications.rcsbusinessmessaging.v1.RcsBusinessMessagingService.GetCapabilities"
        }
      }
    ]
  }
}
`)
	target.Vars["TOKEN"] = token(t, s)
	run(t, target, "renewed", `=== A new token
GET /v1/phones/${PHONE}/capabilities?agentId=${AGENT} HTTP/1.1
Host: ${HOST}
Authorization: Bearer ${TOKEN}

>>> 200

{"features": "<any>", "carrier?": "<any>"}
`)
}
