package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/openrbm/openrbm/client"
)

// far stands for a server far away: it answers from a list and keeps what it was asked.
type far struct {
	url   string
	ready string // name of its ready file

	mu      sync.Mutex // owns what follows
	answers map[string]string
	asked   []string
}

func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{answers: map[string]string{"POST /token": `{"access_token":"t1","expires_in":3599}`}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	f.url = s.URL
	dir := t.TempDir()
	f.ready = filepath.Join(dir, "ready.json")
	key := filepath.Join(dir, "key.json")
	save(t, key, map[string]string{"type": "service_account", "client_email": "demo@openrbm.test", "token_uri": f.url + "/token", "private_key": privateKey()})
	save(t, f.ready, client.Ready{APIURL: f.url, AdminToken: "root",
		Agents: []client.ReadyAgent{{AgentID: "demo_agent", KeyFile: key}, {AgentID: "shop", KeyFile: "none.json"}},
		Phones: []client.ReadyPhone{{PhoneNumber: "+12223334444"}}})
	return f
}

func save(t *testing.T, name string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(name, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

var privateKey = sync.OnceValue(func() string {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
})

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	name := r.Method + " " + r.URL.Path
	if r.URL.Path != "/token" {
		f.asked = append(f.asked, strings.TrimSpace(name+" "+string(body)))
	}
	text, ok := f.answers[name]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		text = `{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}`
	} else if strings.HasPrefix(text, `{"error"`) {
		w.WriteHeader(http.StatusBadRequest)
	}
	io.WriteString(w, text)
}

// run runs a verb against the server and returns what it printed.
func (f *far) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Setenv("OPENRBM_READY_FILE", f.ready)
	var out bytes.Buffer
	err := runVerb(t, t.Context(), &out, args...)
	return out.String(), err
}

func runVerb(t *testing.T, ctx context.Context, out io.Writer, args ...string) error {
	t.Helper()
	p, err := kong.New(&remoteVerbs{}, kong.Name("openrbm"), kong.Exit(func(int) { t.Errorf("%q ended the program", args) }))
	if err != nil {
		t.Fatal(err)
	}
	k, err := p.Parse(args)
	if err != nil {
		return err
	}
	k.BindTo(ctx, (*context.Context)(nil))
	k.BindTo(out, (*io.Writer)(nil))
	return k.Run()
}

