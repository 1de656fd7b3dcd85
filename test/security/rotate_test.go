package security

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/test/process"
)

// Every secret can be replaced from the command line while the server works, and
// the old one is worthless at once or after its grace.
func TestSecretsRotate(t *testing.T) {
	d := process.StartDemo(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	admin := func(token string) *client.Admin {
		a, err := client.NewAdmin(client.AdminOptions{BaseURL: d.Ready.APIURL, Token: token})
		must(t, err)
		return a
	}
	works := func(token string) bool {
		_, err := admin(token).Status(ctx)
		return err == nil
	}
	run := func(token string, args ...string) string {
		t.Helper()
		cmd := process.Command(t, append(args, "--url", d.Ready.APIURL)...)
		cmd.Env, cmd.Dir = append(os.Environ(), "OPENRBM_ADMIN_TOKEN="+token), d.Dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}

	first := d.Ready.AdminToken
	second := run(first, "rotate", "admin-token", "--grace", "1h")
	if !works(first) || !works(second) || first == second {
		t.Error("within the grace period")
	}
	third := run(second, "rotate", "admin-token")
	if works(first) || works(second) || !works(third) {
		t.Error("without grace")
	}

	// An agent's client gets a new token by itself.
	api := d.Client()
	old, err := api.AccessToken(ctx)
	must(t, err)
	run(third, "rotate", "token-secret")
	if _, err := api.Capabilities(ctx, d.Ready.Phones[0].PhoneNumber); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
	if now, err := api.AccessToken(ctx); err != nil || now == old {
		t.Errorf("no new token: %v", err)
	}

	// A key: the new one is made, put in use, and then the old one goes.
	agent := d.Ready.Agents[0].AgentID
	run(third, "key", "create", agent, "-o", "new-key.json")
	file := filepath.Join(d.Dir, "new-key.json")
	b, err := os.ReadFile(file)
	must(t, err)
	var key struct {
		ID string `json:"private_key_id"`
	}
	must(t, json.Unmarshal(b, &key))
	if out := run(third, "rotate", "keys", agent, "--keep", key.ID); !strings.HasPrefix(out, "deleted ") {
		t.Error(out)
	}
	if _, err := api.Capabilities(ctx, d.Ready.Phones[0].PhoneNumber); err == nil {
		t.Error("the old key is good")
	}
	fresh, err := client.New(client.Options{BaseURL: d.Ready.APIURL, KeyFile: file, AgentID: agent})
	must(t, err)
	if _, err := fresh.Capabilities(ctx, d.Ready.Phones[0].PhoneNumber); err != nil {
		t.Errorf("the new key: %v", err)
	}
	if err := admin(third).RotateTokenSecret(ctx, 2*time.Hour); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
		t.Errorf("two hours of grace: %v", err)
	}
}
