package security

import (
	"crypto/rsa"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/openrbm/openrbm/internal/auth"
)

// keyOf reads a key file.
func keyOf(t testing.TB, path string) (email, tokenURI string, key *rsa.PrivateKey) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	var f struct {
		ClientEmail string `json:"client_email"`
		TokenURI    string `json:"token_uri"`
		PrivateKey  string `json:"private_key"`
	}
	must(t, json.Unmarshal(b, &f))
	key, err = jwt.ParseRSAPrivateKeyFromPEM([]byte(f.PrivateKey))
	must(t, err)
	return f.ClientEmail, f.TokenURI, key
}

// assertion is what the key of a file signs to get a messaging token, with changes.
func assertion(t testing.TB, keyFile string, change func(jwt.MapClaims)) string {
	t.Helper()
	email, tokenURI, key := keyOf(t, keyFile)
	now := time.Now()
	claims := jwt.MapClaims{"iss": email, "aud": tokenURI, "scope": auth.ScopeMessaging, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	if change != nil {
		change(claims)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
	must(t, err)
	return signed
}
