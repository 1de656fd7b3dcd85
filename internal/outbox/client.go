package outbox

import (
	"net"
	"net/http"
	"time"
)

// userAgent tells the owner of a webhook who calls.
const userAgent = "OpenRBM (+https://github.com/openrbm/openrbm)"

// newClient keeps connections to webhooks alive between bursts of events. The
// number of connections to one host is left to PerAgent and InAll: a limit by
// host would let one agent's hanging webhook delay another's on the same host.
func newClient(o *Options) *http.Client {
	proxy := http.ProxyFromEnvironment
	if o.DialControl != nil {
		proxy = nil // it would see the proxy's address only
	}
	dialer := &net.Dialer{Timeout: o.Timeout, KeepAlive: 30 * time.Second, Control: o.DialControl}
	return &http.Client{Transport: &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
		TLSHandshakeTimeout:    o.Timeout,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           o.InAll,
		MaxIdleConnsPerHost:    o.PerAgent,
		MaxResponseHeaderBytes: maxAnswer,
		DisableCompression:     true,
	}}
}

// unredirected is c without the following of redirects: only 200 is success
// (facts/rbm-api.md §3.4), and an event goes nowhere but to the agent's webhook.
func unredirected(c *http.Client) *http.Client {
	strict := *c
	strict.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &strict
}
