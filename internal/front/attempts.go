package front

import (
	"cmp"
	"net/netip"
	"slices"
)

// Attempts is how often somebody tried in vain to get in.
type Attempts struct {
	Door  Door       // AdminDoor or TokenDoor: phones fail too often, and honestly
	From  netip.Addr // the address, or the first of a /64 of IPv6; none: all others together
	Count int        // refusals because of too many are counted too
}

const (
	maxNetworks = 1000 // that are told apart between two looks
	maxNamed    = 5    // that are named in one look, for each door
)

// note counts an attempt. The caller holds mu.
func (l *Logins) note(door Door, from netip.Addr) {
	if door == asking {
		door = TokenDoor
	}
	if door == PhoneDoor {
		return
	}
	k := who{door: door, from: network(from)}
	if l.attempts[k] == 0 && len(l.attempts) >= maxNetworks {
		k.from = netip.Addr{}
	}
	l.attempts[k]++
}

// Attempts are those since it was called last: of each door the networks from which
// most came, and one for all others. So what strangers can have written down is
// bounded.
func (l *Logins) Attempts() []Attempts {
	l.mu.Lock()
	counts := l.attempts
	l.attempts = make(map[who]int)
	l.mu.Unlock()
	var all []Attempts
	for k, n := range counts {
		all = append(all, Attempts{k.door, k.from, n})
	}
	slices.SortFunc(all, func(a, b Attempts) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), a.From.Compare(b.From), cmp.Compare(a.Door, b.Door))
	})
	var named, rest []Attempts
	for _, door := range []Door{AdminDoor, TokenDoor} {
		others, n := Attempts{Door: door}, 0
		for _, a := range all {
			switch {
			case a.Door != door:
			case a.From.IsValid() && n < maxNamed:
				named, n = append(named, a), n+1
			default:
				others.Count += a.Count
			}
		}
		if others.Count > 0 {
			rest = append(rest, others)
		}
	}
	return append(named, rest...)
}
