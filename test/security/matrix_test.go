package security

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/internal/httpapi"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// callers are the columns of access.txt, in order: what each sends as bearer.
var callers = []string{
	"none", "garbage", "expired", "revoked", "deleted", "audience", "forged", "messaging", "management", "tenant", "own", "partner", "admin", "phone", "phone2",
}

// matrixWorld is a server with everybody who may call it.
type matrixWorld struct {
	*servertest.Server
	t      *testing.T
	bearer map[string]string
	signed map[string]string // what each sends to the token endpoint
	upload string            // the id of an upload that has begun
	file   string            // the path of a file
}

func newMatrixWorld(t *testing.T) *matrixWorld {
	w := &matrixWorld{Server: servertest.New(t), t: t, bearer: map[string]string{}, signed: map[string]string{}}
	const both = auth.ScopeMessaging + " " + auth.ScopeManagement
	dir := t.TempDir()
	key := func(make func(context.Context) ([]byte, error)) string {
		b, err := make(w.Context())
		must(t, err)
		f, err := os.CreateTemp(dir, "key")
		must(t, err)
		defer f.Close()
		_, err = f.Write(b)
		must(t, err)
		return f.Name()
	}
	keyFor := func(agent string) string {
		return key(func(ctx context.Context) ([]byte, error) { return w.Admin.CreateKey(ctx, agent) })
	}
	for _, id := range []string{"other_agent", "deleted_agent"} {
		_, err := w.Admin.CreateAgent(w.Context(), client.Agent{AgentID: id, DisplayName: id, Launched: true})
		must(t, err)
	}
	own := w.Ready.Agents[0].KeyFile
	w.bearer["expired"] = w.exchange(own, both)
	_, err := w.Admin.AdvanceClock(w.Context(), time.Hour)
	must(t, err)

	revoked, deleted, tenant := keyFor(w.Agent()), keyFor("deleted_agent"), keyFor("other_agent")
	w.bearer["revoked"] = w.exchange(revoked, both)
	must(t, w.Admin.DeleteKey(w.Context(), w.Agent(), keyID(t, revoked)))
	w.bearer["deleted"] = w.exchange(deleted, both)
	must(t, w.Admin.DeleteAgent(w.Context(), "deleted_agent"))

	partner := key(w.Admin.CreatePartnerKey)
	email, _, _ := keyOf(t, partner)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	forged, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": email, "sub": email, "aud": w.Ready.APIURL, "scope": both, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(stranger)
	must(t, err)

	w.bearer["garbage"] = "garbage"
	w.bearer["audience"] = assertion(t, own, func(c jwt.MapClaims) { c["aud"], c["scope"] = "https://rcs.elsewhere.example", both })
	w.bearer["forged"] = forged
	w.bearer["messaging"] = w.exchange(own, auth.ScopeMessaging)
	w.bearer["management"] = w.exchange(own, auth.ScopeManagement)
	w.bearer["tenant"] = w.exchange(tenant, both)
	w.bearer["own"] = w.exchange(own, both)
	w.bearer["partner"] = w.exchange(partner, both)
	w.bearer["admin"] = w.Ready.AdminToken
	w.bearer["phone"] = w.Ready.Phones[0].DeviceToken
	w.bearer["phone2"] = w.NewPhone("+12223335555")
	w.NewPhone("+12223336666") // whose token is issued anew
	w.signed = map[string]string{
		"garbage": "garbage", "forged": forged, "admin": w.bearer["admin"], "phone": w.bearer["phone"], "phone2": w.bearer["phone2"],
		"expired": assertion(t, own, func(c jwt.MapClaims) {
			c["iat"], c["exp"] = time.Now().Add(-2*time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
		}),
		"audience": assertion(t, own, func(c jwt.MapClaims) { c["aud"] = "https://rcs.elsewhere.example/token" }),
		"revoked":  assertion(t, revoked, nil), "deleted": assertion(t, deleted, nil), "tenant": assertion(t, tenant, nil),
		"messaging": assertion(t, own, nil), "own": assertion(t, own, nil), "partner": assertion(t, partner, nil),
		"management": assertion(t, own, func(c jwt.MapClaims) { c["scope"] = auth.ScopeManagement }),
	}
	w.begin()
	return w
}

func keyID(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	var f struct {
		ID string `json:"private_key_id"`
	}
	must(t, json.Unmarshal(b, &f))
	return f.ID
}

// exchange gets an access token with the scopes.
func (w *matrixWorld) exchange(keyFile, scopes string) string {
	w.t.Helper()
	return exchange(w.t, w.Ready.APIURL, keyFile, scopes)
}

// exchange gets an access token of the server at url.
func exchange(t testing.TB, url, keyFile, scopes string) string {
	t.Helper()
	form := "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + assertion(t, keyFile, func(c jwt.MapClaims) { c["scope"] = scopes })
	resp, err := http.Post(url+"/token", "application/x-www-form-urlencoded", strings.NewReader(form))
	must(t, err)
	defer resp.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	must(t, json.NewDecoder(resp.Body).Decode(&token))
	return token.AccessToken
}

// begin makes a message, a file and an upload that rows are about.
func (w *matrixWorld) begin() {
	w.t.Helper()
	api := w.Client()
	_, err := api.CreateAgentMessage(w.Context(), w.Number(), "the-message", &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "x"}})
	must(w.t, err)
	resp := w.do("POST", "/upload/v1/files?uploadType=resumable&agentId="+w.Agent(), "own", "{}", map[string]string{"X-Upload-Content-Type": "image/png"})
	resp.Body.Close()
	w.upload = resp.Header.Get("X-GUploader-UploadID")
	resp = w.do("POST", "/device/v1/files?fileName=a.txt", "phone", "x", map[string]string{"Content-Type": "text/plain", "X-Phone-Number": w.Number()})
	defer resp.Body.Close()
	var file struct {
		Payload struct {
			FileURI string `json:"fileUri"`
		} `json:"payload"`
	}
	must(w.t, json.NewDecoder(resp.Body).Decode(&file))
	w.file = strings.TrimPrefix(file.Payload.FileURI, w.Ready.APIURL)
	if w.upload == "" || w.file == "" {
		w.t.Fatalf("no upload %q or file %q", w.upload, w.file)
	}
}

