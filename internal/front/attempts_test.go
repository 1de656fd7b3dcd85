package front

import (
	"net/netip"
	"slices"
	"testing"
)

// Those from which most came are named, all others count as one, and phones do not.
func TestAttempts(t *testing.T) {
	l := NewLogins(Proxies{}, 0, 0)
	at := func(network int) netip.Addr {
		return netip.AddrFrom4([4]byte{203, byte(network >> 16), byte(network >> 8), byte(network)})
	}
	for network := range 8 {
		for range 10 - network {
			l.Failed(AdminDoor, at(network), "")
		}
	}
	l.Failed(TokenDoor, netip.MustParseAddr("2001:db8::7"), "")
	l.Failed(PhoneDoor, at(1), "+12223334444")
	want := []Attempts{
		{AdminDoor, at(0), 10}, {AdminDoor, at(1), 9}, {AdminDoor, at(2), 8}, {AdminDoor, at(3), 7}, {AdminDoor, at(4), 6},
		{TokenDoor, netip.MustParseAddr("2001:db8::"), 1}, {AdminDoor, netip.Addr{}, 5 + 4 + 3},
	}
	if got := l.Attempts(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := l.Attempts(); len(got) > 0 {
		t.Errorf("again: %v", got)
	}
	for network := range 3 * maxNetworks {
		l.Failed(AdminDoor, at(network), "")
	}
	if len(l.attempts) > maxNetworks+1 {
		t.Errorf("%d networks are told apart", len(l.attempts))
	}
	if got := l.Attempts(); len(got) != maxNamed+1 || got[maxNamed].Count != 3*maxNetworks-maxNamed {
		t.Errorf("from very many: %v", got)
	}
}
