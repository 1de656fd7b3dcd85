package front

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of the proxies before the server, whose
// X-Forwarded-For is believed.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks, such as "10.0.0.7" and "fd00::/8".
func ParseProxies(list []string) (Proxies, error) {
	var all Proxies
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil || a.Zone() != "" {
				return nil, &net.ParseError{Type: "address or network", Text: s}
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

func (p Proxies) trust(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// Client is the address that r comes from: that of the connection or, as long as
// that is a proxy's, the one that the proxy names. Clients may write what they like
// into the header: it is read from its end, and only what a proxy added counts.
func (p Proxies) Client(r *http.Request) netip.Addr {
	at := addressOf(r.RemoteAddr)
	if len(p) == 0 || !p.trust(at) {
		return at
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		before, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(hop), "[]"))
		if err != nil {
			return at
		}
		if at = before.Unmap().WithZone(""); !p.trust(at) {
			return at
		}
	}
	return at
}

// addressOf is the address of "host:port", the zero Addr if it is none.
func addressOf(hostPort string) netip.Addr {
	at, _ := netip.ParseAddrPort(hostPort)
	return at.Addr().Unmap().WithZone("")
}

// network is what counts as one client: an IPv4 address, or the /64 of an IPv6
// address, which a single machine has to itself.
func network(a netip.Addr) netip.Addr {
	if a.Is6() {
		p, _ := a.Prefix(64) // fails for IPv4 only
		return p.Addr()
	}
	return a
}
