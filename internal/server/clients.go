package server

import "github.com/openrbm/openrbm/internal/front"

// ClientsConfig bounds what strangers may do. A client is an IPv4 address or a /64
// of IPv6; 0 is no limit.
type ClientsConfig struct {
	// TrustedProxies are the addresses and networks of the proxies before this server,
	// such as "10.0.0.7" or "fd00::/8". Their X-Forwarded-For says who the client is;
	// without them everybody behind a proxy is one client, and everybody's header is
	// ignored.
	TrustedProxies []string `toml:"trusted_proxies"`
	// Connections is how many connections a listener has at a time, phones included. One
	// too many is closed at once.
	Connections int `toml:"connections"`
	// ConnectionsPerClient is how many of them one client may have. Phones of one
	// carrier may share an address.
	ConnectionsPerClient int `toml:"connections_per_client"`
	// TokenRequestsPerMinute is how often one client may ask for an access token, which
	// is good for an hour. They may come at once; beyond: 429 with Retry-After.
	TokenRequestsPerMinute int `toml:"token_requests_per_minute"`
	// FailedLoginsPerMinute is how often one client may fail with an admin token, with
	// the device token of one phone (with those of all: ten times as often) or at the token endpoint.
	// Then every login of its kind is refused with 429 for a while, right ones too.
	FailedLoginsPerMinute int `toml:"failed_logins_per_minute"`
}

func defaultClients() ClientsConfig {
	return ClientsConfig{Connections: 50_000, ConnectionsPerClient: 4096, TokenRequestsPerMinute: 600, FailedLoginsPerMinute: 60}
}

func (c *ClientsConfig) check(rule func(holds bool, format string, args ...any)) {
	_, err := front.ParseProxies(c.TrustedProxies)
	rule(err == nil, "clients.trusted_proxies: %v", err)
	for name, n := range map[string]int{
		"connections": c.Connections, "connections_per_client": c.ConnectionsPerClient,
		"token_requests_per_minute": c.TokenRequestsPerMinute, "failed_logins_per_minute": c.FailedLoginsPerMinute,
	} {
		rule(n >= 0, "clients.%s: must not be less than 0", name)
	}
}

func (c *ClientsConfig) proxies() front.Proxies {
	p, _ := front.ParseProxies(c.TrustedProxies) // checked by Config.Check
	return p
}
