package client

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/golang-jwt/jwt/v5"
)

// serviceAccount is what a client needs of a service account's key file, which
// has Google's JSON shape (facts/rbm-api.md §5.1).
type serviceAccount struct {
	Type         string `json:"type"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	ClientEmail  string `json:"client_email"`
	TokenURI     string `json:"token_uri"`

	signer *rsa.PrivateKey
}

// loadKey takes the key itself or reads it from a file; exactly one is wanted.
func loadKey(key []byte, file string) (*serviceAccount, error) {
	switch {
	case len(key) > 0 && file != "":
		return nil, errors.New("client: give the key or the name of the key file, not both")
	case len(key) == 0 && file == "":
		return nil, errors.New("client: no service account key: set Key or KeyFile")
	case file != "":
		read, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("client: key file: %w", err)
		}
		key = read
	}
	return parseKey(key)
}

// parseKey reads a key file. Its errors never quote the file: it holds a secret.
func parseKey(key []byte) (*serviceAccount, error) {
	var a serviceAccount
	if json.Unmarshal(key, &a) != nil {
		return nil, errors.New("client: key file: not a JSON object of strings")
	}
	if a.Type != "service_account" {
		return nil, fmt.Errorf(`client: key file: type is %q, want "service_account"`, a.Type)
	}
	if a.ClientEmail == "" {
		return nil, errors.New("client: key file: client_email is missing")
	}
	if u, err := url.Parse(a.TokenURI); err != nil || !isHTTP(u) {
		return nil, fmt.Errorf("client: key file: token_uri %q is not an http or https URL", a.TokenURI)
	}
	signer, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(a.PrivateKey))
	if err != nil {
		return nil, fmt.Errorf("client: key file: private_key: %w", err)
	}
	a.signer = signer
	return &a, nil
}

// origin is the scheme and host of the token endpoint: OpenRBM serves the API
// and the token endpoint side by side.
func (a *serviceAccount) origin() string {
	u, err := url.Parse(a.TokenURI)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func isHTTP(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