// hook gives the agent a webhook, which is an integration too.
func (w *matrixWorld) hook() {
	w.t.Helper()
	_, err := w.Admin.SetWebhook(w.Context(), w.Agent(), client.WebhookConfig{URI: "http://127.0.0.1:1/", ClientToken: "x", SkipVerification: true})
	must(w.t, err)
}

// invite makes the phone a tester of the agent, if it is none.
func (w *matrixWorld) invite() {
	w.t.Helper()
	if _, err := w.Admin.CreateTester(w.Context(), w.Agent(), w.Number()); err != nil && rbm.CodeOf(err) != rbm.CodeAlreadyExists {
		w.t.Fatal(err)
	}
}

func (w *matrixWorld) do(method, path, caller, body string, header map[string]string) *http.Response {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.Ready.APIURL+path, strings.NewReader(body))
	must(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	if token := w.bearer[caller]; token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	must(w.t, err)
	return resp
}

// request is how a row is asked for: what the path's names stand for, and the rest
// that a good request has. Whoever passes leaves the world as it was.
type request struct {
	query, body string
	header      map[string]string
	names       map[string]string
	before      func(*matrixWorld) // makes what a caller who passes takes away
}

var names = map[string]string{
	"{phone}": "+12223334444", "{id}": "the-message", "{agent}": "demo_agent", "{brand}": "demo_brand", "{partner}": "-", "{integration}": "webhook",
	"{key}": "nothing", "{upload}": "nothing",
}

const messageBody = `{"contentMessage":{"text":"x"}}`

