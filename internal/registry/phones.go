package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash/maphash"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// Phone is a user's phone as it is stored.
type Phone struct {
	Number     string        `json:"number"` // E.164
	RCSEnabled bool          `json:"rcsEnabled,omitzero"`
	Features   []rbm.Feature `json:"features,omitzero"`
	Carrier    string        `json:"carrier,omitzero"`
	US         bool          `json:"us,omitzero"` // a number of the United States
	LastSeen   time.Time     `json:"lastSeen"`
	CreateTime time.Time     `json:"createTime"`
	TokenHash  []byte        `json:"tokenHash"` // SHA-256 of the device token
}

// reachableFor is how long after it was last connected a phone counts as
// capable (facts/rbm-api.md §1.4).
const reachableFor = 31 * 24 * time.Hour

const (
	maxCarrier  = 64 // bytes
	maxFeatures = 64
)

var feature = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// reachable says that the phone has RCS and was connected in the last 31 days.
// LastSeen may be older for a phone that is connected now, when the clock was turned.
func (r *Registry) reachable(p *Phone) bool {
	return p.RCSEnabled && (r.clock.Now().Sub(p.LastSeen) <= reachableFor || r.Connected != nil && r.Connected(p.Number))
}

func (p *Phone) validate() error {
	if !rbm.ValidPhone(p.Number) {
		return invalid("phone_number", "The phoneNumber %q is not in E.164 form, such as +12223334444.", p.Number)
	}
	if len(p.Carrier) > maxCarrier {
		return invalid("carrier", "The carrier must be at most %d bytes.", maxCarrier)
	}
	if len(p.Features) > maxFeatures {
		return invalid("features", "There must be at most %d features.", maxFeatures)
	}
	for i, f := range p.Features {
		// Features that are new to this program are kept: phones know them first.
		if !feature.MatchString(string(f)) {
			return invalid(fmt.Sprintf("features[%d]", i), "The feature %q must be 1 to 64 capital letters, digits or '_'.", f)
		}
	}
	return nil
}

// CreatePhone adds a phone and returns its device token, which is stored
// nowhere.
func (r *Registry) CreatePhone(ctx context.Context, p Phone) (*Phone, string, error) {
	token, hash := newToken()
	now := r.clock.Now().Truncate(time.Microsecond)
	p.CreateTime, p.LastSeen, p.US, p.TokenHash = now, now, rbm.IsUSPhone(p.Number), hash
	if err := p.validate(); err != nil {
		return nil, "", err
	}
	mu := r.phoneLock(p.Number)
	mu.Lock()
	defer mu.Unlock()
	if err := r.phones.Create(ctx, p.Number, &p); err != nil {
		return nil, "", r.wireError(ctx, "phone", p.Number, err)
	}
	r.remember(&p)
	return &p, token, nil
}

// Phone returns the phone of number, or NOT_FOUND.
func (r *Registry) Phone(ctx context.Context, number string) (*Phone, error) {
	if p, ok := r.recall(number); ok {
		return p, nil
	}
	mu := r.phoneLock(number)
	mu.Lock()
	defer mu.Unlock()
	p, err := r.phones.Get(ctx, number)
	if err != nil {
		return nil, r.wireError(ctx, "phone", number, err)
	}
	r.remember(p)
	return p, nil
}

// Phones lists up to limit phones by number, those after the number after.
func (r *Registry) Phones(ctx context.Context, after string, limit int) ([]*Phone, error) {
	phones, err := r.phones.List(ctx, "", after, limit)
	return phones, r.wireError(ctx, "phone", after, err)
}

// CountPhones counts the phones.
func (r *Registry) CountPhones(ctx context.Context) (int, error) {
	n, err := r.phones.Count(ctx)
	return n, r.wireError(ctx, "phone", "", err)
}

// UpdatePhone changes a phone by change; the result must be valid, and the
// number stays.
func (r *Registry) UpdatePhone(ctx context.Context, number string, change func(*Phone)) (*Phone, error) {
	defer r.changed(phoneChanged, number)
	return r.updatePhone(ctx, number, change)
}

func (r *Registry) updatePhone(ctx context.Context, number string, change func(*Phone)) (*Phone, error) {
	mu := r.phoneLock(number)
	mu.Lock()
	defer mu.Unlock()
	p, err := r.phones.Update(ctx, number, func(p *Phone) error {
		change(p)
		p.Number = number
		return p.validate()
	})
	if err != nil {
		r.recent.Remove(number) // it may have been written all the same (law 4)
		return nil, r.wireError(ctx, "phone", number, err)
	}
	r.remember(p)
	return p, nil
}

// DeletePhone removes a phone. Its messages go when their time comes.
func (r *Registry) DeletePhone(ctx context.Context, number string) error {
	defer r.changed(phoneChanged, number)
	mu := r.phoneLock(number)
	mu.Lock()
	defer mu.Unlock()
	r.recent.Remove(number)
	return r.wireError(ctx, "phone", number, r.phones.Delete(ctx, number))
}

// IssueToken gives a phone a new device token; the old one is void.
func (r *Registry) IssueToken(ctx context.Context, number string) (string, error) {
	token, hash := newToken()
	if _, err := r.UpdatePhone(ctx, number, func(p *Phone) { p.TokenHash = hash }); err != nil {
		return "", err
	}
	return token, nil
}

// Authenticate checks a phone's device token. Whether the number or the token
// is wrong, the answer is the same.
func (r *Registry) Authenticate(ctx context.Context, number, token string) error {
	refused := rbm.Errorf(rbm.CodeUnauthenticated, "The phone number or the device token is wrong.")
	p, err := r.Phone(ctx, number)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return refused
	}
	if err != nil {
		return err
	}
	if r.isLent(p, token) {
		return nil
	}
	if hash := sha256.Sum256([]byte(token)); subtle.ConstantTimeCompare(hash[:], p.TokenHash) != 1 {
		return refused
	}
	return nil
}

// Announce records what a phone says it can do. A phone that announces itself
// has RCS.
func (r *Registry) Announce(ctx context.Context, number string, features []rbm.Feature, carrier string) error {
	p, err := r.Phone(ctx, number)
	if err != nil {
		return err
	}
	if p.RCSEnabled && p.Carrier == carrier && slices.Equal(p.Features, features) {
		return nil
	}
	_, err = r.UpdatePhone(ctx, number, func(p *Phone) {
		p.RCSEnabled, p.Carrier, p.Features = true, carrier, slices.Clone(features)
	})
	return err
}

// seenStep is how exactly it is known when a phone was last connected.
const seenStep = time.Hour

// Seen records that a phone is connected now.
func (r *Registry) Seen(ctx context.Context, number string) error {
	p, err := r.Phone(ctx, number)
	if err != nil {
		return err
	}
	now := r.clock.Now().Truncate(time.Second)
	if now.Sub(p.LastSeen) < seenStep {
		return nil
	}
	_, err = r.updatePhone(ctx, number, func(p *Phone) { p.LastSeen = now })
	return err
}

func (r *Registry) phoneLock(number string) *sync.Mutex {
	return &r.writing[maphash.String(r.seed, number)%uint64(len(r.writing))]
}

func newToken() (token string, hash []byte) {
	var b [32]byte
	rand.Read(b[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(b[:])
	h := sha256.Sum256([]byte(token))
	return token, h[:]
}
