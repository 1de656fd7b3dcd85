package httpapi_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/servertest"
)

// wire sends raw HTTP to a server: nothing is added and nothing is unpacked.
type wire struct {
	t     *testing.T
	s     *servertest.Server
	token string
}

func newWire(t *testing.T) *wire {
	s := servertest.New(t)
	token, err := s.Client().AccessToken(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &wire{t, s, token}
}

// reply is an answer with its body as it came.
type reply struct {
	*http.Response
	body string
}

// send sends a request as text: its first line, headers as "name: value" and
// the body. The Host, the Content-Length and, if the headers have none, the
// token are added.
func (w *wire) send(first, headers, body string) reply {
	w.t.Helper()
	u, err := url.Parse(w.s.Ready.APIURL)
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if !strings.Contains(headers, "Authorization:") && !strings.Contains(first, "_token=") {
		headers += "\nAuthorization: Bearer " + w.token
	}
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n", first, u.Host, len(body))
	for line := range strings.SplitSeq(strings.TrimSpace(headers), "\n") {
		fmt.Fprintf(conn, "%s\r\n", strings.TrimSpace(line))
	}
	fmt.Fprintf(conn, "\r\n%s", body)
	method, _, _ := strings.Cut(first, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("%s: %v", first, err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s: %v", first, err)
	}
	return reply{res, string(b)}
}

func (w *wire) want(r reply, status int, parts ...string) {
	w.t.Helper()
	if r.StatusCode != status {
		w.t.Errorf("status %d, want %d: %s", r.StatusCode, status, r.body)
	}
	for _, part := range parts {
		if !strings.Contains(r.body, part) {
			w.t.Errorf("the answer has no %q: %s", part, r.body)
		}
	}
}

// path is a path of the server's phone and agent: <phone> and <agent> are filled in.
func (w *wire) path(p string) string {
	return strings.NewReplacer("<phone>", w.s.Number(), "<agent>", w.s.Agent(), "<id>", client.NewMessageID()).Replace(p)
}

const text = `{"contentMessage":{"text":"Parcel ready","suggestions":[{"reply":{"text":"OK","postbackData":"ok"}},{"reply":{"text":"No","postbackData":"no"}}]}}`

// No method takes a system parameter for a name that it does not know.
func TestSystemParametersAreNeverUnknown(t *testing.T) {
	w := newWire(t)
	for _, p := range []string{
		"$.xgafv=1", "$.xgafv=2", "alt=json", "$alt=json", "fields=*", "$fields=*", "key=AIza", "$key=x", "prettyPrint=true", "$prettyPrint=false",
		"quotaUser=me", "$quotaUser=me", "uploadType=media", "upload_protocol=raw", "$upload_protocol=raw", "callback=f", "$callback=f",
		"access_token=" + w.token, "oauth_token=" + w.token, "$access_token=" + w.token, "fields=", "alt=", "callback=",
	} {
		r := w.send("GET "+w.path("/v1/phones/<phone>/capabilities?agentId=<agent>&"+p), "", "")
		w.want(r, 200, "RICHCARD_STANDALONE")
	}
	w.want(w.send("GET "+w.path("/v1/phones/<phone>/capabilities?agentId=<agent>&altt=json"), "", ""), 400, `Unknown name \"altt\": Cannot bind query parameter.`)
}

func TestFieldsParameter(t *testing.T) {
	w := newWire(t)
	send := func(fields string) reply {
		return w.send("POST "+w.path("/v1/phones/<phone>/agentMessages?agentId=<agent>&messageId=<id>&prettyPrint=false&fields="+fields), "", text)
	}
	for fields, want := range map[string]string{
		"contentMessage/text":                     `{"contentMessage":{"text":"Parcel ready"}}`,
		"contentMessage(suggestions/reply/text)":  `{"contentMessage":{"suggestions":[{"reply":{"text":"OK"}},{"reply":{"text":"No"}}]}}`,
		"content_message.text,messageTrafficType": `{"contentMessage":{"text":"Parcel ready"}}`,
		"expireTime": `{}`,
		"contentMessage(text,suggestions(reply/*))": `{"contentMessage":{"text":"Parcel ready","suggestions":[{"reply":{"text":"OK","postbackData":"ok"}},{"reply":{"text":"No","postbackData":"no"}}]}}`,
	} {
		if r := send(fields); r.body != want || r.StatusCode != 200 {
			t.Errorf("fields=%s: %d %s, want %s", fields, r.StatusCode, r.body, want)
		}
	}
	r := send("contentMessage(text,bogus)")
	w.want(r, 400, `"status":"INVALID_ARGUMENT"`, "Cannot find matching fields for path 'contentMessage.bogus'", `"field":"contentMessage.bogus"`)
	w.want(send("contentMessage("), 400, "Error parsing 'fields' parameter 'contentMessage('")
	pretty := w.send("GET "+w.path("/admin/v1/phones/<phone>?fields=phoneNumber"), "Authorization: Bearer "+w.s.Ready.AdminToken, "")
	if want := "{\n  \"phoneNumber\": \"" + w.s.Number() + "\"\n}\n"; pretty.body != want {
		t.Errorf("got %q, want %q", pretty.body, want)
	}
	// An error is whole, whatever was asked for.
	w.want(w.send("GET "+w.path("/v1/phones/+15550009999/capabilities?agentId=<agent>&fields=features"), "", ""), 404, `"status": "NOT_FOUND"`)
}

// A request with a bad mask has no effect: it is refused before the message is sent.
func TestBadMaskSendsNothing(t *testing.T) {
	w := newWire(t)
	path := w.path("/v1/phones/<phone>/agentMessages?agentId=<agent>&messageId=once")
	w.want(w.send("POST "+path+"&fields=bogus", "", text), 400)
	if r := w.send("POST "+path, "", text); r.StatusCode != 200 || r.Header.Get("X-Openrbm-Ignored") != "" {
		t.Errorf("the refused call has taken the id: %d %v", r.StatusCode, r.Header)
	}
}

func TestOnlyJSON(t *testing.T) {
	w := newWire(t)
	for _, alt := range []string{"alt=media", "alt=proto", "$alt=proto", "alt=json;enum-encoding=int"} {
		r := w.send("GET "+w.path("/v1/phones/<phone>/capabilities?agentId=<agent>&"+url.PathEscape(alt)), "", "")
		w.want(r, 400, "INVALID_ARGUMENT", "Invalid value at 'alt'")
	}
}

func TestPrettyPrint(t *testing.T) {
	w := newWire(t)
	path := w.path("/v1/phones/<phone>/capabilities?agentId=<agent>&requestId=1")
	if r := w.send("GET "+path, "", ""); !strings.HasPrefix(r.body, "{\n  \"features\": [\n    \"") || !strings.HasSuffix(r.body, "\n}\n") {
		t.Errorf("not indented: %q", r.body)
	}
	if r := w.send("GET "+path+"&$prettyPrint=false", "", ""); strings.ContainsAny(r.body, "\n") {
		t.Errorf("indented: %q", r.body)
	}
	if r := w.send("GET "+path+"&prettyPrint=false&bogus=1", "", ""); strings.Contains(r.body, "\n") || r.StatusCode != 400 {
		t.Errorf("an indented error: %q", r.body)
	}
}

func TestJSONP(t *testing.T) {
	w := newWire(t)
	path := w.path("/v1/phones/<phone>/capabilities?agentId=<agent>&prettyPrint=false&callback=")
	r := w.send("GET "+path+"gapi.cb_1", "", "")
	w.want(r, 200, "/* API callback */\ngapi.cb_1({\"features\":[")
	if !strings.HasSuffix(r.body, ");\n") || r.Header.Get("Content-Type") != "text/javascript; charset=UTF-8" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%q %v", r.body, r.Header)
	}
	r = w.send("GET "+path+"f&bogus%E2%80%A8</script>=1", "", "")
	w.want(r, 400, "\nf({\"error\":{\"code\":400")
	if strings.ContainsAny(r.body, "<\u2028") {
		t.Errorf("the script is not safe: %q", r.body)
	}
	for _, name := range []string{"alert(1)//", "a%20b", "1a", "a..b", ".a", "a%3Bb", "a[0]", strings.Repeat("a", 65), "%3Cscript%3E"} {
		r := w.send("GET "+path+name, "", "")
		w.want(r, 400, "Invalid value at 'callback'")
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %s", name, r.Header.Get("Content-Type"))
		}
	}
	w.want(w.send("POST "+w.path("/v1/phones/<phone>/agentMessages?agentId=<agent>&messageId=<id>&callback=f"), "", text), 400, "only GET")
}

