package auth

import (
	"bytes"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/rbm"
)

const method = "google.communications.rcsbusinessmessaging.v1.RcsBusinessMessagingService.CreateAgentMessage"

// world is one platform with the account of the agent demo_agent and one key.
type world struct {
	*Auth
	db     *memstore.DB
	clock  *clock.Clock
	server *httptest.Server // the token endpoint, and an API that needs a caller
	log    *bytes.Buffer

	email string
	file  []byte // of the key
	key   keyFile
	pair  *rsa.PrivateKey
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{db: memstore.New(), clock: clock.New(), log: new(bytes.Buffer), email: AgentEmail("demo_agent")}
	w.restart(t)
	mux := http.NewServeMux()
	for _, path := range tokenPaths {
		mux.HandleFunc(path, func(rw http.ResponseWriter, r *http.Request) { w.TokenHandler().ServeHTTP(rw, r) })
	}
	mux.HandleFunc("/", w.api)
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)

	acc, err := w.EnsureAccount(t.Context(), "demo_agent")
	must(t, err)
	w.file, w.key, w.pair = w.newKey(t, acc.Email)
	return w
}

// restart makes a new Auth on the same store.
func (w *world) restart(t testing.TB) {
	t.Helper()
	l, err := ledger.Open(t.Context(), w.db, w.clock)
	must(t, err)
	w.Auth, err = New(t.Context(), l, Options{Log: slog.New(slog.NewTextHandler(w.log, nil))})
	must(t, err)
}

func (w *world) newKey(t testing.TB, email string) ([]byte, keyFile, *rsa.PrivateKey) {
	t.Helper()
	file, _, err := w.CreateKey(t.Context(), email, w.server.URL+"/token")
	must(t, err)
	var f keyFile
	must(t, json.Unmarshal(file, &f))
	pair, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(f.PrivateKey))
	must(t, err)
	return file, f, pair
}

// api answers 200 with the agent that the caller acts for.
func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	who, err := w.Authenticate(r.Context(), r, method)
	if err == nil {
		err = who.Require(ScopeMessaging)
	}
	var agent string
	if err == nil {
		agent, err = who.Agent(r.URL.Query().Get("agentId"))
	}
	if err != nil {
		if c := Challenge(err); c != "" {
			rw.Header().Set("WWW-Authenticate", c)
		}
		rw.WriteHeader(rbm.CodeOf(err).HTTPStatus())
		agent = err.Error()
	}
	_, _ = io.WriteString(rw, agent)
}

// good are the claims of an assertion that is accepted.
func (w *world) good() jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{
		"iss": w.email, "scope": ScopeMessaging, "aud": w.server.URL + "/token",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

func with(c jwt.MapClaims, name string, value any) jwt.MapClaims {
	c[name] = value
	if value == nil {
		delete(c, name)
	}
	return c
}

// signed signs the claims with the world's key, as Node's client does: without a kid.
func (w *world) signed(t testing.TB, c jwt.MapClaims) string {
	t.Helper()
	return signWith(t, jwt.NewWithClaims(jwt.SigningMethodRS256, c), w.pair)
}

func signWith(t testing.TB, token *jwt.Token, key any) string {
	t.Helper()
	s, err := token.SignedString(key)
	must(t, err)
	return s
}

// token exchanges good claims.
func (w *world) token(t testing.TB) string {
	t.Helper()
	tok, refused := w.Exchange(t.Context(), GrantType, w.signed(t, w.good()), []string{w.server.URL})
	if refused != nil {
		t.Fatalf("no token: %v", refused)
	}
	return tok.AccessToken
}

// post sends a form to the token endpoint.
func (w *world) post(t testing.TB, form url.Values) (*http.Response, map[string]any) {
	t.Helper()
	return postTo(t, w.server.URL+"/token", "application/x-www-form-urlencoded", form.Encode())
}

func postTo(t testing.TB, address, kind, body string) (*http.Response, map[string]any) {
	t.Helper()
	resp, err := http.Post(address, kind, strings.NewReader(body))
	must(t, err)
	defer resp.Body.Close()
	var answer map[string]any
	must(t, json.NewDecoder(resp.Body).Decode(&answer))
	return resp, answer
}

// call calls the API with that Authorization header.
func (w *world) call(t testing.TB, authorization, query string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/v1/thing?"+query, nil)
	must(t, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, string(body)
}

// bearer authenticates without the network.
func (w *world) bearer(token string) (Caller, error) {
	r := httptest.NewRequest(http.MethodGet, w.server.URL+"/v1/thing", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return w.Authenticate(r.Context(), r, method)
}

// authenticate is the verdict on a bearer, its error as the client sees it.
func (w *world) authenticate(t testing.TB, token string) (Caller, *rbm.Error) {
	t.Helper()
	who, err := w.bearer(token)
	return who, rbm.AsError(err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
