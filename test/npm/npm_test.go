// Package npm tests that Google's Node libraries, unmodified, work with OpenRBM:
// interop.mjs is the agent, this test holds the server and the phones.
package npm

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// libraries are the packages of package.json whose client is tested.
var libraries = []string{"googleapis-common", "googleapis-common-7"}

// run runs a command in this directory and returns what it printed.
func run(t *testing.T, env []string, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is not on this machine: this test needs Node 18 or newer with npm", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.Bytes()
}

// install makes node_modules what package-lock.json says, once: npm leaves a copy
// of the lock behind, and what is in npm's cache is not fetched again.
func install(t *testing.T) {
	t.Helper()
	want, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	const installed = "node_modules/.openrbm-installed"
	if got, err := os.ReadFile(installed); err == nil && bytes.Equal(got, want) {
		return
	}
	run(t, nil, "npm", "ci", "--prefer-offline", "--ignore-scripts")
	if err := os.WriteFile(installed, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// outcome is what one call of interop.mjs answered: an answer or a failure.
type outcome struct {
	MessageID string          `json:"messageId"`
	Status    int             `json:"status"`
	Code      any             `json:"code"`
	Message   string          `json:"message"`
	Encoding  string          `json:"encoding"`
	Data      json.RawMessage `json:"data"`
}

type outcomes struct {
	TokenPaths                               []string
	Text, RichCard, Masked, File             outcome
	Typing, Capabilities, BatchGet           outcome
	Unreachable, Invalid, BadFields          outcome
	Multipart, Simple, Revoked, RevokedTwice outcome
}

func TestGoogleLibraries(t *testing.T) {
	install(t)
	for _, library := range libraries {
		t.Run(library, func(t *testing.T) { interop(t, library) })
		t.Run(library+"/management", func(t *testing.T) { manage(t, library) })
	}
}

const offline = "+15551230002"

func interop(t *testing.T, library string) {
	s := servertest.New(t)
	s.NewPhone(offline)
	p := s.Dial()
	out := run(t, []string{
		"BASE_URL=" + s.Ready.APIURL, "KEY_FILE=" + s.Ready.Agents[0].KeyFile,
		"AGENT=" + s.Agent(), "PHONE=" + s.Number(), "OFFLINE_PHONE=" + offline,
	}, "node", "interop.mjs", library)
	var got outcomes
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkToken(t, got.TokenPaths)
	checkAnswers(t, s, &got)
	checkFailures(t, &got)
	checkPhone(t, s, p, &got)
}

// The token came from the address that the library has in it, once.
func checkToken(t *testing.T, paths []string) {
	t.Helper()
	if len(paths) != 1 || paths[0] != "/oauth2/v4/token" && paths[0] != "/token" {
		t.Errorf("the tokens were asked for at %q", paths)
	}
}

func checkAnswers(t *testing.T, s *servertest.Server, got *outcomes) {
	t.Helper()
	for name, c := range map[string]struct {
		outcome
		has []string
	}{
		"text":         {got.Text, []string{`"name":"phones/` + s.Number() + `/agentMessages/` + got.Text.MessageID + `"`, `"text":"Parcel ready"`, `"expireTime":`, `"TRANSACTION"`}},
		"richCard":     {got.RichCard, []string{`"cardOrientation":"VERTICAL"`, `"url":"https://example.com/route"`}},
		"typing":       {got.Typing, []string{`"eventType":"IS_TYPING"`, `"name":"phones/` + s.Number() + `/agentEvents/`}},
		"capabilities": {got.Capabilities, []string{`"RICHCARD_STANDALONE"`, `"ACTION_DIAL"`}},
		"batchGet":     {got.BatchGet, []string{`"reachableUsers":["` + s.Number() + `"]`}},
		"multipart":    {got.Multipart, []string{`{"name":"files/`}},
		"simple":       {got.Simple, []string{`{"name":"files/`}},
		"file":         {got.File, []string{`"uploadedRbmFile"`}},
	} {
		if c.Status != 200 {
			t.Errorf("%s: status %d", name, c.Status)
		}
		for _, part := range c.has {
			if !strings.Contains(string(c.Data), part) {
				t.Errorf("%s: the answer has no %s: %s", name, part, c.Data)
			}
		}
	}
	if want := `{"name":"phones/` + s.Number() + `/agentMessages/` + got.Masked.MessageID + `"}`; string(got.Masked.Data) != want {
		t.Errorf("fields=name left %s", got.Masked.Data)
	}
	if got.RichCard.Encoding != "gzip" || got.Text.Encoding != "gzip" {
		t.Errorf("the answers were not packed: %q, %q", got.Text.Encoding, got.RichCard.Encoding)
	}
	if got.Revoked.Status != 200 || string(got.Revoked.Data) != "{}" {
		t.Errorf("revoking: %d %s", got.Revoked.Status, got.Revoked.Data)
	}
}

func checkFailures(t *testing.T, got *outcomes) {
	t.Helper()
	for name, c := range map[string]struct {
		outcome
		status  int
		message string
	}{
		"unreachable":  {got.Unreachable, 404, "Requested entity was not found."},
		"revokedTwice": {got.RevokedTwice, 404, "Requested entity was not found."},
		"invalid":      {got.Invalid, 400, `Invalid JSON payload received. Unknown name "bogus" at 'agent_message.content_message': Cannot find field.`},
		"badFields":    {got.BadFields, 400, "Error expanding 'fields' parameter. Cannot find matching fields for path 'bogus'."},
	} {
		if c.Code != float64(c.status) || c.Status != c.status || c.Message != c.message {
			t.Errorf("%s: code %v, status %d, message %q", name, c.Code, c.Status, c.Message)
		}
	}
}

// checkPhone looks at what the user sees.
func checkPhone(t *testing.T, s *servertest.Server, p *phone.Phone, got *outcomes) {
	t.Helper()
	see := func(id string) *phone.Message {
		m, err := p.WaitMessage(s.Context(), func(m *phone.Message) bool { return m.MessageID == id })
		if err != nil {
			t.Fatalf("message %s: %v", id, err)
		}
		return m
	}
	if m := see(got.Text.MessageID); m.Content.ContentMessage.Text != "Parcel ready" || m.Content.ContentMessage.Suggestions[0].Text() != "OK" {
		t.Errorf("the text is %+v", m.Content)
	}
	if _, err := p.Wait(s.Context(), func(e phone.Event) bool {
		typing, ok := e.(phone.AgentEvent)
		return ok && typing.Event.EventType == rbm.AgentEventIsTyping
	}); err != nil {
		t.Errorf("the agent was not seen typing: %v", err)
	}
	if card := see(got.RichCard.MessageID).Content.ContentMessage.RichCard; card == nil || card.StandaloneCard.CardContent.Title != "Parcel ready" {
		t.Errorf("the card is %+v", card)
	}
	if m := see(got.File.MessageID); m.Content.ContentMessage.UploadedRbmFile == nil && m.Content.ContentMessage.ContentInfo == nil {
		t.Errorf("the file is %+v", m.Content)
	}
	status, err := s.Admin.Message(s.Context(), s.Agent(), got.Revoked.MessageID)
	if err != nil || status.State != "REVOKED" {
		t.Errorf("the revoked message is %+v, %v", status, err)
	}
}

// manage runs the partner's program.
func manage(t *testing.T, library string) {
	s := servertest.New(t)
	key, err := s.Admin.CreatePartnerKey(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "partner.json")
	if err := os.WriteFile(file, key, 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, []string{"BASE_URL=" + s.Ready.APIURL, "KEY_FILE=" + file}, "node", "manage.mjs", library)
	var got map[string]outcome
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, has := range map[string]string{
		"brand": `"displayName":"Growing Tree Bank"`, "renamed": `"displayName":"Tree Bank"`, "agent": `"hostingRegion":"EUROPE"`,
		"listed": `"displayName":"Tree Bank"`, "verification": "/verification", "launch": "/launch", "regions": "/v1/regions/", "deleted": "{}",
	} {
		if c := got[name]; c.Status != 200 || !strings.Contains(string(c.Data), has) {
			t.Errorf("%s: %d %s, want %s", name, c.Status, c.Data, has)
		}
	}
	if want := `{"displayName":"Tree Bank","rcsBusinessMessagingAgent":{"hostingRegion":"EUROPE"}}`; string(got["got"].Data) != want {
		t.Errorf("the fields are %s, want %s", got["got"].Data, want)
	}
	if c := got["missing"]; c.Code != 404.0 || c.Status != 404 {
		t.Errorf("a brand that is not there: %+v", c)
	}
}

// The lock file names versions and checksums, and no place to get them from.
func TestLockFileHasNoAddresses(t *testing.T) {
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte("://")) || bytes.Contains(lock, []byte(`"resolved"`)) {
		t.Error("package-lock.json has addresses: make it with `npm run lock`")
	}
	if !bytes.Contains(lock, []byte(`"integrity"`)) {
		t.Error("package-lock.json has no checksums")
	}
}
