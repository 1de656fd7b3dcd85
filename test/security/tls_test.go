package security

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/server"
)

// certificate writes a new self-signed certificate for name and 127.0.0.1 to
// cert.pem and key.pem in dir.
func certificate(t testing.TB, dir, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	write := func(file, kind string, der []byte) {
		must(t, os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	write("key.pem", "PRIVATE KEY", secret)
	write("cert.pem", "CERTIFICATE", der)
	return parsed
}

// started is a server for real traffic with these changes of the defaults.
func started(t testing.TB, change func(*server.Config)) *server.Server {
	t.Helper()
	cfg := server.Default()
	cfg.Listen, cfg.Data, cfg.Log.Level = "127.0.0.1:0", t.TempDir(), "error"
	change(&cfg)
	s, err := server.Start(t.Context(), cfg)
	must(t, err)
	running.Store(s, true)
	t.Cleanup(func() { stop(t, s) })
	return s
}

// running are the servers that have been started and not stopped.
var running sync.Map

func stop(t testing.TB, s *server.Server) {
	t.Helper()
	if _, is := running.LoadAndDelete(s); !is {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// leaf is the certificate that is served at address under a name.
func leaf(address, name string, roots *x509.CertPool) (*x509.Certificate, error) {
	d := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: roots}, NetDialer: &net.Dialer{Timeout: 10 * time.Second}}
	c, err := d.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

func TestCertificateFilesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	roots := x509.NewCertPool()
	first := certificate(t, dir, "rcs.test")
	roots.AddCert(first)
	s := started(t, func(c *server.Config) {
		c.TLS.CertFile, c.TLS.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	})
	address := s.APIURL()[len("https://"):]
	if got, err := leaf(address, "rcs.test", roots); err != nil || !got.Equal(first) {
		t.Fatalf("%v", err)
	}
	// A key that does not fit, as between two writes, leaves things as they were.
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), []byte("nonsense"), 0o600))
	if got, err := leaf(address, "rcs.test", roots); err != nil || !got.Equal(first) {
		t.Fatalf("%v", err)
	}
	second := certificate(t, dir, "rcs.test")
	roots.AddCert(second)
	await(t, func() bool {
		got, err := leaf(address, "rcs.test", roots)
		return err == nil && got.Equal(second)
	})
}

func TestOldTLSIsRefused(t *testing.T) {
	dir := t.TempDir()
	certificate(t, dir, "rcs.test")
	s := started(t, func(c *server.Config) {
		c.TLS.CertFile, c.TLS.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	})
	for version, spoken := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", s.APIURL()[len("https://"):], &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if (err == nil) != spoken {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			c.Close()
		}
	}
}

func TestHTTPIsRedirected(t *testing.T) {
	dir := t.TempDir()
	cert := certificate(t, dir, "rcs.test")
	plain := free(t)
	s := started(t, func(c *server.Config) {
		c.TLS.CertFile, c.TLS.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		c.TLS.RedirectListen = plain
	})
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer web.CloseIdleConnections()
	resp, err := web.Get("http://" + plain + "/healthz")
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.Request.URL.String() != s.APIURL()+"/healthz" {
		t.Errorf("%s from %s", resp.Status, resp.Request.URL)
	}
	if got := resp.Header.Get("Strict-Transport-Security"); got == "" {
		t.Error("browsers are not told to stay with HTTPS")
	}
	resp, err = web.Post("http://"+plain+"/token", "text/plain", nil)
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("a POST in the clear: %s", resp.Status)
	}
}

// free is an address that nobody listens at now.
func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
