package auth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2/google"
)

// The unmodified client of golang.org/x/oauth2 from key file to call.
func TestOfficialClient(t *testing.T) {
	w := newWorld(t)
	conf, err := google.JWTConfigFromJSON(w.file, ScopeMessaging, ScopeManagement)
	must(t, err)
	tok, err := conf.TokenSource(t.Context()).Token()
	must(t, err)
	if left := time.Until(tok.Expiry); left < 59*time.Minute || left > time.Hour || tok.Type() != "Bearer" {
		t.Errorf("token ends in %v, type %q", left, tok.Type())
	}
	resp, err := conf.Client(t.Context()).Get(w.server.URL + "/v1/thing")
	must(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("call answered %s", resp.Status)
	}
	who, refused := w.authenticate(t, tok.AccessToken)
	if refused != nil || who.Email != w.email || who.KeyID != w.key.PrivateKeyID {
		t.Errorf("caller %+v, %v", who, refused)
	}
}

func TestTokenAnswer(t *testing.T) {
	w := newWorld(t)
	form := url.Values{"grant_type": {GrantType}, "assertion": {w.signed(t, w.good())}}
	for _, path := range tokenPaths {
		resp, answer := postTo(t, w.server.URL+path, "application/x-www-form-urlencoded; charset=UTF-8", form.Encode())
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s, headers %v", path, resp.Status, resp.Header)
		}
		token, _ := answer["access_token"].(string)
		if !strings.HasPrefix(token, tokenPrefix) || answer["expires_in"] != 3599.0 || answer["token_type"] != "Bearer" || len(answer) != 3 {
			t.Errorf("%s: answer %v", path, answer)
		}
	}
}

func TestAudiences(t *testing.T) {
	w := newWorld(t)
	host := strings.TrimPrefix(w.server.URL, "http://")
	good := []any{
		"https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token", "https://accounts.google.com/o/oauth2/token",
		w.server.URL + "/token", w.server.URL + "/oauth2/v4/token", "https://" + host + "/token",
		[]string{"https://elsewhere.example", w.server.URL + "/token"},
	}
	bad := []any{"", nil, "https://elsewhere.example/token", w.server.URL, w.server.URL + "/token/", []string{}, "https://oauth2.googleapis.com/TOKEN"}
	for i, aud := range append(good, bad...) {
		resp, answer := w.post(t, url.Values{"grant_type": {GrantType}, "assertion": {w.signed(t, with(w.good(), "aud", aud))}})
		switch {
		case i < len(good) && resp.StatusCode != http.StatusOK:
			t.Errorf("aud %v refused: %v", aud, answer)
		case i >= len(good) && answer["error_description"] != errAudience.Description:
			t.Errorf("aud %v: %v", aud, answer)
		}
	}
}

func TestPublicURL(t *testing.T) {
	w := newWorld(t)
	w.publicURLs = []string{"https://rbm.example.com"}
	resp, answer := w.post(t, url.Values{"grant_type": {GrantType},
		"assertion": {w.signed(t, with(w.good(), "aud", "https://rbm.example.com/token"))}})
	if resp.StatusCode != http.StatusOK {
		t.Errorf("public URL refused: %v", answer)
	}
}