// requests are those of the rows that need more than {} and the names above.
var requests = map[string]request{
	"POST /v1/phones/{phone}/agentMessages":                               {query: "agentId=demo_agent&messageId=${UNIQUE}", body: messageBody},
	"DELETE /v1/phones/{phone}/agentMessages/{id}":                        {query: "agentId=demo_agent", names: map[string]string{"{id}": "never-sent"}},
	"POST /v1/phones/{phone}/agentEvents":                                 {query: "agentId=demo_agent&eventId=${UNIQUE}", body: `{"eventType":"IS_TYPING"}`},
	"GET /v1/phones/{phone}/capabilities":                                 {query: "agentId=demo_agent&requestId=${UNIQUE}"},
	"POST /v1/phones/{phone}/capability:requestCapabilityCallback":        {query: "agentId=demo_agent", body: `{"requestId":"${UNIQUE}"}`},
	"POST /v1/phones/{phone}/dialogflowMessages":                          {query: "agentId=demo_agent&messageIdPrefix=${UNIQUE}", body: `{"event":{"name":"x"}}`},
	"POST /v1/phones/{phone}/testers":                                     {query: "agentId=demo_agent"},
	"POST /v1/files":                                                      {query: "agentId=demo_agent", body: `{"fileUrl":"http://127.0.0.1:1/x.png"}`},
	"POST /upload/v1/files":                                               {query: "agentId=demo_agent&uploadType=media", body: "x", header: map[string]string{"Content-Type": "image/png"}},
	"PUT /upload/v1/files":                                                {query: "upload_id=nothing"},
	"DELETE /upload/v1/files":                                             {query: "upload_id=nothing"},
	"POST /upload/v1/files/{upload}":                                      {header: map[string]string{"X-Goog-Upload-Command": "query"}},
	"PUT /upload/v1/files/{upload}":                                       {header: map[string]string{"X-Goog-Upload-Command": "query"}},
	"POST /device/v1/files":                                               {query: "fileName=a.txt", body: "x", header: map[string]string{"Content-Type": "text/plain", "X-Phone-Number": "+12223334444"}},
	"POST /v1/users:batchGet":                                             {query: "agentId=demo_agent", body: `{"users":["+12223334444"]}`},
	"POST /v1/testers":                                                    {body: `{"agentId":"demo_agent","phoneNumber":"nonsense"}`},
	"GET /v1/testers":                                                     {query: "agentId=demo_agent"},
	"GET /v1/testers/{phone}":                                             {query: "agentId=demo_agent"},
	"DELETE /v1/testers/{phone}":                                          {query: "agentId=demo_agent", before: (*matrixWorld).invite},
	"POST /token":                                                         {header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, body: "grant_type=x"},
	"POST /oauth2/v4/token":                                               {header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, body: "grant_type=x"},
	"POST /v1/brands":                                                     {body: `{"nonsense":1}`},
	"POST /v1/brands/{brand}/agents":                                      {body: `{"nonsense":1}`},
	"POST /v1/brands/{brand}/agents/{agent}/integrations":                 {body: `{"nonsense":1}`},
	"POST /v1/brands/{brand}/agents/{agent}:requestLaunch":                {body: `{"nonsense":1}`},
	"POST /v1/brands/{brand}/agents/{agent}:requestVerification":          {body: `{"nonsense":1}`},
	"DELETE /v1/brands/{brand}/agents/{agent}":                            {names: map[string]string{"{agent}": "nothing"}},
	"DELETE /v1/brands/{brand}/agents/{agent}/integrations/{integration}": {before: (*matrixWorld).hook},
	"PATCH /v1/brands/{brand}/agents/{agent}/integrations/{integration}":  {query: "updateMask=nonsense", before: (*matrixWorld).hook},
	"GET /v1/brands/{brand}/agents/{agent}/integrations/{integration}":    {before: (*matrixWorld).hook},
	"PATCH /v1/brands/{brand}":                                            {query: "updateMask=nonsense"},
	"PATCH /v1/brands/{brand}/agents/{agent}":                             {query: "updateMask=nonsense"},
	"PATCH /v1/brands/{brand}/agents/{agent}/launch":                      {query: "updateMask=nonsense"},
	"PATCH /v1/brands/{brand}/agents/{agent}/verification":                {query: "updateMask=nonsense"},
	"PATCH /v1/partners/{partner}":                                        {query: "updateMask=nonsense"},
	"POST /admin/v1/clock:advance":                                        {body: `{"by":"0s"}`},
	"POST /admin/v1/tokenSecret:rotate":                                   {body: `{"gracePeriod":"-1s"}`},
	"POST /admin/v1/adminToken:rotate":                                    {body: `{"gracePeriod":"-1s"}`},
	"POST /admin/v1/agents":                                               {body: `{"agentId":"no agent"}`},
	"DELETE /admin/v1/agents/{agent}":                                     {names: map[string]string{"{agent}": "nothing"}},
	"POST /admin/v1/agents/{agent}:unlaunch":                              {names: map[string]string{"{agent}": "nothing"}},
	"PATCH /admin/v1/agents/{agent}/quotas":                               {body: `{"limits":{"nonsense":1}}`},
	"PUT /admin/v1/agents/{agent}/webhook":                                {body: `{"uri":"nonsense"}`},
	"POST /admin/v1/agents/{agent}/keys":                                  {names: map[string]string{"{agent}": "nothing"}},
	"POST /admin/v1/partnerKeys":                                          {body: `{"nonsense":1}`},
	"PUT /admin/v1/partner/webhook":                                       {body: `{"uri":"nonsense"}`},
	"POST /admin/v1/agents/{agent}/testers":                               {body: `{"nonsense":1}`},
	"POST /admin/v1/phones":                                               {body: `{"phoneNumber":"nonsense"}`},
	"DELETE /admin/v1/phones/{phone}":                                     {names: map[string]string{"{phone}": "+12223337777"}},
	"POST /admin/v1/phones/{phone}:issueToken":                            {names: map[string]string{"{phone}": "+12223336666"}},
}

