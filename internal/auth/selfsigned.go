package auth

import (
	"context"
	"slices"
	"strings"
)

// googleHosts are the audiences of self-signed JWTs, and what they are good for
// without a scope claim (facts/rbm-api.md §5.2).
var googleHosts = []struct {
	url    string
	scopes scopes
}{
	{"https://rcsbusinessmessaging.googleapis.com", messaging},
	{"https://us-rcsbusinessmessaging.googleapis.com", messaging},
	{"https://europe-rcsbusinessmessaging.googleapis.com", messaging},
	{"https://asia-rcsbusinessmessaging.googleapis.com", messaging},
	{"https://businesscommunications.googleapis.com", management},
}

// openSelfSigned reads a JWT that a client sends instead of an access token.
func (a *Auth) openSelfSigned(ctx context.Context, token string, ownURLs []string) (*Account, grant, error) {
	as, refused := a.verify(ctx, token)
	switch {
	case refused == nil:
	case refused.Unwrap() != nil:
		return nil, grant{}, refused.Unwrap()
	case refused == errExpired:
		return nil, grant{}, badToken(reasonExpired)
	default:
		return nil, grant{}, badToken(reasonUnsupported)
	}
	set, ok := as.selfGranted(ownURLs)
	if !ok {
		return nil, grant{}, badToken(reasonUnsupported)
	}
	// exp is of the caller's clock; the verdict is of the platform's.
	return as.account, grant{email: as.Issuer, keyID: as.keyID, scopes: set, expires: as.ExpiresAt.Add(a.clock.Offset())}, nil
}

// selfGranted is what a JWT asks for by itself: its scope claim, else what its
// audience is for. An audience that is neither an API's nor ours refuses it,
// with or without a scope, so that an assertion meant for a token endpoint is
// not a bearer.
func (c *claims) selfGranted(ownURLs []string) (scopes, bool) {
	var byAudience scopes
	for _, aud := range c.Audience {
		aud = strings.TrimSuffix(aud, "/")
		if slices.Contains(ownURLs, aud) {
			byAudience |= messaging | management
		}
		for _, h := range googleHosts {
			if h.url == aud {
				byAudience |= h.scopes
			}
		}
	}
	if len(c.Audience) > 0 && byAudience == 0 {
		return 0, false
	}
	if c.Scope == "" {
		return byAudience, byAudience != 0
	}
	return parseScopes(c.Scope)
}