// One row for each refusal of an assertion (facts/rbm-api.md §5.3).
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	must(t, second(w.EnsureAccount(t.Context(), "other_agent")))
	_, other, otherPair := w.newKey(t, AgentEmail("other_agent"))
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	rows := []struct {
		name      string
		assertion string
		want      *TokenError
	}{
		{"none", signWith(t, jwt.NewWithClaims(jwt.SigningMethodNone, w.good()), jwt.UnsafeAllowNoneSignatureType), errAlgorithm},
		{"secret made of the public key", signWith(t, jwt.NewWithClaims(jwt.SigningMethodHS256, w.good()), []byte(w.publicPEM(t))), errAlgorithm},
		{"RS512", signWith(t, jwt.NewWithClaims(jwt.SigningMethodRS512, w.good()), w.pair), errAlgorithm},
		{"PS256", signWith(t, jwt.NewWithClaims(jwt.SigningMethodPS256, w.good()), w.pair), errAlgorithm},
		{"critical extension", signWith(t, headed(w.good(), "crit", []string{"b64"}), w.pair), errAlgorithm},
		{"unknown algorithm", signWith(t, jwt.NewWithClaims(jwt.SigningMethodRS256, w.good()), w.pair)[3:], errMalformed},
		{"not a JWT", "abc", errMalformed},
		{"padding", w.signed(t, w.good()) + "=", errMalformed},
		{"line end", w.signed(t, w.good()) + "\n", errMalformed},
		{"too long", strings.Repeat("a", maxAssertion+1), errTooLong},
		{"unknown account", w.signed(t, with(w.good(), "iss", "nobody@openrbm.iam.openrbm")), errNoAccount},
		{"no account", w.signed(t, with(w.good(), "iss", nil)), errNoAccount},
		{"no email", w.signed(t, with(w.good(), "iss", "a\x00b@c")), errNoAccount},
		{"another's key", signWith(t, jwt.NewWithClaims(jwt.SigningMethodRS256, w.good()), otherPair), errSignature},
		{"another's kid", signWith(t, headed(w.good(), "kid", other.PrivateKeyID), w.pair), errSignature},
		{"claims changed", swapClaims(t, w.signed(t, w.good()), with(w.good(), "scope", ScopeManagement)), errSignature},
		{"no signature", w.signed(t, w.good())[:strings.LastIndex(w.signed(t, w.good()), ".")+1], errSignature},
		{"no iat", w.signed(t, with(w.good(), "iat", nil)), errTimeframe},
		{"no exp", w.signed(t, with(w.good(), "exp", nil)), errTimeframe},
		{"too long a life", w.signed(t, with(w.good(), "exp", at(assertionLife+skew+time.Minute))), errTimeframe},
		{"ended", w.signed(t, with(with(w.good(), "iat", at(-time.Hour)), "exp", at(-time.Second))), errExpired},
		{"from the future", w.signed(t, with(with(w.good(), "iat", at(skew+time.Minute)), "exp", at(time.Hour))), errTimeframe},
		{"not yet", w.signed(t, with(w.good(), "nbf", at(skew+time.Minute))), errTimeframe},
		{"never ends", w.signed(t, with(w.good(), "exp", 1e300)), errTimeframe},
		{"delegation", w.signed(t, with(w.good(), "sub", "someone@example.com")), errDelegation},
		{"no scope", w.signed(t, with(w.good(), "scope", nil)), errScope},
		{"blank scope", w.signed(t, with(w.good(), "scope", "  ")), errScope},
		{"unknown scope", w.signed(t, with(w.good(), "scope", ScopeMessaging+" https://www.googleapis.com/auth/drive")), errScope},
		{"ID token", w.signed(t, with(with(w.good(), "target_audience", "https://a.example"), "scope", nil)), errIDToken},
	}
	for _, row := range rows {
		resp, answer := w.post(t, url.Values{"grant_type": {GrantType}, "assertion": {row.assertion}})
		if resp.StatusCode != row.want.Status || answer["error"] != row.want.Code || answer["error_description"] != row.want.Description {
			// errExpired and errTimeframe look alike; never ends overflows into either
			t.Errorf("%s: %d %v, want %d %v", row.name, resp.StatusCode, answer, row.want.Status, row.want)
		}
		if len(answer) != 2 || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: answer %v, headers %v", row.name, answer, resp.Header)
		}
		if _, err := w.authenticate(t, row.assertion); err == nil {
			t.Errorf("%s: accepted as bearer", row.name)
		}
	}
}