// One row for each verb of the admin API: what it asks, and what it prints.
func TestAdminVerbs(t *testing.T) {
	agent := `{"agentId":"shop","displayName":"Shop \u001b[2J","launched":true,"createTime":"2026-11-20T10:00:00Z"}`
	shop := "agent:     shop\nname:      Shop \ufffd[2J\nlaunched:  yes\ncreated:   2026-11-20T10:00:00.000Z\n"
	hook := `{"uri":"https://a.test","verified":true,"pending":3,"failing":true,"lastStatus":500,"lastError":"no"}`
	hookText := "uri:          https://a.test\nverified:     yes\npending:      3\nfailing:      yes\nlast status:  500\nlast error:   no\n"
	phone := `{"phoneNumber":"+12","rcsEnabled":true,"features":["ACTION_DIAL","PDF_IN_RICH_CARDS"],"deviceToken":"d"}`
	phoneText := "phone:         +12\ndevice token:  d\nRCS:           yes\nonline:        no\nqueued:        0\nfeatures:      ACTION_DIAL, PDF_IN_RICH_CARDS\n"
	for _, tc := range []struct{ verb, asked, answer, printed string }{
		{"status", "GET /admin/v1/status", `{"version":"1","agents":2,"phones":3,"online":1,"store":"pebble"}`,
			"version:  1\nagents:   2\nphones:   3\nonline:   1\nstore:    pebble\n"},
		{"message get shop m1", "GET /admin/v1/agents/shop/messages/m1", `{"agentId":"shop","messageId":"m1","state":"QUEUED","message":{"name":"n"}}`,
			"agent:  shop\nid:     m1\nstate:  QUEUED\n{\n  \"name\": \"n\"\n}\n"},
		{"agent list", "GET /admin/v1/agents", `{"agents":[` + agent + `]}`,
			"AGENT  NAME       BRAND  USE CASE  LAUNCHED  CREATED\nshop   Shop \ufffd[2J                   yes       2026-11-20T10:00:00.000Z\n"},
		{"agent create shop --display-name=Shop --use-case=OTP --launched", `POST /admin/v1/agents {"agentId":"shop","displayName":"Shop","agentUseCase":"OTP","launched":true}`, agent, shop},
		{"agent get shop", "GET /admin/v1/agents/shop", agent, shop},
		{"agent update shop --description= --logo-uri=https://l.test", `PATCH /admin/v1/agents/shop {"description":"","logoUri":"https://l.test"}`, agent, shop},
		{"agent delete shop", "DELETE /admin/v1/agents/shop", "{}", "deleted shop\n"},
		{"agent launch shop", "POST /admin/v1/agents/shop:launch {}", agent, shop},
		{"agent unlaunch shop", "POST /admin/v1/agents/shop:unlaunch {}", agent, shop},
		{"key list shop", "GET /admin/v1/agents/shop/keys", `{"keys":[{"keyId":"k","clientEmail":"e","createTime":"2026-11-20T10:00:00Z"}]}`,
			"KEY  CLIENT EMAIL  CREATED\nk    e             2026-11-20T10:00:00.000Z\n"},
		{"key delete shop k", "DELETE /admin/v1/agents/shop/keys/k", "{}", "deleted k\n"},
		{"webhook set shop https://a.test --client-token=s --skip-verification", `PUT /admin/v1/agents/shop/webhook {"uri":"https://a.test","clientToken":"s","skipVerification":true}`, hook, hookText},
		{"webhook get shop", "GET /admin/v1/agents/shop/webhook", hook, hookText},
		{"webhook delete shop", "DELETE /admin/v1/agents/shop/webhook", "{}", "deleted the webhook of shop\n"},
		{"webhook retry shop", "POST /admin/v1/agents/shop/webhook:retry {}", "{}", "every waiting event of shop is due now\n"},
		{"tester list shop", "GET /admin/v1/agents/shop/testers", `{"testers":[{"phoneNumber":"+12","agentId":"shop","inviteStatus":"PENDING"}]}`,
			"PHONE  AGENT  INVITATION\n+12    shop   PENDING\n"},
		{"tester create shop +12", `POST /admin/v1/agents/shop/testers {"phoneNumber":"+12"}`, `{"phoneNumber":"+12","agentId":"shop","inviteStatus":"ACCEPTED"}`,
			"PHONE  AGENT  INVITATION\n+12    shop   ACCEPTED\n"},
		{"tester delete shop +12", "DELETE /admin/v1/agents/shop/testers/+12", "{}", "deleted +12\n"},
		{"phones list", "GET /admin/v1/phones", `{"phones":[{"phoneNumber":"+12","rcsEnabled":true,"queued":7}]}`,
			"PHONE  RCS  ONLINE  QUEUED  CARRIER  LAST SEEN\n+12    yes  no      7\n"},
		{"phones create +12 --features=ACTION_DIAL,PDF_IN_RICH_CARDS", `POST /admin/v1/phones {"phoneNumber":"+12","rcsEnabled":true,"features":["ACTION_DIAL","PDF_IN_RICH_CARDS"]}`, phone, phoneText},
		{"phones create +12 --no-rcs --carrier=one", `POST /admin/v1/phones {"phoneNumber":"+12","rcsEnabled":false,"carrier":"one"}`, phone, phoneText},
		{"phones get +12", "GET /admin/v1/phones/+12", phone, phoneText},
		{"phones update +12 --no-rcs", `PATCH /admin/v1/phones/+12 {"rcsEnabled":false}`, phone, phoneText},
		{"phones update +12 --rcs --carrier=", `PATCH /admin/v1/phones/+12 {"rcsEnabled":true,"carrier":""}`, phone, phoneText},
		{"phones update +12 --features=ACTION_DIAL", `PATCH /admin/v1/phones/+12 {"features":["ACTION_DIAL"]}`, phone, phoneText},
		{"phones delete +12", "DELETE /admin/v1/phones/+12", "{}", "deleted +12\n"},
		{"phones token +12", "POST /admin/v1/phones/+12:issueToken {}", phone, "d\n"},
		{"clock get", "GET /admin/v1/clock", `{"now":"2026-11-20T10:00:00Z","offset":"0s"}`, "now:       2026-11-20T10:00:00.000Z\nahead by:  0s\n"},
		{"clock advance 1h30m", `POST /admin/v1/clock:advance {"by":"5400s"}`, `{"now":"2026-11-20T11:30:00Z","offset":"5400s"}`,
			"now:       2026-11-20T11:30:00.000Z\nahead by:  5400s\n"},
	} {
		t.Run(tc.verb, func(t *testing.T) {
			f := newFar(t)
			request, _, _ := strings.Cut(tc.asked, " {")
			f.answers[request] = tc.answer
			printed, err := f.run(t, strings.Fields(tc.verb)...)
			if err != nil || printed != tc.printed {
				t.Errorf("printed\n%s, error %v, want\n%s", printed, err, tc.printed)
			}
			if len(f.asked) != 1 || f.asked[0] != tc.asked {
				t.Errorf("asked %q, want %q", f.asked, tc.asked)
			}
		})
	}
}

