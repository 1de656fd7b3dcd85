package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// AskReady asks the server of cfg, which runs on this machine, for /readyz. The error
// has its answer, or says that there was none.
func AskReady(ctx context.Context, cfg Config) error {
	address := cmp.Or(cfg.Admin.Listen, cfg.Listen)
	ask := http.Client{Transport: &http.Transport{
		// Go takes a host that stands for all addresses as this machine.
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
		// The certificate need not be one that this machine trusts. Nothing secret is sent.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	defer ask.CloseIdleConnections()
	scheme := "http://"
	if cfg.TLS.on() {
		scheme = "https://"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+cfg.hostName()+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := ask.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("not ready: %s: %s", resp.Status, strings.TrimSpace(string(said)))
	}
	return err
}

// hostName is a name that the server has a certificate for, if it has one.
func (c *Config) hostName() string {
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		return u.Host
	}
	if len(c.TLS.ACME.Domains) > 0 {
		return c.TLS.ACME.Domains[0]
	}
	return "localhost"
}

// notReady says why the server cannot do its work: it is starting or stopping, or its
// store, as probe found, takes no writes.
func (s *Server) notReady(probe func() error) error {
	if !s.ready.Load() {
		return errors.New("starting or stopping")
	}
	if s.node != nil && !s.node.Valid() {
		return errors.New("this node could not renew its record in the store")
	}
	if err := probe(); err != nil {
		s.log.Error("not ready", "err", err)
		return errors.New("the store does not take writes")
	}
	return nil
}
