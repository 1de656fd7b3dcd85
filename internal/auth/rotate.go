package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// The settings under which the platform's secrets stand.
const (
	tokenSetting = "auth-token-secret"
	adminSetting = "auth-admin-token"
	markSetting  = "auth-mark-secret" // never replaced: marks are compared over years
)

const (
	maxOld        = 4 // old secrets that are still good; the oldest of more are void
	maxAdminGrace = 7 * 24 * time.Hour
	refreshEvery  = 5 * time.Second // until a rotation by another node is seen
)

// secret is how a secret of the platform stands in the ledger's settings.
type secret struct {
	Secret string      `json:"secret"`
	Old    []oldSecret `json:"old,omitempty"` // newest first
}

// oldSecret is one that was replaced, and is good for a while.
type oldSecret struct {
	Secret string    `json:"secret"`
	Until  time.Time `json:"until"` // of the platform's clock
}

// replace makes next the secret; the one before is good for so long yet, and those
// before it no longer than that.
func (s *secret) replace(next string, grace time.Duration, now time.Time) {
	until := now.Add(grace)
	old := append([]oldSecret{{s.Secret, until}}, s.Old...)
	for i := range old {
		if old[i].Until.After(until) {
			old[i].Until = until
		}
	}
	old = slices.DeleteFunc(old, func(o oldSecret) bool { return !now.Before(o.Until) })
	s.Secret, s.Old = next, old[:min(len(old), maxOld)]
}

// ring is the secrets that are good, ready for use. It is never changed.
type ring struct {
	secrets []oldSecret // the current one first, without an end
	sums    [][sha256.Size]byte
}

func newRing(s *secret) *ring {
	r := &ring{secrets: append([]oldSecret{{Secret: s.Secret}}, s.Old...)}
	for _, o := range r.secrets {
		r.sums = append(r.sums, sha256.Sum256([]byte(o.Secret)))
	}
	return r
}

// good says whether the secret of that place is still good.
func (r *ring) good(i int, now time.Time) bool { return i == 0 || now.Before(r.secrets[i].Until) }

// has tells whether token is one of the secrets. It takes as long for a near miss
// as for a far one.
func (r *ring) has(token string, now time.Time) bool {
	sum, found := sha256.Sum256([]byte(token)), 0
	for i := range r.sums {
		same := subtle.ConstantTimeCompare(sum[:], r.sums[i][:])
		if r.good(i, now) {
			found |= same
		}
	}
	return found == 1
}

// RotateTokenSecret replaces the secret that seals access tokens. Those sealed with
// the old one are good for grace yet, at most the hour that they live; with none
// they are worthless here at once, on other nodes of the same store within 10 s.
// It fails with INVALID_ARGUMENT.
func (a *Auth) RotateTokenSecret(ctx context.Context, grace time.Duration) error {
	if grace < 0 || grace > tokenLife {
		return invalid("grace_period", "the grace period is 0s to 3600s: no access token lives longer")
	}
	_, err := a.rotate(ctx, tokenSetting, grace)
	return err
}

// RotateAdminToken makes a new admin token and returns it. The old one is good for
// grace yet, at most 7 days. It fails with INVALID_ARGUMENT and, if the token comes
// from a file, with FAILED_PRECONDITION: then the file is to be changed.
func (a *Auth) RotateAdminToken(ctx context.Context, grace time.Duration) (string, error) {
	switch {
	case grace < 0 || grace > maxAdminGrace:
		return "", invalid("grace_period", "the grace period is 0s to 604800s (7 days)")
	case a.readAdmin != nil:
		return "", rbm.Errorf(rbm.CodeFailedPrecondition, "The admin token is that of admin.token_file: change the file, which is read again at once.")
	}
	return a.rotate(ctx, adminSetting, grace)
}

func (a *Auth) rotate(ctx context.Context, name string, grace time.Duration) (string, error) {
	defer a.revoked()
	next := newSecret()
	s, err := a.settings.Update(ctx, name, func(s *secret) error {
		s.replace(next, grace, a.clock.Now())
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("auth: rotating %s: %w", name, err)
	}
	a.keep(name, s)
	return next, nil
}

// keep makes s what counts from now on.
func (a *Auth) keep(name string, s *secret) {
	switch name {
	case tokenSetting:
		a.tokens.Store(newRing(s))
	case adminSetting:
		a.admin.Store(newRing(s))
	case markSetting:
		a.markSecret = s.Secret
	}
}

// refresh reads the secrets again from time to time: another node may have rotated
// them, or an administrator the file of the admin token.
func (a *Auth) refresh(ctx context.Context) {
	now := time.Now()
	a.refreshing.Lock()
	due := now.Sub(a.refreshed) >= refreshEvery
	if due {
		a.refreshed = now
	}
	a.refreshing.Unlock()
	if !due {
		return
	}
	for _, name := range []string{tokenSetting, adminSetting} {
		s, err := a.readSecret(ctx, name)
		if err != nil {
			a.log.ErrorContext(ctx, "a secret stays as it was", "setting", name, "err", err)
			continue
		}
		a.keep(name, s)
	}
}

// readSecret reads a secret of the platform, from the file if it has one.
func (a *Auth) readSecret(ctx context.Context, name string) (*secret, error) {
	if name == adminSetting && a.readAdmin != nil {
		token, err := a.readAdmin()
		return &secret{Secret: token}, err
	}
	s, err := a.settings.Get(ctx, name)
	if err == nil && s.Secret == "" {
		err = fmt.Errorf("auth: setting %s is empty", name)
	}
	return s, err
}

// settings of the ledger, as the secrets stand in it.
func settings(l *ledger.Ledger) ledger.Table[secret] { return ledger.Settings[secret](l) }
