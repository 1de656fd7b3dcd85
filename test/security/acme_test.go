package security

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/openrbm/openrbm/internal/server"
)

// authority is letsencrypt/pebble: a small ACME server that rejects nonces and
// orders challenges at random, made to find bad clients.
type authority struct {
	directory, caFile, management string
	web                           *http.Client
	stop                          func()
}

// pebble starts an authority that looks for challenges at these ports of every
// name's host, which is this machine.
func pebble(t *testing.T, httpAddress, tlsAddress string) *authority {
	t.Helper()
	dir := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1")
	install.Env, install.Dir = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod"), dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("getting pebble: %v\n%s", err, out)
	}
	cert := certificate(t, dir, "acme.test")
	a := &authority{caFile: filepath.Join(dir, "cert.pem")}
	listen, management := free(t), free(t)
	a.directory, a.management = "https://"+listen+"/dir", "https://"+management
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": management, "certificate": a.caFile, "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": port(t, httpAddress), "tlsPort": port(t, tlsAddress),
	}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "pebble.json"), config, 0o600))
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "pebble"), "-config", filepath.Join(dir, "pebble.json"), "-dnsserver", nameserver(t))
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	must(t, cmd.Start())
	a.stop = sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.Cleanup(a.stop)

	roots := x509.NewCertPool()
	roots.AddCert(cert)
	a.web = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(a.web.CloseIdleConnections)
	await(t, func() bool {
		resp, err := a.web.Get(a.directory)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode == 200
	})
	return a
}

// roots are those of the certificates that the authority gives.
func (a *authority) roots(t *testing.T) *x509.CertPool {
	t.Helper()
	resp, err := a.web.Get(a.management + "/roots/0")
	must(t, err)
	defer resp.Body.Close()
	pem, err := io.ReadAll(resp.Body)
	must(t, err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("no root: %s", pem)
	}
	return pool
}

// nameserver answers, over TCP, that every name is this machine.
func nameserver(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerNames(c)
		}
	}()
	return l.Addr().String()
}

func answerNames(c net.Conn) {
	defer c.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, question); err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(question) != nil || len(m.Questions) != 1 {
			return
		}
		m.Response, m.Authoritative, m.Additionals = true, true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
		}
		b, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)); err != nil {
			return
		}
	}
}

func port(t *testing.T, address string) int {
	t.Helper()
	_, p, err := net.SplitHostPort(address)
	must(t, err)
	n, err := strconv.Atoi(p)
	must(t, err)
	return n
}

// A server gets its certificate by the challenge on the port of HTTPS, or on that of
// HTTP, keeps it, and starts without the authority the next time. So does another
// server that sees the same directory.
func TestACME(t *testing.T) {
	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		t.Run(challenge, func(t *testing.T) {
			secure, plain, nobody := free(t), free(t), free(t)
			a := pebble(t, plain, secure)
			if challenge == "http-01" {
				a = pebble(t, plain, nobody)
			}
			data, dir := t.TempDir(), t.TempDir()
			acme := func(c *server.Config) {
				c.Listen, c.Data, c.PublicURL = secure, data, "https://rcs.test"
				c.TLS.ACME = server.ACMEConfig{Domains: []string{"rcs.test"}, AcceptTerms: true, Directory: a.directory, CAFile: a.caFile, Dir: dir}
				if challenge == "http-01" {
					c.TLS.RedirectListen = plain
				}
			}
			s := started(t, acme)
			roots := a.roots(t)
			var first *x509.Certificate
			await(t, func() (ok bool) {
				got, err := leaf(secure, "rcs.test", roots)
				first = got
				return err == nil
			})
			if first.VerifyHostname("rcs.test") != nil || !strings.Contains(first.Issuer.CommonName, "Pebble") {
				t.Errorf("issued by %s for %v", first.Issuer, first.DNSNames)
			}
			if _, err := leaf(secure, "other.test", roots); err == nil {
				t.Error("there is a certificate for another name")
			}
			stop(t, s)

			a.stop()
			started(t, acme)
			other := free(t)
			started(t, func(c *server.Config) {
				acme(c)
				c.Listen, c.Data, c.TLS.RedirectListen = other, t.TempDir(), ""
			})
			for _, address := range []string{secure, other} {
				await(t, func() bool {
					got, err := leaf(address, "rcs.test", roots)
					return err == nil && got.Equal(first)
				})
			}
		})
	}
}
