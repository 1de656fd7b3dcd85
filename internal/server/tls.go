package server

import (
	"crypto/tls"
	"net/http"
	"path/filepath"
	"regexp"

	"github.com/openrbm/openrbm/internal/front"
)

// TLSConfig is how HTTPS is served: with CertFile and KeyFile, or with certificates
// of ACME; without either it is HTTP.
type TLSConfig struct {
	// CertFile and KeyFile are the certificate with its chain, and its key, PEM. They
	// are read again when they change.
	CertFile string `toml:"cert_file"`
	KeyFile  string `toml:"key_file"`
	// ACME gets certificates from an authority such as Let's Encrypt, and renews them.
	ACME ACMEConfig `toml:"acme"`
	// RedirectListen is an address, such as "0.0.0.0:80", where HTTP is redirected to
	// public_url, and where ACME's HTTP challenge is answered.
	RedirectListen string `toml:"redirect_listen"`
}

// ACMEConfig is used when Domains are given. The authority must reach this server
// under each of them, on port 443 (listen) or on port 80 (redirect_listen).
type ACMEConfig struct {
	Domains []string `toml:"domains"`
	// AcceptTerms says that you accept the authority's terms of service.
	AcceptTerms bool `toml:"accept_terms"`
	// Email is for the authority's warnings.
	Email string `toml:"email"`
	// Directory is the authority's URL. Default: Let's Encrypt.
	Directory string `toml:"directory"`
	// CAFile holds the certificate, PEM, that the directory's own is from, if that is
	// an authority of your own.
	CAFile string `toml:"ca_file"`
	// Dir is where the account's key and the certificates are kept. Default: acme in
	// data.
	Dir string `toml:"dir"`
	// SharedDir says that all servers of a cluster see the same Dir. One of them then
	// gets each certificate, and any may answer the challenge: locks and challenges are
	// files there.
	SharedDir bool `toml:"shared_dir"`
}

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// check says what is wrong, one rule at a time.
func (c *TLSConfig) check(rule func(holds bool, format string, args ...any)) {
	files := c.CertFile != ""
	rule(files == (c.KeyFile != ""), "tls: cert_file and key_file go together")
	if files && c.KeyFile != "" {
		_, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		rule(err == nil, "tls.cert_file, tls.key_file: %v", err)
	}
	rule(!files || len(c.ACME.Domains) == 0, "tls: either cert_file and key_file, or acme.domains")
	rule(c.RedirectListen == "" || c.on(), "tls.redirect_listen: there is nothing to redirect to without HTTPS")
	if len(c.ACME.Domains) == 0 {
		rule(c.ACME.Dir == "" && !c.ACME.SharedDir, "tls.acme: dir and shared_dir go with domains")
		return
	}
	rule(!c.ACME.SharedDir || c.ACME.Dir != "", "tls.acme.shared_dir: say which with tls.acme.dir")
	rule(c.ACME.AcceptTerms, "tls.acme.accept_terms: the authority's terms of service must be accepted")
	for i, d := range c.ACME.Domains {
		rule(domainName.MatchString(d), "tls.acme.domains[%d]: %q is not a domain name in lower case", i, d)
	}
	if c.ACME.CAFile != "" {
		_, err := front.ACME{CAFile: c.ACME.CAFile}.Roots()
		rule(err == nil, "tls.acme.ca_file: %v", err)
	}
}

func (c *TLSConfig) on() bool { return c.CertFile != "" || len(c.ACME.Domains) > 0 }

// openTLS prepares HTTPS: nil without it. With ACME there is a manager too.
func (s *Server) openTLS() (*tls.Config, *front.Manager, error) {
	c := s.cfg.TLS
	switch {
	case c.CertFile != "":
		files, err := front.OpenFiles(c.CertFile, c.KeyFile, s.log)
		if err != nil {
			return nil, nil, err
		}
		return front.TLSConfig(files.Certificate), nil, nil
	case len(c.ACME.Domains) > 0:
		dir := c.ACME.Dir
		if dir == "" {
			dir = filepath.Join(s.cfg.Data, "acme")
		}
		m, err := front.ACME{
			Domains: c.ACME.Domains, Email: c.ACME.Email, Directory: c.ACME.Directory, CAFile: c.ACME.CAFile,
			Cache: dir, Listen: s.cfg.Listen, Redirect: c.RedirectListen, Log: s.log,
		}.Open()
		if err != nil {
			return nil, nil, err
		}
		return m.TLSConfig(), m, nil
	}
	return nil, nil, nil
}

// redirector is what is served at tls.redirect_listen.
func (s *Server) redirector() http.Handler {
	to := front.Redirect(s.APIURL())
	if s.acme != nil {
		return s.acme.HTTPHandler(to)
	}
	return to
}
