package front

import (
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/openrbm/openrbm/rbm"
)

// Door is what a caller tries to get through; each is counted by itself.
type Door uint8

const (
	AdminDoor Door = iota // the admin token
	PhoneDoor             // a device token
	TokenDoor             // the token endpoint
	asking                // the token endpoint, whatever the outcome
)

// Logins counts failed logins and token requests of clients, a token bucket each.
// A nil *Logins bounds nothing.
type Logins struct {
	proxies            Proxies
	failures, requests int // a minute, and at once; 0: no limit

	mu       sync.Mutex
	buckets  *lru.Cache[who, *bucket]
	attempts map[who]int // since Attempts was called last
	refused  atomic.Int64
}

// who is whom a bucket is for.
type who struct {
	door Door
	from netip.Addr // a network, as network has it
	name string     // "": everyone from there
}

// bucket is what has been spent of so much a minute.
type bucket struct {
	spent float64
	last  time.Time
}

// maxBuckets is how many clients are counted at a time, about 0.2 KB each. The one
// that was heard of longest ago is forgotten.
const maxBuckets = 65_536

// crowd is how many times the failures of one name everyone behind one address
// may have: many phones share the address of their carrier.
const crowd = 10

// NewLogins allows so many failed logins and token requests a minute; 0 is no
// limit.
func NewLogins(p Proxies, failures, requests int) *Logins {
	buckets, _ := lru.New[who, *bucket](maxBuckets) // fails for a size of 0 only
	return &Logins{proxies: p, failures: failures, requests: requests, buckets: buckets, attempts: make(map[who]int)}
}

// Client is the address that r comes from; none for a nil l.
func (l *Logins) Client(r *http.Request) netip.Addr {
	if l == nil {
		return netip.Addr{}
	}
	return l.proxies.Client(r)
}

// Blocked refuses, with RESOURCE_EXHAUSTED and the time to wait, who has failed too
// often. Name is who the caller says to be, or "".
func (l *Logins) Blocked(door Door, from netip.Addr, name string) error {
	if l == nil || l.failures == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.wait(who{door, network(from), name}, l.failures)
	if name != "" {
		wait = max(wait, l.wait(who{door, network(from), ""}, crowd*l.failures))
	}
	return l.refuse(door, from, wait, "Too many failed logins from your address.")
}

// Failed counts a failed login.
func (l *Logins) Failed(door Door, from netip.Addr, name string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(door, from)
	if l.failures == 0 {
		return
	}
	l.spend(who{door, network(from), name}, l.failures)
	if name != "" {
		l.spend(who{door, network(from), ""}, crowd*l.failures)
	}
}

// Ask counts a request for a token, or refuses it.
func (l *Logins) Ask(from netip.Addr) error {
	if l == nil || l.requests == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k := who{asking, network(from), ""}
	wait := l.wait(k, l.requests)
	if wait == 0 {
		l.spend(k, l.requests)
	}
	return l.refuse(asking, from, wait, "Too many token requests from your address: a token is good for an hour.")
}

// Refused is how often someone was refused.
func (l *Logins) Refused() int64 { return l.refused.Load() }

// refuse says that it is too early. The caller holds mu.
func (l *Logins) refuse(door Door, from netip.Addr, wait time.Duration, why string) error {
	if wait <= 0 {
		return nil
	}
	l.note(door, from)
	l.refused.Add(1)
	return &rbm.Error{Code: rbm.CodeResourceExhausted, Reason: "RATE_LIMIT_EXCEEDED", Domain: "openrbm", RetryAfter: wait, Message: why}
}

// wait is how long until k may spend one again, at so much a minute.
func (l *Logins) wait(k who, perMinute int) time.Duration {
	b, ok := l.buckets.Get(k)
	if !ok {
		return 0
	}
	b.refill(perMinute)
	return time.Duration(max(0, b.spent+1-float64(perMinute)) / float64(perMinute) * float64(time.Minute))
}

func (l *Logins) spend(k who, perMinute int) {
	b, ok := l.buckets.Get(k)
	if !ok {
		b = &bucket{last: time.Now()}
		l.buckets.Add(k, b)
	}
	b.refill(perMinute)
	b.spent = min(b.spent+1, float64(perMinute))
}

func (b *bucket) refill(perMinute int) {
	now := time.Now()
	b.spent = max(0, b.spent-now.Sub(b.last).Minutes()*float64(perMinute))
	b.last = now
}
