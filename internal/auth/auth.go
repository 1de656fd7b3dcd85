package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// Options of an Auth; the zero value is ready for use.
type Options struct {
	// ReadAdminToken reads the admin token from where the administrator keeps it. It is
	// called again every few seconds. Nil: a token is made at the first start.
	ReadAdminToken func() (string, error)
	// PublicURLs are the base URLs of this server, such as https://rbm.example.com: what
	// is signed for another audience is refused. Unless OnlyPublic is set, the URL that a
	// request names by its Host is one of them: whoever sends it can choose that.
	PublicURLs []string
	OnlyPublic bool
	Log        *slog.Logger // default: slog.Default()

	Logins *front.Logins // bounds token requests, and those that fail; nil: nothing does
	// Changed, if set, is called after each change that takes rights away: other nodes
	// on the same store are to Forget.
	Changed func()
}

// Auth knows the callers. Its methods may be called from many goroutines at once.
type Auth struct {
	accounts   ledger.Table[Account]
	clock      *clock.Clock
	log        *slog.Logger
	publicURLs []string
	onlyPublic bool
	logins     *front.Logins

	settings   ledger.Table[secret]
	readAdmin  func() (string, error)
	tokens     atomic.Pointer[ring] // seal access tokens
	admin      atomic.Pointer[ring]
	refreshing sync.Mutex
	refreshed  time.Time
	markSecret string // of PhoneMark
	changed    func()

	verdicts *lru.Cache[[sha256.Size]byte, *verdict] // by the hash of the bearer
	epoch    atomic.Uint64                           // counts the changes that take rights away; older verdicts are void
}

// New reads the platform's secrets from the ledger, or makes them at the first start.
func New(ctx context.Context, l *ledger.Ledger, o Options) (*Auth, error) {
	a := &Auth{
		accounts:   ledger.Accounts[Account](l),
		clock:      l.Clock(),
		log:        o.Log,
		settings:   settings(l),
		readAdmin:  o.ReadAdminToken,
		refreshed:  time.Now(),
		logins:     o.Logins,
		onlyPublic: o.OnlyPublic,
		changed:    o.Changed,
	}
	if a.changed == nil {
		a.changed = func() {}
	}
	if a.log == nil {
		a.log = slog.Default()
	}
	for _, u := range o.PublicURLs {
		a.publicURLs = append(a.publicURLs, strings.TrimSuffix(u, "/"))
	}
	for _, name := range []string{tokenSetting, adminSetting, markSetting} {
		if err := a.openSecret(ctx, name); err != nil {
			return nil, err
		}
	}
	var err error
	if a.verdicts, err = lru.New[[sha256.Size]byte, *verdict](maxVerdicts); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return a, nil
}

// Forget voids what is remembered of callers: another node has taken rights away.
func (a *Auth) Forget() { a.epoch.Add(1) }

// revoked voids it here and there.
func (a *Auth) revoked() {
	a.Forget()
	a.changed()
}

// openSecret reads the secret of that name, or makes it if there is none. Nodes that
// start together agree on one.
func (a *Auth) openSecret(ctx context.Context, name string) error {
	s, err := a.readSecret(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		s = &secret{Secret: newSecret()}
		err = a.settings.Create(ctx, name, s)
		if errors.Is(err, store.ErrConflict) {
			s, err = a.readSecret(ctx, name)
		}
	}
	if err != nil {
		return fmt.Errorf("auth: setting %s: %w", name, err)
	}
	a.keep(name, s)
	return nil
}

// newSecret is 256 random bits as 52 letters and digits.
func newSecret() string { return rand.Text() + rand.Text() }
