package front

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// ACME says from whom certificates come (RFC 8555).
type ACME struct {
	Domains   []string
	Email     string // for the authority's warnings; may be empty
	Directory string // default: Let's Encrypt
	CAFile    string // PEM: whom the directory's own certificate is from, if that is not publicly known
	Cache     string // the directory of the account's key and of certificates
	Listen    string // where HTTPS is served: the challenge is answered there
	Redirect  string // where HTTP is served: there too; may be empty
	Log       *slog.Logger
}

// Manager gets and renews certificates.
type Manager struct {
	domains []string
	cache   *certmagic.Cache
	config  *certmagic.Config
	issuer  *certmagic.ACMEIssuer
}

// Roots are the certificates in CAFile, or nil without one.
func (a ACME) Roots() (*x509.CertPool, error) {
	if a.CAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(a.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("there is no certificate in %s", a.CAFile)
	}
	return roots, nil
}

// Open prepares a Manager; it does nothing until Run.
func (a ACME) Open() (*Manager, error) {
	roots, err := a.Roots()
	if err != nil {
		return nil, fmt.Errorf("tls.acme.ca_file: %w", err)
	}
	directory := a.Directory
	if directory == "" {
		directory = certmagic.LetsEncryptProductionCA
	}
	m := &Manager{domains: a.Domains}
	m.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return m.config, nil }, Logger: quiet,
	})
	m.config = certmagic.New(m.cache, certmagic.Config{Storage: &certmagic.FileStorage{Path: a.Cache}, OnEvent: a.tell, Logger: quiet})
	host, port := splitPort(a.Listen)
	_, httpPort := splitPort(a.Redirect)
	m.issuer = certmagic.NewACMEIssuer(m.config, certmagic.ACMEIssuer{
		CA: directory, TestCA: directory, Email: a.Email, Agreed: true, TrustedRoots: roots,
		ListenHost: host, AltTLSALPNPort: port, AltHTTPPort: httpPort, DisableHTTPChallenge: a.Redirect == "", Logger: quiet,
	})
	m.config.Issuers = []certmagic.Issuer{m.issuer}
	return m, nil
}

// quiet is the library's own log: tell says what matters.
var quiet = zap.NewNop()

func splitPort(address string) (host string, port int) {
	host, p, _ := net.SplitHostPort(address)
	port, _ = strconv.Atoi(p)
	return host, port
}

// tell logs what becomes of certificates.
func (a ACME) tell(ctx context.Context, event string, data map[string]any) error {
	switch event {
	case "cert_obtained":
		a.Log.InfoContext(ctx, "there is a certificate", "name", data["identifier"])
	case "cert_failed":
		a.Log.ErrorContext(ctx, "no certificate: tried again later", "name", data["identifier"], "err", data["error"])
	}
	return nil
}

// Run gets the certificates that are missing, and renews them in time, until ctx
// ends. The listeners must answer by then.
func (m *Manager) Run(ctx context.Context) error {
	defer m.cache.Stop()
	if err := m.config.ManageAsync(ctx, m.domains); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// TLSConfig serves the certificates, and answers the challenge.
func (m *Manager) TLSConfig() *tls.Config {
	return TLSConfig(m.config.GetCertificate, "acme-tls/1")
}

// HTTPHandler answers the challenge on the port of HTTP, and leaves the rest to next.
func (m *Manager) HTTPHandler(next http.Handler) http.Handler {
	return m.issuer.HTTPChallengeHandler(next)
}

// TLSConfig serves the certificates of get. Nothing older than TLS 1.2 is spoken.
func TLSConfig(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), protocols ...string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get, NextProtos: append([]string{"h2", "http/1.1"}, protocols...)}
}

// Redirect sends who comes by HTTP to the same path at base, which is HTTPS. What
// cannot be sent on, because it has a body, is refused: it has gone over the wire
// in the clear, and its sender should know.
func Redirect(base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "this server speaks HTTPS only: "+base, http.StatusBadRequest)
			return
		}
		to := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		w.Header().Set("Location", base+to.String())
		w.WriteHeader(http.StatusMovedPermanently)
	})
}
