package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/servertest"
)

func TestConformance(t *testing.T) {
	s := servertest.New(t)
	ready := callerFlags{serverFlags: serverFlags{ReadyFile: filepath.Join(s.Dir, "ready.json")}}
	byHand := callerFlags{serverFlags: serverFlags{URL: s.Ready.APIURL}, Key: s.Ready.Agents[0].KeyFile, Agent: s.Agent() + "@rbm.goog"}
	partner, err := s.Admin.CreatePartnerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	partnerKey := filepath.Join(t.TempDir(), "partner.json")
	if err := os.WriteFile(partnerKey, partner, 0o600); err != nil {
		t.Fatal(err)
	}
	webhook := httptest.NewServer(&client.Webhook{ClientToken: "secret token"})
	defer webhook.Close()
	own := filepath.Join(t.TempDir(), "own.txt")
	script := "=== Own\nGET /v1 HTTP/1.1\nHost: ${HOST}\n\n>>> 200\n\n{}\n"
	if err := os.WriteFile(own, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name          string
		cmd           ConformanceCmd
		printed, fail string // part of what is printed; "": no failure
	}{
		{"everything", ConformanceCmd{callerFlags: ready}, "# token.txt\nok ", ""},
		{"two scripts", ConformanceCmd{callerFlags: ready, Scripts: []string{"revoke", "agentevents.txt"}}, "# revoke.txt\nok 1 - Something to revoke\n", ""},
		{"by hand", ConformanceCmd{callerFlags: byHand, Phone: s.Number(), Scripts: []string{"admin", "capabilities"}},
			"# admin.txt did not run: it needs ADMIN\n# capabilities.txt\nok 1 - ", ""},
		{"no partner", ConformanceCmd{callerFlags: ready, Scripts: []string{"management", "integrations"}},
			"# management.txt did not run: it needs PARTNER\n# integrations.txt did not run: it needs PARTNER, WEBHOOK, WHTOKEN\n1..0\n", ""},
		{"the partner", ConformanceCmd{callerFlags: ready, PartnerKey: partnerKey, Scripts: []string{"management", "integrations"}},
			"ok 1 - Node helper: a token for the management API\nok 2 - ", ""},
		{"a webhook", ConformanceCmd{callerFlags: ready, PartnerKey: partnerKey, Webhook: webhook.URL, WebhookToken: "secret token", Scripts: []string{"integrations"}},
			"ok 4 - Node helper: create integration\n", ""},
		{"no such partner", ConformanceCmd{callerFlags: ready, PartnerKey: partnerKey + "x"}, "", "partner's key file: "},
		{"another phone", ConformanceCmd{callerFlags: ready, Phone: "+12015550100", Scripts: []string{"classification"}},
			"not ok 1 - A text of 300 bytes is two segments; the whole answer in its order (classification.txt:4)\n    status: got 404, want 200\n", "5 of 5 steps failed"},
		{"own script", ConformanceCmd{callerFlags: ready, Scripts: []string{own}}, "not ok 1 - Own (" + own + ":1)\n", "1 of 1 steps failed"},
		{"unknown script", ConformanceCmd{callerFlags: ready, Scripts: []string{"nope"}}, "", "is neither a file nor one of admin.txt, "},
		{"no key", ConformanceCmd{callerFlags: callerFlags{serverFlags: byHand.serverFlags}}, "", "which key?"},
		{"no agent", ConformanceCmd{callerFlags: callerFlags{serverFlags: byHand.serverFlags, Key: byHand.Key}}, "", "which agent?"},
		{"no phone", ConformanceCmd{callerFlags: byHand}, "", "which phone?"},
		{"no server", ConformanceCmd{callerFlags: callerFlags{Key: byHand.Key, Agent: byHand.Agent}, Phone: s.Number()}, "", "which server?"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			err := tc.cmd.Run(t.Context(), &out)
			if (err == nil) != (tc.fail == "") || err != nil && !strings.Contains(err.Error(), tc.fail) {
				t.Errorf("got %v, want %q\n%s", err, tc.fail, &out)
			}
			if !strings.Contains(out.String(), tc.printed) {
				t.Errorf("printed %s\nwithout %q", &out, tc.printed)
			}
		})
	}
}
