package cluster_test

import (
	"context"
	"io/fs"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/conformance"
	scripts "github.com/openrbm/openrbm/test/conformance"
)

// The conformance scripts pass when each request goes to the next of three nodes.
func TestConformanceInTurns(t *testing.T) {
	c := start(t, 3)
	key, err := os.ReadFile(c.Ready.Agents[0].KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	partner, err := c.Admin.CreatePartnerKey(c.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.Client().AccessToken(c.Context())
	if err != nil {
		t.Fatal(err)
	}
	const secret = "secret token"
	webhook := httptest.NewServer(&client.Webhook{ClientToken: secret, Handle: func(context.Context, client.Event) error { return nil }})
	t.Cleanup(webhook.Close)
	target := &conformance.Target{URL: c.Ready.APIURL, Key: key, PartnerKey: partner, Vars: map[string]string{
		"TOKEN": token, "AGENT": c.Agent(), "PHONE": c.Number(), "ADMIN": c.Ready.AdminToken, "WEBHOOK": webhook.URL, "WHTOKEN": secret}}
	names, err := fs.Glob(scripts.Scripts, "*.txt")
	if err != nil || len(names) < 9 {
		t.Fatalf("scripts: %q, %v", names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(scripts.Scripts, name)
		if err != nil {
			t.Fatal(err)
		}
		script, err := conformance.Parse(name, string(text))
		if err != nil {
			t.Fatal(err)
		}
		for r := range target.Run(t.Context(), script) {
			if len(r.Wrong) > 0 {
				t.Errorf("%s:%d: %s:\n%s", name, r.Step.Line, r.Step.Title, strings.Join(r.Wrong, "\n"))
			}
		}
	}
}
