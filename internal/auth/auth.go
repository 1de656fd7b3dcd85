package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// Options of an Auth; the zero value is ready for use.
type Options struct {
	AdminToken string       // instead of the one that is made at the first start
	PublicURLs []string     // base URLs of this server, such as https://rbm.example.com, beside those that requests name
	Log        *slog.Logger // default: slog.Default()
}

// Auth knows the callers. Its methods may be called from many goroutines at once.
type Auth struct {
	accounts   ledger.Table[Account]
	clock      *clock.Clock
	log        *slog.Logger
	publicURLs []string

	tokenSecret []byte // seals access tokens
	markSecret  string // of PhoneMark
	adminToken  string
	adminSum    [sha256.Size]byte

	verdicts *lru.Cache[[sha256.Size]byte, *verdict] // by the hash of the bearer
	epoch    atomic.Uint64                           // counts the changes that take rights away; older verdicts are void
}

// New reads the platform's secrets from the ledger, or makes them at the first start.
func New(ctx context.Context, l *ledger.Ledger, o Options) (*Auth, error) {
	a := &Auth{
		accounts:   ledger.Accounts[Account](l),
		clock:      l.Clock(),
		log:        o.Log,
		adminToken: o.AdminToken,
	}
	if a.log == nil {
		a.log = slog.Default()
	}
	for _, u := range o.PublicURLs {
		a.publicURLs = append(a.publicURLs, strings.TrimSuffix(u, "/"))
	}
	s, err := platformSecret(ctx, l, "auth-token-secret")
	if err != nil {
		return nil, err
	}
	a.tokenSecret = []byte(s)
	if a.markSecret, err = platformSecret(ctx, l, "auth-mark-secret"); err != nil {
		return nil, err
	}
	if a.adminToken == "" {
		if a.adminToken, err = platformSecret(ctx, l, "auth-admin-token"); err != nil {
			return nil, err
		}
	}
	a.adminSum = sha256.Sum256([]byte(a.adminToken))
	if a.verdicts, err = lru.New[[sha256.Size]byte, *verdict](maxVerdicts); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return a, nil
}

// secret is how a secret of the platform stands in the ledger's settings.
type secret struct {
	Secret string `json:"secret"`
}

// platformSecret is the secret of that name, made if there is none. Nodes that
// start together agree on one.
func platformSecret(ctx context.Context, l *ledger.Ledger, name string) (string, error) {
	settings := ledger.Settings[secret](l)
	s, err := settings.Get(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		s = &secret{newSecret()}
		err = settings.Create(ctx, name, s)
		if errors.Is(err, store.ErrConflict) {
			s, err = settings.Get(ctx, name)
		}
	}
	if err != nil {
		return "", fmt.Errorf("auth: setting %s: %w", name, err)
	}
	if s.Secret == "" {
		return "", fmt.Errorf("auth: setting %s is empty", name)
	}
	return s.Secret, nil
}

// newSecret is 256 random bits as 52 letters and digits.
func newSecret() string { return rand.Text() + rand.Text() }
