package netguard

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"testing"
)

// What the dialer lets through, by address and port.
func TestGuardedAddresses(t *testing.T) {
	guarded := Guard{Ports: []uint16{80, 443}}
	for address, want := range map[string]bool{
		"93.184.216.34:80": true, "93.184.216.34:443": true, "93.184.216.34:8080": false, "[2606:2800:220:1::1]:443": true, "8.8.8.8:443": true,
		"172.15.255.255:80": true, "172.32.0.1:80": true, "100.63.255.255:80": true, "100.128.0.1:80": true, "11.0.0.1:80": true, "192.167.1.1:80": true,
		"127.0.0.1:80": false, "[::1]:80": false, "10.1.2.3:443": false, "172.20.0.1:443": false, "192.168.0.1:80": false, "169.254.169.254:80": false,
		"100.64.0.1:80": false, "100.127.255.255:80": false, "0.0.0.0:80": false, "224.0.0.251:80": false, "255.255.255.255:80": false, "198.19.0.1:80": false,
		"[::ffff:127.0.0.1]:80": false, "[::ffff:10.0.0.1]:80": false, "[::10.0.0.1]:80": false, "[64:ff9b::808:808]:80": false, "[2002:808:808::]:80": false,
		"[fe80::1%eth0]:80": false, "[fc00::1]:80": false, "[ff0e::1]:80": false, "[2001::1]:80": false, "[2001:db8::1]:80": false, "[3fff::1]:80": false,
		"[5f00::1]:80": false, "[100::1]:80": false, "host:80": false, "": false,
	} {
		if err := guarded.Control("tcp", address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	open := Guard{AllowPrivate: true}
	if err := open.Control("tcp", "127.0.0.1:9", nil); err != nil {
		t.Errorf("private addresses are allowed: %v", err)
	}
}

// A guard without ports takes all of them, of public addresses only.
func TestEveryPort(t *testing.T) {
	var g Guard
	if err := g.Control("tcp", "93.184.216.34:8443", nil); err != nil {
		t.Error(err)
	}
	if err := g.Control("tcp", "10.0.0.1:8443", nil); Refused(err) == nil {
		t.Errorf("got %v", err)
	}
}

func TestCheckTarget(t *testing.T) {
	dead := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }}
	for text, want := range map[string]error{
		"https://93.184.216.34/hook": nil, "https://93.184.216.34:8443/hook": nil, "https://[2606:2800:220:1::1]/hook": nil,
		"http://127.0.0.1/": ErrPrivate, "http://[::1]:8080/": ErrPrivate, "http://169.254.169.254/latest": ErrPrivate, "http://[::ffff:10.0.0.1]/": ErrPrivate,
		"http://[fe80::1%25eth0]/": ErrPrivate, "http://localhost:9/": ErrPrivate, "ftp://93.184.216.34/": errScheme, "http://a@93.184.216.34/": errUser, "http:///x": errNoHost,
		"https://nowhere.invalid/": nil, // it has no address; the dialer looks again
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		g := Guard{}
		if u.Hostname() == "nowhere.invalid" {
			g.Resolver = dead
		}
		err = g.CheckTarget(t.Context(), u)
		if want == nil && err != nil || want != nil && err != want {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// What is let through is never an address that the standard library calls private,
// loopback, link-local, multicast or unspecified, in whatever spelling.
func FuzzControl(f *testing.F) {
	for _, a := range []string{"93.184.216.34:80", "[::1]:443", "[::ffff:10.0.0.1]:80", "[2002:7f00:1::]:80", "[fe80::1%lo]:80", "0:80"} {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if (Guard{}).Control("tcp", address, nil) != nil {
			return
		}
		at, err := netip.ParseAddrPort(address)
		a := at.Addr().Unmap()
		if err != nil || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.Zone() != "" {
			t.Errorf("%q passes", address)
		}
	})
}
