package auth

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

func TestCredentials(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	const realm = `Bearer realm="https://accounts.google.com/"`
	rows := []struct {
		name, header, query string
		status              int
		challenge           string
	}{
		{"header", "Bearer " + token, "", 200, ""},
		{"any case", "bearer  " + token + " ", "", 200, ""},
		{"access_token", "", "access_token=" + token, 200, ""},
		{"oauth_token", "", "oauth_token=" + token, 200, ""},
		{"$access_token", "", "$access_token=" + token, 200, ""},
		{"nothing", "", "", 401, realm},
		{"nothing in query", "", "alt=json", 401, realm},
		{"the header counts", "Bearer x", "access_token=" + token, 401, realm + `, error="invalid_token"`},
		{"basic", "Basic " + token, "", 401, realm + `, error="invalid_token"`},
		{"empty bearer", "Bearer ", "", 401, realm + `, error="invalid_token"`},
		{"bad in query", "", "access_token=x", 401, realm + `, error="invalid_token"`},
	}
	for _, row := range rows {
		for range 2 { // the second time from memory
			resp, body := w.call(t, row.header, row.query)
			if resp.StatusCode != row.status || resp.Header.Get("WWW-Authenticate") != row.challenge {
				t.Errorf("%s: %s, challenge %q, %s", row.name, resp.Status, resp.Header.Get("WWW-Authenticate"), body)
			}
		}
	}
}

// The texts and details of facts/rbm-api.md §4.3.
func TestErrorDetails(t *testing.T) {
	w := newWorld(t)
	expired := w.seal(grant{email: w.email, keyID: w.key.PrivateKeyID, scopes: messaging, expires: time.Now().Add(-time.Second)})
	oldJWT := w.signed(t, with(with(w.good(), "iat", time.Now().Add(-2*time.Hour).Unix()), "exp", time.Now().Add(-time.Hour).Unix()))
	const docs = " Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
	rows := []struct{ name, header, reason, text string }{
		{"none", "", "CREDENTIALS_MISSING", "Request is missing required authentication credential." + docs},
		{"bad", "Bearer ya29.abc", "ACCESS_TOKEN_TYPE_UNSUPPORTED", "Request had invalid authentication credentials." + docs},
		{"expired", "Bearer " + expired, "ACCESS_TOKEN_EXPIRED", "Request had invalid authentication credentials." + docs},
		{"expired JWT", "Bearer " + oldJWT, "ACCESS_TOKEN_EXPIRED", "Request had invalid authentication credentials." + docs},
	}
	for _, row := range rows {
		r := httptest.NewRequest("GET", "/v1/thing", nil)
		if row.header != "" {
			r.Header.Set("Authorization", row.header)
		}
		_, err := w.Authenticate(t.Context(), r, method)
		e := rbm.AsError(err)
		if e == nil || e.Code != rbm.CodeUnauthenticated || e.Message != row.text || e.Reason != row.reason || e.Domain != "googleapis.com" ||
			e.Metadata["service"] != "rcsbusinessmessaging.googleapis.com" || e.Metadata["method"] != method {
			t.Errorf("%s: %#v", row.name, e)
		}
	}
}

func TestScopes(t *testing.T) {
	w := newWorld(t)
	tok, refused := w.Exchange(t.Context(), GrantType, w.signed(t, with(w.good(), "scope", ScopeManagement)), []string{w.server.URL})
	if refused != nil {
		t.Fatal(refused)
	}
	who, err := w.authenticate(t, tok.AccessToken)
	if err != nil || who.Require(ScopeManagement) != nil {
		t.Fatalf("granted scope refused: %v", err)
	}
	e := rbm.AsError(who.Require(ScopeMessaging))
	if e == nil || e.Code != rbm.CodePermissionDenied || e.Message != "Request had insufficient authentication scopes." ||
		e.Reason != "ACCESS_TOKEN_SCOPE_INSUFFICIENT" || e.Metadata["method"] != method || Challenge(e) != "" {
		t.Errorf("other scope: %#v", e)
	}
	if who.Require("https://www.googleapis.com/auth/drive") == nil {
		t.Error("unknown scope granted")
	}
}

// Every byte of an access token counts.
func TestForgedTokens(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	for i := range token {
		forged := token[:i] + string(rune(token[i]^1)) + token[i+1:]
		if _, err := w.authenticate(t, forged); err == nil {
			t.Fatalf("accepted with byte %d changed", i)
		}
		if _, err := w.authenticate(t, token[:i]); err == nil {
			t.Fatalf("accepted cut at %d", i)
		}
	}
	if resp, _ := w.call(t, "", "access_token="+token[:20]+"%0A"+token[20:]); resp.StatusCode != 401 {
		t.Error("accepted with a line end in it")
	}
	stranger := newWorld(t) // the same agent on another platform
	if _, err := stranger.authenticate(t, token); err == nil {
		t.Error("accepted by another platform")
	}
}

func TestRestartKeepsTokens(t *testing.T) {
	w := newWorld(t)
	token, admin := w.token(t), w.AdminToken()
	w.restart(t)
	if _, err := w.authenticate(t, token); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if w.AdminToken() != admin {
		t.Error("another admin token after a restart")
	}
}