func TestRequestRefusals(t *testing.T) {
	w := newWorld(t)
	assertion := w.signed(t, w.good())
	form := url.Values{"grant_type": {GrantType}, "assertion": {assertion}}.Encode()
	const urlencoded = "application/x-www-form-urlencoded"
	rows := []struct {
		name, kind, body string
		status           int
		code, text       string
	}{
		{"no grant type", urlencoded, "assertion=" + assertion, 400, "invalid_request", "Required parameter is missing: grant_type"},
		{"other grant type", urlencoded, "grant_type=password", 400, "unsupported_grant_type", "Invalid grant_type: password"},
		{"no assertion", urlencoded, "grant_type=" + url.QueryEscape(GrantType), 400, "invalid_request", "Required parameter is missing: assertion"},
		{"JSON", "application/json", `{"grant_type":"x"}`, 400, "invalid_request", "The Content-Type must be application/x-www-form-urlencoded."},
		{"twice", urlencoded, form + "&assertion=x", 400, "invalid_request", errForm.Description},
		{"not a form", urlencoded, "%zz", 400, "invalid_request", errForm.Description},
		{"too long", urlencoded, "a=" + strings.Repeat("a", maxForm), 413, "invalid_request", "The body is too long."},
		{"empty", urlencoded, "", 400, "invalid_request", "Required parameter is missing: grant_type"},
	}
	for _, row := range rows {
		resp, answer := postTo(t, w.server.URL+"/token", row.kind, row.body)
		if resp.StatusCode != row.status || answer["error"] != row.code || answer["error_description"] != row.text {
			t.Errorf("%s: %d %v", row.name, resp.StatusCode, answer)
		}
	}
	if resp, _ := postTo(t, w.server.URL+"/token?"+form, urlencoded, ""); resp.StatusCode != 400 {
		t.Errorf("parameters in the address: %s", resp.Status)
	}
	resp, err := http.Get(w.server.URL + "/token")
	must(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != 405 || resp.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %s", resp.Status)
	}
	long := strings.Repeat("\xff", 5000)
	if _, refused := w.Exchange(t.Context(), long, "x", nil); len(refused.Description) > 200 {
		t.Errorf("a refusal quotes %d bytes", len(refused.Description))
	}
}

// What a client may do within the rules.
func TestLeniency(t *testing.T) {
	w := newWorld(t)
	_, second, secondPair := w.newKey(t, w.email) // the first is no longer the only key
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	rows := map[string]string{
		"no kid":         w.signed(t, w.good()),
		"no kid, second": signWith(t, jwt.NewWithClaims(jwt.SigningMethodRS256, w.good()), secondPair),
		"kid":            signWith(t, headed(w.good(), "kid", second.PrivateKeyID), secondPair),
		"sub is iss":     w.signed(t, with(w.good(), "sub", w.email)),
		"both scopes":    w.signed(t, with(w.good(), "scope", ScopeManagement+" "+ScopeMessaging)),
		"slow clock":     w.signed(t, with(with(w.good(), "iat", at(-50*time.Minute)), "exp", at(10*time.Minute))),
		"fast clock":     w.signed(t, with(with(w.good(), "iat", at(4*time.Minute)), "exp", at(64*time.Minute))),
		"fractions":      w.signed(t, with(w.good(), "iat", float64(time.Now().Unix())+.25)),
	}
	for name, assertion := range rows {
		if _, refused := w.Exchange(t.Context(), GrantType, assertion, []string{w.server.URL}); refused != nil {
			t.Errorf("%s: %v", name, refused)
		}
	}
}

// A store that fails is no refusal: clients may try again, and the log knows why.
func TestTokenEndpointWithoutStore(t *testing.T) {
	w := newWorld(t)
	assertion := w.signed(t, w.good())
	must(t, w.db.Close())
	resp, answer := w.post(t, url.Values{"grant_type": {GrantType}, "assertion": {assertion}})
	if resp.StatusCode != 503 || answer["error"] != "temporarily_unavailable" {
		t.Errorf("%s %v", resp.Status, answer)
	}
	if text := w.log.String(); !strings.Contains(text, "store: closed") || strings.Contains(text, assertion) {
		t.Errorf("log: %s", text)
	}
}

func headed(c jwt.MapClaims, name string, value any) *jwt.Token {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header[name] = value
	return token
}

func swapClaims(t *testing.T, token string, c jwt.MapClaims) string {
	t.Helper()
	b, err := json.Marshal(c)
	must(t, err)
	parts := strings.Split(token, ".")
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(b) + "." + parts[2]
}

func (w *world) publicPEM(t *testing.T) string {
	t.Helper()
	keys, err := w.ListKeys(t.Context(), w.email)
	must(t, err)
	return keys[0].PublicKeyPEM
}

func second[T any](_ T, err error) error { return err }