func TestErrorFormats(t *testing.T) {
	w := newWire(t)
	path := w.path("/v1/phones/+15550009999/capabilities?agentId=<agent>")
	w.want(w.send("GET "+path+"&$.xgafv=1", "", ""), 404, `"errors": [`, `"reason": "notFound"`)
	if r := w.send("GET "+path+"&$.xgafv=2", "", ""); strings.Contains(r.body, `"errors"`) {
		t.Errorf("the list of the old format: %s", r.body)
	}
}

// Google's rule: Accept-Encoding alone is not enough (facts/rbm-api.md §7.3).
func TestGzippedAnswers(t *testing.T) {
	w := newWire(t)
	path := "GET " + w.path("/v1/phones/<phone>/capabilities?agentId=<agent>")
	plain := w.send(path, "", "")
	for headers, want := range map[string]bool{
		"Accept-Encoding: gzip\nUser-Agent: google-api-nodejs-client/7.2.0 (gzip)":       true,
		"Accept-Encoding: deflate, GZIP;q=0.5\nUser-Agent: x gzip":                       true,
		"Accept-Encoding: deflate\nAccept-Encoding: gzip\nUser-Agent: my program (gzip)": true,
		"Accept-Encoding: gzip\nUser-Agent: curl/8":                                      false,
		"Accept-Encoding: gzip":                            false,
		"Accept-Encoding: gzip;q=0\nUser-Agent: gzip":      false,
		"Accept-Encoding: gzip; q=0.000\nUser-Agent: gzip": false,
		"Accept-Encoding: deflate\nUser-Agent: gzip":       false,
		"User-Agent: gzip":                                 false,
	} {
		r := w.send(path, headers, "")
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: gzip is %v, want %v", headers, got, want)
			continue
		}
		if want {
			r.body = gunzip(t, r.body)
		}
		if r.body != plain.body || r.StatusCode != 200 {
			t.Errorf("%q: %d %q", headers, r.StatusCode, r.body)
		}
		if vary := strings.Join(r.Header.Values("Vary"), "|"); vary != "X-Origin|Referer|Origin,Accept-Encoding" {
			t.Errorf("%q: Vary is %q", headers, vary)
		}
	}
	// What is short stays as it is.
	r := w.send("GET "+w.path("/v1/phones/<phone>/capabilities?agentId=<agent>&fields=carrier"), "Accept-Encoding: gzip\nUser-Agent: gzip", "")
	if r.Header.Get("Content-Encoding") != "" || r.body != "{\n  \"carrier\": \"Demo Mobile\"\n}\n" {
		t.Errorf("%q %v", r.body, r.Header)
	}
}

