package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/openrbm/openrbm/rbm"
)

const (
	maxAssertion  = 16 << 10        // bytes
	assertionLife = time.Hour       // from iat to exp (facts/rbm-api.md §5.1)
	skew          = 5 * time.Minute // how far a client's clock may be ahead of ours
)

// claims are what a service account signs.
type claims struct {
	jwt.RegisteredClaims
	Scope          string `json:"scope"`
	TargetAudience string `json:"target_audience"`
}

// assertion is a JWT of a service account, found to be true and in time. For
// whom it is meant and what it asks for is not yet looked at.
type assertion struct {
	claims
	account *Account
	keyID   string
}

var parser = jwt.NewParser(jwt.WithStrictDecoding())

// verify checks the signature of a JWT and its time. Only RS256 counts: neither
// "none", nor a secret made of a public key.
func (a *Auth) verify(ctx context.Context, raw string) (*assertion, *TokenError) {
	if len(raw) > maxAssertion {
		return nil, errTooLong
	}
	as := &assertion{}
	token, parts, err := parser.ParseUnverified(raw, &as.claims)
	if err != nil || strings.ContainsAny(raw, lineEnds) {
		return nil, errMalformed
	}
	if token.Method != jwt.SigningMethodRS256 || token.Header["crit"] != nil {
		return nil, errAlgorithm
	}
	as.account, err = a.Account(ctx, as.Issuer)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return nil, errNoAccount
	}
	if err != nil {
		return nil, unavailable(err)
	}
	kid, _ := token.Header["kid"].(string)
	as.keyID, err = as.account.signer(kid, strings.Join(parts[:2], "."), token.Signature)
	if err != nil {
		return nil, unavailable(err)
	}
	if as.keyID == "" {
		return nil, errSignature
	}
	if refused := as.checkTime(a.outsideNow()); refused != nil {
		return nil, refused
	}
	if as.Subject != "" && as.Subject != as.Issuer { // domain-wide delegation
		return nil, errDelegation
	}
	return as, nil
}

// signer is the id of the account's key that made the signature, or "". Without
// a kid every key is tried (facts/rbm-api.md §5.2).
func (acc *Account) signer(kid, signed string, signature []byte) (string, error) {
	for _, k := range acc.Keys {
		if kid != "" && kid != k.ID {
			continue
		}
		public, err := k.public()
		if err != nil {
			return "", err
		}
		if jwt.SigningMethodRS256.Verify(signed, signature, public) == nil {
			return k.ID, nil
		}
	}
	return "", nil
}

// checkTime wants iat ≤ now < exp ≤ iat + 1 h, give or take the skew (facts/rbm-api.md §5.3).
func (c *claims) checkTime(now time.Time) *TokenError {
	switch {
	case c.IssuedAt == nil || c.ExpiresAt == nil:
		return errTimeframe
	case c.ExpiresAt.Sub(c.IssuedAt.Time) > assertionLife+skew || c.IssuedAt.After(now.Add(skew)):
		return errTimeframe
	case c.NotBefore != nil && c.NotBefore.After(now.Add(skew)):
		return errTimeframe
	case !now.Before(c.ExpiresAt.Time):
		return errExpired
	}
	return nil
}

// outsideNow is the machine's time: when the platform's clock is turned ahead,
// those of its callers are not, and they must still get in.
func (a *Auth) outsideNow() time.Time { return a.clock.Now().Add(-a.clock.Offset()) }

// meantFor tells whether the audience of the claims is one of these.
func (c *claims) meantFor(audiences ...string) bool {
	return slices.ContainsFunc(audiences, func(u string) bool { return slices.Contains(c.Audience, u) })
}

// unavailable is the answer when it is our fault.
func unavailable(cause error) *TokenError {
	return &TokenError{Status: 503, Code: "temporarily_unavailable", Description: "The token endpoint is temporarily unavailable.",
		cause: fmt.Errorf("auth: checking a JWT: %w", cause)}
}
