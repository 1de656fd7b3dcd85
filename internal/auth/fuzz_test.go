package auth

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/openrbm/openrbm/internal/clock"
)

// Whoever has no key gets no token, and no panic.
func FuzzExchange(f *testing.F) {
	w := newWorld(f)
	good := w.signed(f, w.good())
	f.Add(GrantType, good)
	f.Add(GrantType, good[:len(good)-2])
	f.Add(GrantType, signWith(f, jwt.NewWithClaims(jwt.SigningMethodNone, w.good()), jwt.UnsafeAllowNoneSignatureType))
	f.Add(GrantType, "eyJhbGciOiJSUzI1NiJ9.bnVsbA.AA")
	f.Add("password\xff", "..")
	known := map[string]bool{"invalid_request": true, "unsupported_grant_type": true, "invalid_grant": true, "invalid_scope": true, "unauthorized_client": true}
	f.Fuzz(func(t *testing.T, grantType, assertion string) {
		tok, refused := w.Exchange(context.Background(), grantType, assertion, []string{w.server.URL})
		if refused == nil {
			if assertion != good {
				t.Fatalf("token for %q", assertion)
			}
			return
		}
		if tok != (Token{}) || !known[refused.Code] || refused.Unwrap() != nil {
			t.Fatalf("%+v, %#v", tok, refused)
		}
	})
}

// Whoever has no token is nobody, and there is no panic.
func FuzzBearer(f *testing.F) {
	w := newWorld(f)
	token, self := w.token(f), w.signed(f, with(w.good(), "aud", w.server.URL))
	f.Add(token, "")
	f.Add(self, "")
	f.Add(token[:len(token)-1], "access_token=x")
	f.Add(tokenPrefix, "oauth_token=%zz")
	f.Add(w.seal(grant{email: w.email, keyID: "x", scopes: 255, expires: time.Unix(1<<40, 0)}), "")
	f.Fuzz(func(t *testing.T, bearer, query string) {
		r := httptest.NewRequest("GET", w.server.URL+"/v1/thing", nil)
		r.Header.Set("Authorization", "Bearer "+bearer)
		r.URL.RawQuery = query
		who, err := w.Authenticate(r.Context(), r, method)
		sent := strings.TrimSpace(bearer)
		if err == nil && (who.Email != w.email || sent != token && sent != self) {
			t.Fatalf("%q is %+v", bearer, who)
		}
		if err != nil && (sent == token || who.Email != "" || Challenge(err) == "") {
			t.Fatalf("%+v, %v", who, err)
		}
	})
}

// What is in a token that we signed is read back, and nothing else is a grant.
func FuzzReadGrant(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x70\x00\x00\x00\x01\x03a@bkey"))
	f.Add([]byte("\x00\x00\x00\x00\x70\x00\x00\x00\x01\xffa@bkey"))
	f.Add([]byte{})
	a := &Auth{clock: clock.New()}
	a.tokens.Store(newRing(&secret{Secret: "secret"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, ok := readGrant(b)
		if !ok {
			return
		}
		if again, ok := a.unseal(a.seal(g)); !ok || again != g {
			t.Fatalf("%+v became %+v", g, again)
		}
	})
}