func TestJSONForm(t *testing.T) {
	f := newFar(t)
	f.answers["GET /admin/v1/phones"] = `{"phones":[{"phoneNumber":"+12","rcsEnabled":true,"carrier":"a&b"}]}`
	printed, err := f.run(t, "phones", "list", "--json")
	want := "[\n  {\n    \"phoneNumber\": \"+12\",\n    \"rcsEnabled\": true,\n    \"carrier\": \"a&b\"\n  }\n]\n"
	if err != nil || printed != want {
		t.Errorf("printed %s, error %v", printed, err)
	}
	f.answers["GET /admin/v1/agents"] = `{}`
	if printed, err := f.run(t, "agent", "list", "--json"); err != nil || printed != "[]\n" {
		t.Errorf("printed %q for no agents, error %v", printed, err)
	}
	f.answers["GET /admin/v1/agents/shop/messages/m1"] = `{"messageId":"m1","message":{"name":"n"}}`
	printed, err = f.run(t, "message", "get", "shop", "m1", "--json")
	if m := (client.Message{}); err != nil || json.Unmarshal([]byte(printed), &m) != nil || m.MessageID != "m1" {
		t.Errorf("printed %s, error %v, want one JSON value", printed, err)
	}
}

func TestWhichServer(t *testing.T) {
	t.Setenv("OPENRBM_READY_FILE", "")
	if err := runVerb(t, t.Context(), io.Discard, "status"); err == nil || !strings.Contains(err.Error(), "--ready-file") {
		t.Errorf("no server named: %v", err)
	}
	f := newFar(t)
	f.answers["GET /admin/v1/status"] = `{"version":"1"}`
	if err := runVerb(t, t.Context(), io.Discard, "status", "--url", f.url, "--token", "x"); err != nil {
		t.Error(err)
	}
	if _, err := f.run(t, "agent", "get", "nobody"); err == nil || err.Error() != "NOT_FOUND: Requested entity was not found." {
		t.Errorf("error %v", err)
	}
}