// beside are rows for what is not in the API's tables.
var beside = []string{
	"GET /healthz", "GET /readyz", "GET /metrics", "GET /debug/pprof/", "GET /debug/pprof/cmdline", "GET /debug/pprof/symbol", "GRANT /token", "GET /device/v1/connect", "HELLO /device/v1/connect",
	"GET ${FILE}", "GET /media/nothing", "PUT ${UPLOAD}", "GET /console/nothing", "GET /nothing", "OPTIONS /v1/brands",
}

func (w *matrixWorld) status(row, caller string) string {
	w.t.Helper()
	method, path, _ := strings.Cut(row, " ")
	r := requests[row]
	if r.before != nil {
		r.before(w)
	}
	switch method {
	case "HELLO":
		return w.hello(caller)
	case "GRANT":
		method, r.header = "POST", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		r.body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + w.signed[caller]
	}
	if r.body == "" && (method == "POST" || method == "PUT" || method == "PATCH") {
		r.body = "{}"
	}
	for _, set := range []map[string]string{r.names, names} {
		for name, value := range set {
			path = strings.ReplaceAll(path, name, value)
		}
	}
	path = strings.NewReplacer("${FILE}", w.file, "${UPLOAD}", "/upload/v1/files?upload_id="+w.upload).Replace(path)
	if path == "/upload/v1/files?upload_id="+w.upload {
		r.header, r.body = map[string]string{"Content-Range": "bytes */10"}, ""
	}
	unique := strings.NewReplacer("${UNIQUE}", client.NewMessageID())
	if r.query != "" {
		path += "?" + unique.Replace(r.query)
	}
	resp := w.do(method, path, caller, unique.Replace(r.body), r.header)
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode >= 500 {
		w.t.Errorf("%s by %s: %d: %s", row, caller, resp.StatusCode, body)
	}
	return strconv.Itoa(resp.StatusCode)
}

// hello connects as the first phone with the caller's token: in, or the code of the
// error.
func (w *matrixWorld) hello(caller string) string {
	ws, _, err := websocket.DefaultDialer.DialContext(w.Context(), w.Ready.DeviceURL, nil)
	must(w.t, err)
	defer ws.Close()
	must(w.t, ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"hello","protocol":%d,"phoneNumber":"+12223334444","token":%q}`, frame.Protocol, w.bearer[caller])))
	_, answer, err := ws.ReadMessage()
	must(w.t, err)
	var f struct {
		Type string `json:"type"`
		Code int    `json:"code"`
	}
	must(w.t, json.Unmarshal(answer, &f))
	if f.Type == "welcome" {
		return "in"
	}
	return strconv.Itoa(f.Code)
}

var rewrite = flag.Bool("rewrite", false, "write what the server does into the table of access, to be read before it is committed")

// Who may call what is written in access.txt: every row of the API's tables and what
// is served beside them, by every kind of caller. A row that is missing there, or
// there and nowhere else, fails.
func TestAccess(t *testing.T) {
	w := newMatrixWorld(t)
	rows := beside
	for _, r := range httpapi.Routes() {
		rows = append(rows, r.Method+" "+r.Path)
	}
	file := filepath.Join("testdata", "access.txt")
	text, err := os.ReadFile(file)
	must(t, err)
	want := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			cells := strings.Fields(line)
			want[cells[0]+" "+cells[1]] = strings.Join(cells[2:], " ")
		}
	}
	var table bytes.Buffer
	for _, row := range rows {
		var got []string
		for _, caller := range callers {
			got = append(got, w.status(row, caller))
		}
		method, path, _ := strings.Cut(row, " ")
		line := fmt.Sprintf("%-8s%-76s %s\n", method, path, strings.Join(got, " "))
		table.WriteString(line)
		if expected, known := want[row]; !known && !*rewrite {
			t.Errorf("access.txt has no row for this one, which answers\n%s", line)
		} else if expected != strings.Join(got, " ") && !*rewrite {
			t.Errorf("access.txt says otherwise, with the columns %v\nwant %s\ngot  %s", callers, expected, line)
		}
		delete(want, row)
	}
	for row := range want {
		if !*rewrite {
			t.Errorf("access.txt has a row for %s, which is not served", row)
		}
	}
	if *rewrite {
		must(t, os.WriteFile(file+".new", table.Bytes(), 0o600))
	}
}
