package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var signer = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// keyFor is a key file whose token_uri is that of the server at base.
func keyFor(t *testing.T, base string) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(signer())
	if err != nil {
		t.Fatal(err)
	}
	key, err := json.Marshal(map[string]string{
		"type": "service_account", "private_key_id": "k1", "client_email": "demo@openrbm.test", "token_uri": base + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// answer is what the remote side says once.
type answer struct {
	status int
	header http.Header
	body   string
	hangUp bool // close the connection instead
}

// remote stands for the platform: it gives tokens t1, t2, … and the answers of a list,
// the last of them for ever, and keeps what it was asked.
type remote struct {
	t   *testing.T
	url string

	mu      sync.Mutex // owns what follows
	tokens  []answer   // to be given before real tokens
	answers []answer
	granted int
	life    int    // expires_in
	scope   string // that tokens are asked for; default Scope
	cut     bool   // requests may end early
	asked   []string
	bearers []string
}

func newRemote(t *testing.T, answers ...answer) *remote {
	r := &remote{t: t, answers: answers, life: 3599}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

func (r *remote) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil && !r.cut {
		r.t.Errorf("reading a request: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var a answer
	if q.URL.Path == "/token" {
		a = r.grant(q.Header.Get("Content-Type"), body)
	} else {
		r.asked = append(r.asked, fmt.Sprintf("%s %s %s", q.Method, q.RequestURI, body))
		r.bearers = append(r.bearers, q.Header.Get("Authorization"))
		a = r.answers[0]
		if len(r.answers) > 1 {
			r.answers = r.answers[1:]
		}
	}
	if a.hangUp {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
}

// grant checks the assertion as a token endpoint does.
func (r *remote) grant(contentType string, body []byte) answer {
	q, err := http.NewRequest(http.MethodPost, "/", nil)
	if err != nil {
		r.t.Error(err)
	}
	q.URL.RawQuery = string(body)
	form := q.URL.Query()
	if contentType != "application/x-www-form-urlencoded" || form.Get("grant_type") != grantType {
		r.t.Errorf("token request: %s %s", contentType, body)
	}
	parsed, err := jwt.Parse(form.Get("assertion"), func(*jwt.Token) (any, error) { return &signer().PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer("demo@openrbm.test"), jwt.WithAudience(r.url+"/token"),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err != nil {
		r.t.Errorf("assertion: %v", err)
		return answer{status: 400, body: `{"error":"invalid_grant"}`}
	}
	if claims := parsed.Claims.(jwt.MapClaims); claims["scope"] != cmp.Or(r.scope, Scope) || parsed.Header["kid"] != "k1" {
		r.t.Errorf("assertion: %v %v", parsed.Header, claims)
	}
	if len(r.tokens) > 0 {
		a := r.tokens[0]
		r.tokens = r.tokens[1:]
		return a
	}
	r.granted++
	return answer{status: 200, body: fmt.Sprintf(`{"access_token":"t%d","expires_in":%d,"token_type":"Bearer"}`, r.granted, r.life)}
}

// seen is what was asked so far, without the token requests.
func (r *remote) seen() (asked, bearers []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked, r.bearers
}

// client is a client of the remote side that notes its pauses instead of waiting.
func (r *remote) client(o Options) (*Client, *[]time.Duration) {
	r.t.Helper()
	o.Key = keyFor(r.t, r.url)
	if o.AgentID == "" {
		o.AgentID = "demo_agent"
	}
	c, err := New(o)
	if err != nil {
		r.t.Fatal(err)
	}
	pauses := new([]time.Duration)
	c.retry.wait = func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}
	return c, pauses
}
