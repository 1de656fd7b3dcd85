package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The OAuth scopes.
const (
	Scope           = "https://www.googleapis.com/auth/rcsbusinessmessaging"   // of the messaging API (facts/rbm-api.md §0.1)
	ManagementScope = "https://www.googleapis.com/auth/businesscommunications" // of the management API (facts/rbm-api.md §8)
)

const (
	grantType      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	assertionLife  = time.Hour   // the longest that is allowed (facts/rbm-api.md §5.1)
	earlyRenewal   = time.Minute // how long before its end a token is renewed
	maxTokenAnswer = 1 << 20     // bytes
)

// TokenError is the token endpoint's refusal (facts/rbm-api.md §5.3): the key is
// unknown or deleted, the clock of this machine is wrong, …
type TokenError struct {
	Status      int    `json:"-"`                 // HTTP status
	Code        string `json:"error"`             // such as invalid_grant
	Description string `json:"error_description"` // for people
}

func (e *TokenError) Error() string {
	s := fmt.Sprintf("client: no access token: HTTP %d", e.Status)
	for _, part := range []string{e.Code, e.Description} {
		if part != "" {
			s += ": " + part
		}
	}
	return s
}

// tokenSource gives the bearer token of a call.
type tokenSource interface {
	token(ctx context.Context) (string, error)
	// refused says that the server did not take a token; true if there may be a better one.
	refused(ctx context.Context, token string) bool
}

// staticToken is a token that cannot be renewed.
type staticToken string

func (t staticToken) token(context.Context) (string, error) { return string(t), nil }
func (t staticToken) refused(context.Context, string) bool  { return false }

// grant gets access tokens by the JWT-bearer grant (RFC 7523) and keeps each
// until shortly before it ends.
type grant struct {
	account *serviceAccount
	scope   string
	http    *http.Client

	turn chan struct{} // holds one ticket; whoever has it owns the fields below
	held string
	ends time.Time
}

func newGrant(a *serviceAccount, scope string, h *http.Client) *grant {
	g := &grant{account: a, scope: scope, http: h, turn: make(chan struct{}, 1)}
	g.turn <- struct{}{}
	return g
}

func (g *grant) token(ctx context.Context) (string, error) {
	select {
	case <-g.turn:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { g.turn <- struct{}{} }()
	if g.held != "" && time.Now().Before(g.ends) {
		return g.held, nil
	}
	return g.renew(ctx)
}

func (g *grant) refused(ctx context.Context, token string) bool {
	select {
	case <-g.turn:
	case <-ctx.Done():
		return false
	}
	defer func() { g.turn <- struct{}{} }()
	if g.held == token { // or another call has renewed it already
		g.held = ""
	}
	return true
}

// renew asks for a new token. A failure that may pass is a *setback.
func (g *grant) renew(ctx context.Context) (string, error) {
	asked := time.Now()
	assertion, err := g.account.assertion(g.scope, asked)
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {grantType}, "assertion": {assertion}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.account.TokenURI, strings.NewReader(form))
	if err != nil {
		return "", fmt.Errorf("client: token request: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, body, err := roundTrip(g.http, req, maxTokenAnswer)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", refusal(resp, body)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.AccessToken == "" {
		return "", &TokenError{Status: resp.StatusCode, Description: "the answer holds no access_token"}
	}
	life := time.Duration(max(0, min(answer.ExpiresIn, 86400))) * time.Second
	g.held, g.ends = answer.AccessToken, asked.Add(life-min(earlyRenewal, life/2))
	return g.held, nil
}

// refusal turns a failed answer of the token endpoint into its error.
func refusal(resp *http.Response, body []byte) error {
	e := &TokenError{}
	if json.Unmarshal(body, e) != nil {
		e.Description = excerpt(body)
	}
	e.Status = resp.StatusCode
	if mayRepeat(resp.StatusCode) {
		return &setback{err: e, after: retryAfter(resp.Header, time.Now())}
	}
	return e
}

// assertion is the signed claim that is exchanged for an access token.
func (a *serviceAccount) assertion(scope string, now time.Time) (string, error) {
	claim := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss":   a.ClientEmail,
		"scope": scope,
		"aud":   a.TokenURI,
		"iat":   now.Unix(),
		"exp":   now.Add(assertionLife).Unix(),
	})
	if a.PrivateKeyID != "" {
		claim.Header["kid"] = a.PrivateKeyID
	}
	signed, err := claim.SignedString(a.signer)
	if err != nil {
		return "", fmt.Errorf("client: signing the token request: %w", err)
	}
	return signed, nil
}
