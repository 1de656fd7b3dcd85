package security

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/conformance"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	scripts "github.com/openrbm/openrbm/test/conformance"
	"github.com/openrbm/openrbm/test/process"
)

// secrets are what must not be in a log, by what they are.
type secrets struct {
	mu  sync.Mutex
	all map[string]string
}

func (s *secrets) add(what, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(secret) >= 4 {
		s.all[secret] = what
	}
}

// A server that logs all it can, to which everything is said that can be said,
// writes no secret and nobody's number into its log.
func TestTheLogKeepsSecrets(t *testing.T) {
	d := process.StartDemo(t, t.TempDir(), "--debug")
	known := &secrets{all: map[string]string{}}
	sayEverything(t, d, known)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := d.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	log := d.Log()
	for _, must := range []string{"msg=accepted", "phone online", "webhook called", "hello refused", "not fetched", "frame refused"} {
		if !strings.Contains(log, must) {
			t.Errorf("%q is not in the log: the test says too little", must)
		}
	}
	for line := range strings.Lines(log) {
		for secret, what := range known.all {
			if strings.Contains(line, secret) {
				t.Errorf("%s in: %s", what, line)
			}
		}
		if shape := secretShape.FindString(line); shape != "" {
			t.Errorf("%q in: %s", shape, line)
		}
	}
}

// secretShape is what tokens, keys and numbers look like, whoever's they are.
var secretShape = regexp.MustCompile(`orbm1\.|eyJ[\w-]{8,}\.|(?i:bearer )|PRIVATE KEY|(\+|%2B)[1-9][0-9]{6,14}|access_token=|X-Goog-Signature=`)

// sayEverything calls every route by the conformance scripts, and makes every kind
// of mistake with a secret.
func sayEverything(t *testing.T, d *process.Demo, known *secrets) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	agent, number, device := d.Ready.Agents[0].AgentID, d.Ready.Phones[0].PhoneNumber, d.Ready.Phones[0].DeviceToken
	admin, api := d.Admin(), d.Client()
	token, err := api.AccessToken(ctx)
	must(t, err)
	key, err := os.ReadFile(d.Ready.Agents[0].KeyFile)
	must(t, err)
	partner, err := admin.CreatePartnerKey(ctx)
	must(t, err)
	const clientToken = "the-client-token-of-a-webhook"
	for what, secret := range map[string]string{
		"the admin token": d.Ready.AdminToken, "a device token": device, "an access token": token, "a client token": clientToken,
		"a number": strings.TrimPrefix(number, "+"),
	} {
		known.add(what, secret)
	}
	for _, file := range []string{string(key), string(partner)} {
		for _, line := range strings.Split(file, `\n`)[1:] {
			known.add("a private key", line)
		}
	}

	verified := &client.Webhook{ClientToken: clientToken, Handle: func(context.Context, client.Event) error { return nil }}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known.add("a signature", r.Header.Get("X-Goog-Signature"))
		if strings.HasPrefix(r.URL.Path, "/broken") {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("no: " + clientToken + " " + number))
			return
		}
		verified.ServeHTTP(w, r)
	}))
	defer hook.Close()
	target := &conformance.Target{URL: d.Ready.APIURL, Key: key, PartnerKey: partner, Vars: map[string]string{
		"TOKEN": token, "AGENT": agent, "PHONE": number, "ADMIN": d.Ready.AdminToken, "WEBHOOK": hook.URL, "WHTOKEN": clientToken}}
	names, err := fs.Glob(scripts.Scripts, "*.txt")
	must(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(scripts.Scripts, name)
		must(t, err)
		script, err := conformance.Parse(name, string(text))
		must(t, err)
		for range target.Run(ctx, script) { // whether they are right, other tests say
		}
	}
	sayMistakes(ctx, t, d, known, hook.URL, clientToken)
}

func sayMistakes(ctx context.Context, t *testing.T, d *process.Demo, known *secrets, hook, clientToken string) {
	agent, number, device := d.Ready.Agents[0].AgentID, d.Ready.Phones[0].PhoneNumber, d.Ready.Phones[0].DeviceToken
	_, err := d.Admin().SetWebhook(ctx, agent, client.WebhookConfig{URI: hook + "/broken?key=" + clientToken, ClientToken: clientToken, SkipVerification: true})
	must(t, err)
	p, err := phone.Dial(ctx, phone.Options{URL: d.Ready.DeviceURL, Number: number, Token: device})
	must(t, err)
	defer p.Close()
	id := client.NewMessageID()
	_, err = d.Client().CreateAgentMessage(ctx, number, id, &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "call me at +12223337777"}})
	must(t, err)
	_, err = p.WaitMessage(ctx, func(*phone.Message) bool { return true })
	must(t, err)
	_, err = p.Text(ctx, agent, "my number is +12223337777")
	must(t, err)
	if _, err := p.Text(ctx, "nobody_at_all", "hello"); err == nil {
		t.Error("there is no such agent")
	}
	await(t, func() bool { w, err := d.Admin().Webhook(ctx, agent); return err == nil && w.Failing })

	const guess = "a-token-that-was-guessed"
	known.add("a wrong device token", guess)
	hello(t, d.Ready.DeviceURL, number, guess)
	hello(t, d.Ready.DeviceURL, "+12223336666", guess)
	_, _ = d.Client().CreateFile(ctx, hook+"/picture.png?X-Goog-Signature="+guess, "") // refused
	_, _ = d.Client().CreateFile(ctx, "http://nowhere.invalid/picture.png?access_token="+guess, "")
	for _, path := range []string{"/v1/phones/" + number + "/capabilities?agentId=x", "/admin/v1/status", "/v1/brands", "/admin/v1/phones/%2B12223336666"} {
		for _, authorization := range []string{"Bearer " + guess, "Basic " + guess, guess, "Bearer " + d.Ready.AdminToken} {
			req, err := http.NewRequestWithContext(ctx, "GET", d.Ready.APIURL+path, nil)
			must(t, err)
			req.Header.Set("Authorization", authorization)
			resp, err := http.DefaultClient.Do(req)
			must(t, err)
			resp.Body.Close()
		}
	}
	_, err = d.Admin().CreatePhone(ctx, client.Phone{PhoneNumber: "12223336666"})
	if err == nil {
		t.Error("that is no number")
	}
}
