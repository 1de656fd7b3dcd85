// Package registry knows who exists: agents with their webhooks and launches,
// phones with their capabilities, and testers; and it says whom an agent can
// reach.
package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// phoneCache is how many phones are kept in memory, about 0.5 KB each.
const phoneCache = 100_000

// Registry holds the agents in memory and the phones last used in a cache; both
// are written through. Make one with Open.
type Registry struct {
	clock   *clock.Clock
	log     *slog.Logger
	agents  ledger.Table[Agent]
	phones  ledger.Table[Phone]
	testers ledger.Table[Tester]
	brands  ledger.Table[Brand]
	partner ledger.Table[Partner] // one document

	geography Geography

	// Connected says whether a phone is connected now; nil: none is known to be.
	// Set it before the registry is used.
	Connected func(number string) bool

	// Changed, if it is set before the registry is used, is told what other nodes on
	// the same store are to Forget, after each change.
	Changed func(what string)
	// MaxAge bounds how long a phone is answered for from memory; 0: for ever, which
	// is right where no other process writes to the store.
	MaxAge time.Duration

	promotions, invitations ledger.Table[tally]

	// changing is held while agents or testers are written, so that memory follows
	// the store and an agent goes with its testers. It is taken before mu, which is
	// never held while the store works: sends read agents all the time.
	changing sync.Mutex
	mu       sync.RWMutex
	loaded   map[string]*Agent // every agent; the values are never changed

	lending [32]byte                   // signs the device tokens that are lent
	recent  *lru.Cache[string, recent] // the values are never changed
	// writing serialises the reads and writes of one phone's record, so that the
	// cache never keeps what is older than the store.
	writing [64]sync.Mutex
	seed    maphash.Seed
}

// Open reads the agents of l. Without a geography it is the default one.
func Open(ctx context.Context, l *ledger.Ledger, log *slog.Logger, geography ...Geography) (*Registry, error) {
	phones, err := lru.New[string, recent](phoneCache)
	if err != nil {
		return nil, err
	}
	r := &Registry{
		clock: l.Clock(), log: log, recent: phones, seed: maphash.MakeSeed(), loaded: make(map[string]*Agent),
		agents: ledger.Agents[Agent](l), phones: ledger.Phones[Phone](l), testers: ledger.Testers[Tester](l),
		promotions: ledger.Promotions[tally](l), invitations: ledger.Settings[tally](l),
	}
	rand.Read(r.lending[:]) // never fails
	r.brands, r.partner = ledger.Brands[Brand](l), ledger.Settings[Partner](l)
	r.geography = DefaultGeography()
	if len(geography) > 0 {
		r.geography = geography[0]
	}
	agents, err := r.agents.List(ctx, "", "", 0)
	if err != nil {
		return nil, fmt.Errorf("registry: reading the agents: %w", err)
	}
	for _, a := range agents {
		r.loaded[a.ID] = a
	}
	return r, nil
}

// wireError gives the errors of the store the codes that clients know.
func (r *Registry) wireError(ctx context.Context, what, id string, err error) error {
	if _, typed := errors.AsType[*rbm.Error](err); err == nil || typed {
		return err
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return rbm.Errorf(rbm.CodeNotFound, "The %s %q does not exist.", what, id)
	case errors.Is(err, store.ErrConflict):
		return rbm.Errorf(rbm.CodeAlreadyExists, "The %s %q exists already.", what, id)
	}
	r.log.ErrorContext(ctx, "store", what, id, "err", err)
	return rbm.Errorf(rbm.CodeUnavailable, "The service is currently unavailable.")
}

// invalid is the answer to one wrong field.
func invalid(field, format string, args ...any) error {
	return rbm.InvalidArgument(rbm.Violation{Field: field, Description: fmt.Sprintf(format, args...)})
}
