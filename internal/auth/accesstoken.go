package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// tokenPrefix begins every access token and names its version.
const tokenPrefix = "orbm1."

// grant is what an access token says: this key of this account was given these
// scopes until then.
type grant struct {
	email, keyID string
	scopes       scopes
	expires      time.Time // whole seconds
}

var tokenText = base64.RawURLEncoding.Strict()

// lineEnds are what decoders of base64 skip; a token has one spelling only.
const lineEnds = "\r\n"

// seal makes the access token of g: the prefix, then in base64url the time, the
// scopes, the length of the email, the email, the key id, and 32 bytes of
// HMAC-SHA256 over it all.
func (a *Auth) seal(g grant) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(g.expires.Unix()))
	b = append(b, byte(g.scopes), byte(len(g.email)))
	b = append(b, g.email...)
	b = append(b, g.keyID...)
	return tokenPrefix + tokenText.EncodeToString(append(b, sign(a.tokens.Load().secrets[0].Secret, b)...))
}

// unseal reads an access token; false unless this platform made it.
func (a *Auth) unseal(token string) (grant, bool) {
	text, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || strings.ContainsAny(text, lineEnds) {
		return grant{}, false
	}
	b, err := tokenText.DecodeString(text)
	if err != nil || len(b) < sha256.Size {
		return grant{}, false
	}
	b, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if !a.signed(b, sum) {
		return grant{}, false
	}
	return readGrant(b)
}

// signed says whether sum was made of b with a secret that is still good.
func (a *Auth) signed(b, sum []byte) bool {
	r, now := a.tokens.Load(), a.clock.Now()
	for i := range r.secrets {
		if r.good(i, now) && hmac.Equal(sum, sign(r.secrets[i].Secret, b)) {
			return true
		}
	}
	return false
}

func readGrant(b []byte) (grant, bool) {
	const head = 8 + 1 + 1
	if len(b) < head || len(b)-head < int(b[head-1]) {
		return grant{}, false
	}
	expires, set, n := binary.BigEndian.Uint64(b), scopes(b[8]), int(b[9])
	return grant{
		email: string(b[head : head+n]), keyID: string(b[head+n:]),
		scopes: set, expires: time.Unix(int64(expires), 0),
	}, true
}

func sign(secret string, b []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(tokenPrefix))
	mac.Write(b)
	return mac.Sum(nil)
}