func TestDeletedKey(t *testing.T) {
	w := newWorld(t)
	token, self := w.token(t), w.signed(t, with(w.good(), "aud", w.server.URL))
	_, _, pair := w.newKey(t, w.email)
	kept := signWith(t, jwt.NewWithClaims(jwt.SigningMethodRS256, with(w.good(), "aud", w.server.URL)), pair)
	for _, bearer := range []string{token, self, kept} {
		if _, err := w.authenticate(t, bearer); err != nil {
			t.Fatal(err)
		}
	}
	must(t, w.DeleteKey(t.Context(), w.email, w.key.PrivateKeyID))
	for _, bearer := range []string{token, self} {
		if _, err := w.authenticate(t, bearer); err == nil || err.Reason != reasonUnsupported {
			t.Errorf("bearer of a deleted key: %v", err)
		}
	}
	if _, err := w.authenticate(t, kept); err != nil {
		t.Errorf("bearer of the other key: %v", err)
	}
	_, answer := w.post(t, url.Values{"grant_type": {GrantType}, "assertion": {w.signed(t, w.good())}})
	if answer["error_description"] != "Invalid JWT Signature." {
		t.Errorf("assertion of a deleted key: %v", answer)
	}
	if err := w.DeleteKey(t.Context(), w.email, w.key.PrivateKeyID); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestDeletedAccount(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	must(t, second(w.bearer(token)))
	must(t, w.DeleteAccount(t.Context(), w.email))
	if _, err := w.authenticate(t, token); err == nil {
		t.Error("the token of a deleted account is good")
	}
	must(t, second(w.EnsureAccount(t.Context(), "demo_agent")))
	if _, err := w.authenticate(t, token); err == nil {
		t.Error("the token is good again for a new account of that name")
	}
}

// Another node's deletion is seen when the verdict is taken anew.
func TestOtherNode(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	l, err := ledger.Open(t.Context(), w.db, w.clock)
	must(t, err)
	other, err := New(t.Context(), l, Options{})
	must(t, err)
	node := &world{Auth: other, server: w.server}
	if _, err := node.authenticate(t, token); err != nil {
		t.Fatalf("token of another node: %v", err)
	}
	must(t, w.DeleteKey(t.Context(), w.email, w.key.PrivateKeyID))
	w.clock.Advance(verdictLife)
	if _, err := node.authenticate(t, token); err == nil {
		t.Error("a key deleted on another node is good for ever")
	}
}

// A remembered token needs no store, until its time is over.
func TestCache(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	must(t, second(w.bearer(token)))
	w.clock.Advance(tokenLife - time.Second)
	must(t, second(w.bearer(token))) // remembered for its last second
	w.clock.Advance(time.Second)
	if _, err := w.authenticate(t, token); err == nil || err.Reason != reasonExpired {
		t.Errorf("at its end: %v", err)
	}

	fresh := w.token(t)
	must(t, second(w.bearer(fresh)))
	must(t, w.db.Close())
	must(t, second(w.bearer(fresh)))
	w.clock.Advance(verdictLife)
	if _, err := w.authenticate(t, fresh); err == nil || err.Code != rbm.CodeInternal {
		t.Errorf("without a store: %v", err) // neither let in nor told to get another token
	}
}

// The clock is turned for the platform only: its callers still get in.
func TestTurnedClock(t *testing.T) {
	w := newWorld(t)
	self := w.signed(t, with(w.good(), "aud", w.server.URL))
	w.clock.Advance(15 * 24 * time.Hour)
	must(t, second(w.bearer(w.token(t))))
	must(t, second(w.bearer(self)))
	w.clock.Advance(15 * 24 * time.Hour)
	must(t, second(w.bearer(self)))
}

func TestSelfSigned(t *testing.T) {
	w := newWorld(t)
	rows := []struct {
		name       string
		aud, scope any
		messaging  bool
		management bool
	}{
		{"messaging", "https://rcsbusinessmessaging.googleapis.com/", nil, true, false},
		{"no slash", "https://rcsbusinessmessaging.googleapis.com", nil, true, false},
		{"region", "https://europe-rcsbusinessmessaging.googleapis.com/", nil, true, false},
		{"management", "https://businesscommunications.googleapis.com/", nil, false, true},
		{"our own", w.server.URL, nil, true, true},
		{"our own with slash", w.server.URL + "/", nil, true, true},
		{"scope only", nil, ScopeMessaging, true, false},
		{"both scopes", nil, ScopeMessaging + " " + ScopeManagement, true, true},
		{"audience and scope", w.server.URL, ScopeManagement, false, true},
		{"neither", nil, nil, false, false},
		{"unknown scope", nil, "https://www.googleapis.com/auth/drive", false, false},
		{"other audience", "https://elsewhere.example/", ScopeMessaging, false, false},
		{"for the token endpoint", w.server.URL + "/token", ScopeMessaging, false, false},
	}
	for _, row := range rows {
		token := w.signed(t, with(with(w.good(), "aud", row.aud), "scope", row.scope))
		who, err := w.authenticate(t, token)
		if good := row.messaging || row.management; good != (err == nil) {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if err == nil && (who.Require(ScopeMessaging) == nil) != row.messaging || err == nil && (who.Require(ScopeManagement) == nil) != row.management {
			t.Errorf("%s: other scopes than wanted", row.name)
		}
	}
}

// No verdict outlives a deletion that has returned, whoever asks meanwhile.
func TestConcurrentDeletion(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = w.bearer(token)
				}
			}
		})
	}
	err := w.DeleteKey(t.Context(), w.email, w.key.PrivateKeyID)
	_, after := w.bearer(token)
	close(stop)
	wg.Wait()
	must(t, err)
	if _, last := w.bearer(token); after == nil || last == nil {
		t.Errorf("after the deletion: %v, %v", after, last)
	}
}

func TestServiceOf(t *testing.T) {
	e := unauthenticated(reasonMissing, "google.communications.businesscommunications.v1.BusinessCommunicationsService.ListBrands")
	if e.Metadata["service"] != "businesscommunications.googleapis.com" || !strings.HasSuffix(e.Metadata["method"], "ListBrands") {
		t.Errorf("%v", e.Metadata)
	}
}
