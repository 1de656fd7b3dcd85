package media

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"syscall"
)

// The guard keeps the platform from being used to reach what only it can reach. A
// URL is looked at before it is fetched, and again after each redirect; the address
// is looked at when it is known, by the dialer, so that a name which changes its
// address meanwhile gains nothing.

// errPrivate is why an address is not connected to.
var errPrivate = errors.New("media: the address is not public")

// checkURL says why u may not be fetched.
func (f *fetcher) checkURL(u *url.URL) error {
	addr, _ := netip.ParseAddr(u.Hostname())
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return fail("the scheme must be http or https")
	case u.Hostname() == "":
		return fail("the URL names no host")
	case u.User != nil:
		return fail("a URL with a user name is not fetched")
	case f.allowPrivate:
		return nil
	case addr.Is4In6() || addr.Zone() != "":
		return fail("the URL does not lead to a public address")
	case u.Port() != "" && u.Port() != "80" && u.Port() != "443":
		return fail("the port must be 80 or 443")
	}
	return nil
}

// checkAddress is the dialer's Control: it sees every address before it is
// connected to, after the name was resolved.
func (f *fetcher) checkAddress(_, address string, _ syscall.RawConn) error {
	if f.allowPrivate {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !public(at.Addr()) || at.Port() != 80 && at.Port() != 443 {
		return &net.AddrError{Err: errPrivate.Error(), Addr: address}
	}
	return nil
}

// public says that an address is of the public internet: global unicast, and of no
// range in the registries of special addresses (RFC 6890), nor a form in which IPv6
// carries an IPv4 address.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if a.Is6() && !globalIPv6.Contains(a) {
		return false // ::, ::1, compatible, NAT64, unique local, link-local, multicast, …
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid() && a.Zone() == ""
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
