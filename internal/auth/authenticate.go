package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

const (
	maxVerdicts  = 16384           // bearers remembered, about 300 bytes each
	verdictLife  = 2 * time.Second // until changes by other nodes must be seen
	maxTokenText = 512             // bytes, the access token of the longest email
)

// verdict is what a bearer proved.
type verdict struct {
	caller Caller
	until  time.Time // of the platform's clock
	epoch  uint64
}

// Authenticate finds out who sent r, by the Authorization header or, without
// one, by the query parameter access_token or oauth_token (facts/rbm-api.md §7.1).
// method is the full name of the method called, such as
// google.communications.rcsbusinessmessaging.v1.RcsBusinessMessagingService.CreateAgentMessage,
// for the errors: UNAUTHENTICATED as of facts/rbm-api.md §4.3.
func (a *Auth) Authenticate(ctx context.Context, r *http.Request, method string) (Caller, error) {
	token, given := credential(r)
	if !given {
		return Caller{}, unauthenticated(reasonMissing, method)
	}
	who, ok := a.recall(token)
	if !ok {
		var err error
		if who, err = a.judge(ctx, token, a.ownURLs(r.Host)); err != nil {
			if bad, isBad := errors.AsType[badToken](err); isBad {
				return Caller{}, unauthenticated(string(bad), method)
			}
			return Caller{}, err
		}
	}
	who.method = method
	return who, nil
}

// recall is the verdict on a token that was seen before. It is void when the
// token has ended, when someone has lost rights since, and after some seconds.
func (a *Auth) recall(token string) (Caller, bool) {
	v, ok := a.verdicts.Get(hashToken(token))
	if !ok || v.epoch != a.epoch.Load() || !a.clock.Now().Before(v.until) {
		return Caller{}, false
	}
	return v.caller, true
}

// judge looks at the token itself and at its account, and remembers what it found.
func (a *Auth) judge(ctx context.Context, token string, ownURLs []string) (Caller, error) {
	epoch := a.epoch.Load() // before the account is read: a change after that voids the verdict
	acc, g, err := a.open(ctx, token, ownURLs)
	if err != nil {
		return Caller{}, err
	}
	who := Caller{Email: acc.Email, KeyID: g.keyID, Agents: acc.Agents, AllAgents: acc.AllAgents, scopes: g.scopes}
	until := a.clock.Now().Add(verdictLife)
	if g.expires.Before(until) {
		until = g.expires
	}
	a.verdicts.Add(hashToken(token), &verdict{caller: who, until: until, epoch: epoch})
	return who, nil
}

// open reads either kind of bearer: an access token, or a JWT signed by a service
// account for this API.
func (a *Auth) open(ctx context.Context, token string, ownURLs []string) (*Account, grant, error) {
	if strings.HasPrefix(token, tokenPrefix) {
		return a.openAccessToken(ctx, token)
	}
	return a.openSelfSigned(ctx, token, ownURLs)
}

func (a *Auth) openAccessToken(ctx context.Context, token string) (*Account, grant, error) {
	a.refresh(ctx)
	g, ok := a.unseal(token)
	if !ok {
		return nil, grant{}, badToken(reasonUnsupported)
	}
	if !a.clock.Now().Before(g.expires) {
		return nil, grant{}, badToken(reasonExpired)
	}
	acc, err := a.Account(ctx, g.email)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return nil, grant{}, badToken(reasonUnsupported)
	}
	if err != nil {
		return nil, grant{}, err
	}
	if _, ok := acc.key(g.keyID); !ok && g.keyID != adminKey {
		return nil, grant{}, badToken(reasonUnsupported)
	}
	return acc, g, nil
}

// credential is the bearer token of r; given is false if r has no credential at
// all. A header of another scheme is a credential, but never a good one.
func credential(r *http.Request) (token string, given bool) {
	if h := r.Header.Get("Authorization"); h != "" {
		return bearer(h), true
	}
	if r.URL.RawQuery == "" {
		return "", false
	}
	q := r.URL.Query()
	for _, name := range [...]string{"access_token", "oauth_token", "$access_token", "$oauth_token"} {
		if token = q.Get(name); token != "" {
			return token, true
		}
	}
	return "", false
}

// bearer is the token in the value of an Authorization header, or "".
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// hashToken is the key of a verdict, so that the cache holds no tokens. Hashing
// an access token does not allocate.
func hashToken(token string) [sha256.Size]byte {
	var buf [maxTokenText]byte
	return sha256.Sum256(append(buf[:0], token...))
}
