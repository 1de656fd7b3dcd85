package auth

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// GrantType is the one grant type: JWT bearer (RFC 7523).
const GrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// Token is the answer of the token endpoint.
type Token struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	TokenType   string `json:"token_type"`
}

// tokenLife is how long an access token is good for. Clients are told one
// second less, as by Google, and so renew in time.
const tokenLife = time.Hour

// tokenPaths are where the token endpoint is served.
var tokenPaths = [...]string{"/token", "/oauth2/v4/token"}

// googleTokenURLs are the audiences of Google's own clients, some of which do
// not read the key file's token_uri (facts/rbm-api.md §5.2).
var googleTokenURLs = []string{
	"https://oauth2.googleapis.com/token",
	"https://www.googleapis.com/oauth2/v4/token",
	"https://accounts.google.com/o/oauth2/token",
}

// Exchange gives an access token of one hour for an assertion of at most 16 KiB,
// signed by a key of a service account. ownURLs are the base URLs of this server,
// without a slash at the end; their token endpoints are good audiences beside
// Google's.
func (a *Auth) Exchange(ctx context.Context, grantType, assertion string, ownURLs []string) (Token, *TokenError) {
	switch {
	case grantType == "":
		return Token{}, errNoGrantType
	case grantType != GrantType:
		return Token{}, refuse("unsupported_grant_type", fmt.Sprintf("Invalid grant_type: %.100s", strings.ToValidUTF8(grantType, "?")))
	case assertion == "":
		return Token{}, errNoAssertion
	}
	as, refused := a.verify(ctx, assertion)
	if refused != nil {
		return Token{}, refused
	}
	if !as.meantFor(googleTokenURLs...) && !as.meantFor(tokenURLs(ownURLs)...) {
		return Token{}, errAudience
	}
	if as.TargetAudience != "" {
		return Token{}, errIDToken
	}
	set, ok := parseScopes(as.Scope)
	if !ok {
		return Token{}, errScope
	}
	g := grant{email: as.account.Email, keyID: as.keyID, scopes: set, expires: a.clock.Now().Add(tokenLife)}
	return Token{AccessToken: a.seal(g), ExpiresIn: int(tokenLife/time.Second) - 1, TokenType: "Bearer"}, nil
}

// tokenURLs are the token endpoints under the base URLs.
func tokenURLs(bases []string) []string {
	urls := make([]string, 0, len(bases)*len(tokenPaths))
	for _, base := range bases {
		for _, path := range tokenPaths {
			urls = append(urls, base+path)
		}
	}
	return urls
}