func TestKeyCreate(t *testing.T) {
	f := newFar(t)
	name := filepath.Join(t.TempDir(), "shop.json")
	if _, err := f.run(t, "key", "create", "shop", "-o", name); err == nil {
		t.Error("made a key for nobody")
	}
	if _, err := os.Stat(name); !os.IsNotExist(err) {
		t.Errorf("left a file behind: %v", err)
	}
	f.answers["POST /admin/v1/agents/shop/keys"] = `{"type":"service_account"}`
	if printed, err := f.run(t, "key", "create", "shop", "-o", name); err != nil || printed != "wrote "+name+"\n" {
		t.Errorf("printed %q, error %v", printed, err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, error %v", info, err)
	}
	asked := len(f.asked)
	if _, err := f.run(t, "key", "create", "shop", "-o", name); err == nil || len(f.asked) != asked {
		t.Errorf("second time: error %v, asked %q", err, f.asked[asked:])
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != "{\n  \"type\": \"service_account\"\n}\n" {
		t.Errorf("file %s, error %v", b, err)
	}
}

func TestSend(t *testing.T) {
	f := newFar(t)
	file := filepath.Join(t.TempDir(), "hi.json")
	if err := os.WriteFile(file, []byte(`{'contentMessage':{'text':'Hi'}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	const path = "POST /v1/phones/+12223334444/agentMessages"
	f.answers[path] = `{"name":"n"}`
	printed, err := f.run(t, "send", file, "--id", "m1")
	if err != nil || printed != "{\n  \"name\": \"n\"\n}\n" || f.asked[0] != path+" {'contentMessage':{'text':'Hi'}}" {
		t.Errorf("printed %s, error %v, asked %q", printed, err, f.asked)
	}
	f.answers[path] = `{"error":{"code":400,"message":"one\ntwo","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest",
		"fieldViolations":[{"field":"a.b","description":"one"},{"field":"a.c","description":"two"}]}]}}`
	if printed, err = f.run(t, "send", file); printed != "" || err == nil || err.Error() != "INVALID_ARGUMENT\n  a.b: one\n  a.c: two" {
		t.Errorf("printed %q, error %v", printed, err)
	}
	for _, args := range [][]string{
		{"send", file + ".none"},
		{"send", file, "--agent", "shop"}, // its key file is not there
		{"send", file, "--agent", "nobody"},
		{"send", file, "--to", "+1999"}, // not known to the server
	} {
		if _, err := f.run(t, args...); err == nil {
			t.Errorf("%q: no error", args[2:])
		}
	}
}

func TestSendFromStandardInput(t *testing.T) {
	f := newFar(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = r
	t.Cleanup(func() { os.Stdin = stdin; r.Close() })
	io.WriteString(w, `{"contentMessage":{"text":"Hi"}}`)
	w.Close()
	f.answers["POST /v1/phones/+1777/agentMessages"] = `{}`
	if _, err := f.run(t, "send", "-", "--to", "+1777"); err != nil || f.asked[0] != `POST /v1/phones/+1777/agentMessages {"contentMessage":{"text":"Hi"}}` {
		t.Errorf("error %v, asked %q", err, f.asked)
	}
}

func TestWebhookListen(t *testing.T) {
	f := newFar(t)
	f.answers["PUT /admin/v1/agents/demo_agent/webhook"] = `{}`
	for name, tc := range map[string]struct {
		json bool
		want string // after the time of day
	}{
		"text": {false, `+12223334444 message m1: "Hi\u009b"`},
		"json": {true, `{"senderPhoneNumber":"+12223334444","messageId":"m1","text":"Hi\u009b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out, outEnd := io.Pipe()
			notes, notesEnd := io.Pipe()
			c := webhookListenCmd{Addr: "127.0.0.1:0", Register: true}
			c.ReadyFile, c.JSON = f.ready, tc.json
			ended := make(chan error, 1)
			go func() { ended <- c.run(ctx, outEnd, notesEnd) }()
			note, err := bufio.NewReader(notes).ReadString('\n')
			if err != nil || !strings.HasSuffix(note, " for the events of demo_agent\n") {
				t.Fatalf("note %q, error %v", note, err)
			}
			var set client.WebhookConfig
			f.mu.Lock()
			last := f.asked[len(f.asked)-1]
			f.mu.Unlock()
			if err := json.Unmarshal([]byte(last[strings.Index(last, "{"):]), &set); err != nil || set.ClientToken == "" {
				t.Fatalf("registered %s, error %v", last, err)
			}
			answered := make(chan int, 1)
			go func() {
				answered <- deliver(t, set, `{"senderPhoneNumber":"+12223334444", "messageId":"m1", "text":"Hi\u009b"}`)
			}()
			line, err := bufio.NewReader(out).ReadString('\n')
			if line = strings.TrimSuffix(line, "\n"); !tc.json && len(line) > 13 {
				line = line[13:]
			}
			if status := <-answered; err != nil || line != tc.want || status != 200 {
				t.Errorf("line %q, error %v, answered %d, want %q", line, err, status, tc.want)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// deliver posts an event as the platform does and returns the status of the answer.
func deliver(t *testing.T, w client.WebhookConfig, data string) int {
	body := fmt.Sprintf(`{"message":{"data":%q}}`, base64.StdEncoding.EncodeToString([]byte(data)))
	r, err := http.NewRequest(http.MethodPost, w.URI, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	r.Header.Set(client.HeaderSignature, client.SignWebhook(w.ClientToken, []byte(data)))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func TestDescribe(t *testing.T) {
	for data, want := range map[string]string{
		`{"senderPhoneNumber":"+12","messageId":"m","suggestionResponse":{"text":"OK","postbackData":"ok"}}`:                                                     `+12 message m: tapped "OK", postback "ok"`,
		`{"senderPhoneNumber":"+12","messageId":"m","location":{"latitude":37.5,"longitude":-122}}`:                                                              `+12 message m: location 37.5, -122`,
		`{"senderPhoneNumber":"+12","messageId":"m","userFile":{"payload":{"fileName":"a.gif","mimeType":"image/gif","fileSizeBytes":5,"fileUri":"https://x"}}}`: `+12 message m: file "a.gif", image/gif, 5 bytes, https://x`,
		`{"senderPhoneNumber":"+12","eventType":"READ","messageId":"a","eventId":"e"}`:                                                                           `+12 READ a`,
		`{"senderPhoneNumber":"+12","eventType":"IS_TYPING","eventId":"e"}`:                                                                                      `+12 IS_TYPING`,
		`{"phoneNumber":"+12","eventType":"TTL_EXPIRATION_REVOKED","messageId":"a","eventId":"e"}`:                                                               `+12 TTL_EXPIRATION_REVOKED a`,
		`{"newLaunchState":"LAUNCHED"}`: `other: {"newLaunchState":"LAUNCHED"}`,
	} {
		e, err := client.ParseEvent([]byte(data))
		if got := describe(e); err != nil || got != want {
			t.Errorf("%s: %q, error %v, want %q", data, got, err, want)
		}
	}
}
