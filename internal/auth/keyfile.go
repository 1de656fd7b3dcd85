package auth

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

const (
	keyBits = 2048
	maxKeys = 10 // of one account; two are enough to replace one without a pause
)

// Key is the public half of a key of a service account.
type Key struct {
	ID           string    `json:"id"`           // private_key_id of the key file
	PublicKeyPEM string    `json:"publicKeyPem"` // PKIX
	CreateTime   time.Time `json:"createTime"`
}

func (k Key) public() (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(k.PublicKeyPEM))
	if block == nil {
		return nil, fmt.Errorf("auth: key %s is damaged: no PEM", k.ID)
	}
	p, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("auth: key %s is damaged: %w", k.ID, err)
	}
	public, ok := p.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("auth: key %s is damaged: not an RSA key", k.ID)
	}
	return public, nil
}

// keyFile has Google's shape (facts/rbm-api.md §5.1). Its addresses are this
// server's; official clients use only token_uri.
type keyFile struct {
	Type                    string `json:"type"`
	ProjectID               string `json:"project_id"`
	PrivateKeyID            string `json:"private_key_id"`
	PrivateKey              string `json:"private_key"` // PKCS #8 PEM
	ClientEmail             string `json:"client_email"`
	ClientID                string `json:"client_id"`
	AuthURI                 string `json:"auth_uri"`
	TokenURI                string `json:"token_uri"`
	AuthProviderX509CertURL string `json:"auth_provider_x509_cert_url"`
	ClientX509CertURL       string `json:"client_x509_cert_url"`
	UniverseDomain          string `json:"universe_domain"` // clients compare it with their own
}

// CreateKey makes a key of 2048 bits for the account and returns its key file,
// the only copy of the private half. tokenURI is the address of this server's
// token endpoint as the agent sees it, such as https://rbm.example.com/token.
// It fails with NOT_FOUND, INVALID_ARGUMENT for the address, and
// FAILED_PRECONDITION when the account has 10 keys.
func (a *Auth) CreateKey(ctx context.Context, email, tokenURI string) (file []byte, k Key, err error) {
	u, err := url.Parse(tokenURI)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, Key{}, invalid("token_uri", "token_uri must be an http or https URL")
	}
	acc, err := a.Account(ctx, email)
	if err != nil {
		return nil, Key{}, err
	}
	private, k, err := newKey(a.clock.Now())
	if err != nil {
		return nil, Key{}, err
	}
	origin := u.Scheme + "://" + u.Host
	file, err = json.MarshalIndent(keyFile{
		Type:                    "service_account",
		ProjectID:               acc.ProjectID,
		PrivateKeyID:            k.ID,
		PrivateKey:              private,
		ClientEmail:             acc.Email,
		ClientID:                acc.ClientID,
		AuthURI:                 origin + "/o/oauth2/auth",
		TokenURI:                tokenURI,
		AuthProviderX509CertURL: origin + "/oauth2/v1/certs",
		ClientX509CertURL:       origin + "/robot/v1/metadata/x509/" + url.QueryEscape(acc.Email),
		UniverseDomain:          "googleapis.com",
	}, "", "  ")
	if err != nil {
		return nil, Key{}, errors.New("auth: encoding the key file failed") // its cause may quote the key
	}
	_, err = a.accounts.Update(ctx, email, func(acc *Account) error {
		if len(acc.Keys) >= maxKeys {
			return rbm.Errorf(rbm.CodeFailedPrecondition, "account %s has %d keys already: delete one first", email, maxKeys)
		}
		acc.Keys = append(acc.Keys, k)
		return nil
	})
	if err != nil {
		return nil, Key{}, accountError(err)
	}
	return append(file, '\n'), k, nil
}

// ListKeys returns the keys of the account, oldest first, or NOT_FOUND.
func (a *Auth) ListKeys(ctx context.Context, email string) ([]Key, error) {
	acc, err := a.Account(ctx, email)
	if err != nil {
		return nil, err
	}
	return acc.Keys, nil
}

// DeleteKey makes the key, and every access token that it got, worthless: here
// at once, on other nodes of the same store within 5 s. It fails with NOT_FOUND.
func (a *Auth) DeleteKey(ctx context.Context, email, keyID string) error {
	defer a.revoked()
	_, err := a.accounts.Update(ctx, email, func(acc *Account) error {
		left := slices.DeleteFunc(slices.Clone(acc.Keys), func(k Key) bool { return k.ID == keyID })
		if len(left) == len(acc.Keys) {
			return rbm.NotFound()
		}
		acc.Keys = left
		return nil
	})
	if err != nil {
		return accountError(err)
	}
	return nil
}

// newKey makes a key pair; the private half is PKCS #8 PEM.
func newKey(now time.Time) (private string, k Key, err error) {
	pair, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return "", Key{}, fmt.Errorf("auth: making a key: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(pair)
	if err != nil {
		return "", Key{}, fmt.Errorf("auth: making a key: %w", err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(&pair.PublicKey)
	if err != nil {
		return "", Key{}, fmt.Errorf("auth: making a key: %w", err)
	}
	id := make([]byte, 20)
	if _, err := rand.Read(id); err != nil {
		return "", Key{}, fmt.Errorf("auth: making a key: %w", err)
	}
	k = Key{ID: hex.EncodeToString(id), PublicKeyPEM: pemText("PUBLIC KEY", pkix), CreateTime: now}
	return pemText("PRIVATE KEY", pkcs8), k, nil
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