func gunzip(t *testing.T, s string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func gzipped(s string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	io.WriteString(w, s)
	w.Close()
	return out.String()
}

func TestGzippedRequests(t *testing.T) {
	w := newWire(t)
	post := func(coding, body string) reply {
		return w.send("POST "+w.path("/v1/phones/<phone>/agentMessages?agentId=<agent>&messageId=<id>"), "Content-Type: application/json\nContent-Encoding: "+coding, body)
	}
	w.want(post("gzip", gzipped(text)), 200, "Parcel ready")
	w.want(post("x-gzip", gzipped(text)), 200, "Parcel ready")
	w.want(post("identity", text), 200, "Parcel ready")
	w.want(post("gzip", text), 400, "not valid gzip")
	w.want(post("gzip", gzipped(text)[:40]), 400, "cut short or damaged")
	w.want(post("br", text), 400, `Content-Encoding \"br\"`)
	bomb := gzipped(strings.Repeat(" ", 64<<20))
	if len(bomb) > 1<<20 {
		t.Fatalf("the bomb has %d bytes: it would be refused for that", len(bomb))
	}
	w.want(post("gzip", bomb), 400, "Request payload size exceeds the limit")
}

func TestMethodOverride(t *testing.T) {
	w := newWire(t)
	admin := "Authorization: Bearer " + w.s.Ready.AdminToken + "\nX-HTTP-Method-Override: "
	w.want(w.send("POST "+w.path("/admin/v1/agents/<agent>"), admin+"PATCH", `{"displayName":"Renamed"}`), 200, "Renamed")
	w.want(w.send("POST "+w.path("/admin/v1/agents/<agent>"), admin+"patch", `{"displayName":"Again"}`), 200, "Again")
	w.want(w.send("POST "+w.path("/admin/v1/agents/<agent>/webhook"), admin+"DELETE", ""), 200, "{}")
	w.want(w.send("POST "+w.path("/admin/v1/agents/<agent>/webhook"), admin+"PUT", `{"uri":"nonsense"}`), 400, "uri")

	form := "Content-Type: application/x-www-form-urlencoded\nX-HTTP-Method-Override: GET"
	query := w.path("agentId=<agent>&requestId=" + strings.Repeat("1", 3000))
	capabilities := w.path("POST /v1/phones/<phone>/capabilities")
	w.want(w.send(capabilities, form, query), 200, "RICHCARD_STANDALONE")
	w.want(w.send(capabilities+"?prettyPrint=false", form, query), 200, `{"features":["`)
	w.want(w.send(capabilities, form+"\nAuthorization: ", query), 401)
	w.want(w.send(capabilities+"?x_token=", form, query+"&access_token="+w.token), 400, `Unknown name \"x_token\"`)
	w.want(w.send(capabilities+"?quotaUser=_token=", form, query+"&access_token="+w.token), 200, "RICHCARD_STANDALONE")
	w.want(w.send(capabilities, form, query+"&bogus=1"), 400, `Unknown name \"bogus\"`)
	w.want(w.send(capabilities, form, strings.Repeat("a", 1<<20+1)), 400, "exceeds the limit")
	w.want(w.send(capabilities, "X-HTTP-Method-Override: GET", `{"agentId":"x"}`), 400, "application/x-www-form-urlencoded")
	w.want(w.send(w.path("POST /v1/phones/<phone>/capabilities?agentId=<agent>"), "X-HTTP-Method-Override: GET", ""), 200, "RICHCARD_STANDALONE")

	w.want(w.send(capabilities, "X-HTTP-Method-Override: FETCH", ""), 404, "<title>Error 404 (Not Found)!!1</title>")
	w.want(w.send("GET "+w.path("/v1/phones/<phone>/agentMessages/1?agentId=<agent>"), "X-HTTP-Method-Override: DELETE", ""), 404, "<title>")
}

func TestUnknownPathsAndVerbs(t *testing.T) {
	w := newWire(t)
	for _, first := range []string{
		"GET /", "GET /v2/phones", "PUT /v1/phones/<phone>/capabilities", "GET /v1/phones/<phone>/agentMessages", "DELETE /openapi.json",
		"OPTIONS /v2/phones", "HEAD /v1/phones/<phone>/agentMessages", "BREW /v1/phones/<phone>/capabilities",
	} {
		r := w.send(w.path(first), "", "")
		if r.StatusCode != 404 || r.Header.Get("Content-Type") != "text/html; charset=UTF-8" {
			t.Errorf("%s: %d %s", first, r.StatusCode, r.Header.Get("Content-Type"))
		}
		if !strings.HasPrefix(first, "HEAD") {
			w.want(r, 404, "<title>Error 404 (Not Found)!!1</title>")
		}
	}
}

func TestHeadAndOptions(t *testing.T) {
	w := newWire(t)
	path := w.path("/v1/phones/<phone>/capabilities?agentId=<agent>")
	get, head := w.send("GET "+path, "", ""), w.send("HEAD "+path, "", "")
	if head.StatusCode != 200 || head.body != "" || head.Header.Get("Content-Length") != fmt.Sprint(len(get.body)) {
		t.Errorf("HEAD: %d %q %v", head.StatusCode, head.body, head.Header)
	}
	if r := w.send("HEAD "+path, "Authorization: Bearer wrong", ""); r.StatusCode != 401 {
		t.Errorf("HEAD without a right: %d", r.StatusCode)
	}
	for p, allow := range map[string]string{
		"/v1/phones/<phone>/capabilities":       "GET, HEAD",
		"/admin/v1/agents/<agent>":              "GET, HEAD, PATCH, DELETE",
		"/v1/phones/<phone>/agentMessages/<id>": "DELETE",
	} {
		r := w.send("OPTIONS "+w.path(p), "Authorization: ", "")
		if r.StatusCode != 200 || r.Header.Get("Allow") != allow || r.body != "" {
			t.Errorf("OPTIONS %s: %d %q %q, want %q", p, r.StatusCode, r.Header.Get("Allow"), r.body, allow)
		}
	}
}

// A path may be escaped where it need not be, and a '+' is never a space.
func TestEscapedPaths(t *testing.T) {
	w := newWire(t)
	number := strings.TrimPrefix(w.s.Number(), "+")
	for _, path := range []string{"/v1/phones/+" + number, "/v1/phones/%2B" + number, "/v1/%70hones/%2b" + number} {
		w.want(w.send("GET "+w.path(path+"/capabilities?agentId=<agent>"), "", ""), 200)
	}
	w.want(w.send("GET /%24discovery/rest", "", ""), 200, "discovery#restDescription")
	w.want(w.send("GET "+w.path("/v1/phones/%20"+number+"/capabilities?agentId=<agent>"), "", ""), 400)
}

func decoded(t *testing.T, body string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	return v
}

// getJSON gets a document under another host name.
func getJSON(t *testing.T, address, host string) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, string(b))
}
