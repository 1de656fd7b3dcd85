// Package netguard keeps the platform from being used to reach what only it can
// reach: cloud metadata, loopback, the network that it stands in. Whoever names a
// URL for the server to call, an agent's file or a webhook, passes here twice: the
// URL is looked at when it is named, and the address when it is known, by the
// dialer, so that a name which changes its address meanwhile gains nothing.
package netguard

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Guard says where the server may connect to; the zero value allows every port of
// every public address.
type Guard struct {
	AllowPrivate bool     // everything is allowed: for tests, or behind a proxy that guards
	Ports        []uint16 // none: all
	Resolver     *net.Resolver
}

// Refusal is why a URL or an address is not connected to, in words for whoever
// named it: the end of a sentence.
type Refusal struct{ why string }

func (r *Refusal) Error() string { return r.why }

// The refusals.
var (
	errScheme  = &Refusal{"the scheme must be http or https"}
	errNoHost  = &Refusal{"the URL names no host"}
	errUser    = &Refusal{"a URL with a user name is not fetched"}
	errPort    = &Refusal{"the port must be 80 or 443"}
	ErrPrivate = &Refusal{"the URL does not lead to a public address"}
)

// CheckURL says why u may not be called, as far as its text tells. The error is a
// *Refusal.
func (g Guard) CheckURL(u *url.URL) error {
	addr, parsed := netip.ParseAddr(u.Hostname())
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errScheme
	case u.Hostname() == "":
		return errNoHost
	case u.User != nil:
		return errUser
	case g.AllowPrivate:
		return nil
	case addr.Is4In6() || parsed == nil && !Public(addr):
		return ErrPrivate
	case !g.takesPort(u):
		return errPort
	}
	return nil
}

func (g Guard) takesPort(u *url.URL) bool {
	if u.Port() == "" || len(g.Ports) == 0 {
		return true
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && slices.Contains(g.Ports, uint16(port))
}

// lookupWait bounds the resolving of a name that somebody sets.
const lookupWait = 5 * time.Second

// CheckTarget is CheckURL with a look at the addresses that the host's name has
// now, for a clear answer at the time when a URL is set. A name without addresses
// passes: it may get some later, and then the dialer looks at them.
func (g Guard) CheckTarget(ctx context.Context, u *url.URL) error {
	if err := g.CheckURL(u); err != nil || g.AllowPrivate {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupWait)
	defer cancel()
	resolver := g.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	addresses, err := resolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil
	}
	for _, a := range addresses {
		if !Public(a) {
			return ErrPrivate
		}
	}
	return nil
}

// Control is a net.Dialer's: it sees every address before it is connected to,
// after the name was resolved.
func (g Guard) Control(_, address string, _ syscall.RawConn) error {
	if g.AllowPrivate {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !Public(at.Addr()) || len(g.Ports) > 0 && !slices.Contains(g.Ports, at.Port()) {
		return ErrPrivate
	}
	return nil
}

// Refused is the guard's refusal in err, or nil.
func Refused(err error) *Refusal {
	r, _ := errors.AsType[*Refusal](err)
	return r
}

// Public says that an address is of the public internet: global unicast, and of no
// range in the registries of special addresses (RFC 6890), nor a form in which IPv6
// carries an IPv4 address.
func Public(a netip.Addr) bool {
	zone := a.Zone()
	a = a.Unmap()
	if a.Is6() && !globalIPv6.Contains(a) {
		return false // ::, ::1, compatible, NAT64, unique local, link-local, multicast, …
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid() && zone == ""
}

var globalIPv6 = netip.MustParsePrefix("2000::/3")

var special = func() (list []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23",     // IETF protocols, with Teredo
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4
		"2620:4f:8000::/48",
		"3fff::/20", // documentation
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}()
