package front

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func proxies(t testing.TB, list ...string) Proxies {
	t.Helper()
	p, err := ParseProxies(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestClientOfARequest(t *testing.T) {
	trusted := proxies(t, "10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1")
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"}, // no proxy of ours: its header is nothing
		{"10.1.1.1:1", "", "10.1.1.1"},
		{"10.1.1.1:1", "203.0.113.9", "203.0.113.9"},
		{"10.1.1.1:1", "1.1.1.1, 203.0.113.9", "203.0.113.9"}, // the first was the client's own idea
		{"10.1.1.1:1", "1.1.1.1, 203.0.113.9, 10.2.2.2", "203.0.113.9"},
		{"10.1.1.1:1", "203.0.113.9, nonsense", "10.1.1.1"},
		{"10.1.1.1:1", "nonsense, 10.2.2.2", "10.2.2.2"},
		{"10.1.1.1:1", "203.0.113.9:4711", "10.1.1.1"},
		{"[2001:db8:1::1]:1", "[2001:db8:2::5]", "2001:db8:2::5"},
		{"[::ffff:10.1.1.1]:1", "::ffff:203.0.113.9", "203.0.113.9"},
		{"127.0.0.1:1", "fe80::1%eth0", "fe80::1"},
		{"@", "1.1.1.1", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := trusted.Client(r); got.String() != c.want {
			t.Errorf("%s, %q: %v, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
	for _, bad := range []string{"", "ten", "10.0.0.0/33", "fe80::1%eth0"} {
		if _, err := ParseProxies([]string{bad}); err == nil {
			t.Errorf("%q is a proxy", bad)
		}
	}
}

// Whatever a client writes into the header, it cannot be an address that our proxy
// did not see.
func FuzzClient(f *testing.F) {
	f.Add("1.1.1.1")
	f.Add("10.9.9.9, 10.8.8.8")
	f.Add(",,[::1], ")
	trusted := proxies(f, "10.0.0.0/8")
	seen := netip.MustParseAddr("203.0.113.9")
	f.Fuzz(func(t *testing.T, said string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.1.1.1:1"
		r.Header["X-Forwarded-For"] = []string{said, "203.0.113.9"}
		if got := trusted.Client(r); got != seen {
			t.Errorf("%q makes it %v", said, got)
		}
	})
}

func TestFailedLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLogins(nil, 6, 3)
		from, other := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("203.0.113.10")
		for i := range 6 {
			if err := l.Blocked(AdminDoor, from, ""); err != nil {
				t.Fatalf("blocked after %d: %v", i, err)
			}
			l.Failed(AdminDoor, from, "")
		}
		e := rbm.AsError(l.Blocked(AdminDoor, from, ""))
		if e == nil || e.Code != rbm.CodeResourceExhausted || e.RetryAfter <= 0 || e.RetryAfter > 10*time.Second {
			t.Fatalf("got %+v", e)
		}
		for _, err := range []error{l.Blocked(AdminDoor, other, ""), l.Blocked(TokenDoor, from, ""), l.Blocked(PhoneDoor, from, "+1")} {
			if err != nil {
				t.Errorf("others are blocked: %v", err)
			}
		}
		time.Sleep(e.RetryAfter)
		if err := l.Blocked(AdminDoor, from, ""); err != nil {
			t.Errorf("blocked after the wait: %v", err)
		}
		if l.Refused() != 1 {
			t.Errorf("%d refused", l.Refused())
		}
	})
}

// One phone that fails does not lock out the others behind its address; very many do.
func TestFailedLoginsOfACrowd(t *testing.T) {
	l := NewLogins(nil, 6, 3)
	from := netip.MustParseAddr("203.0.113.9")
	for range 20 {
		l.Failed(PhoneDoor, from, "+1")
	}
	if l.Blocked(PhoneDoor, from, "+1") == nil || l.Blocked(PhoneDoor, from, "+2") != nil {
		t.Error("one phone")
	}
	for i := range 60 {
		l.Failed(PhoneDoor, from, fmt.Sprint(i))
	}
	if l.Blocked(PhoneDoor, from, "+2") == nil {
		t.Error("a crowd is not blocked")
	}
}

// A /64 of IPv6 is one client, and there are never more buckets than there may be.
func TestBucketsAreBounded(t *testing.T) {
	l := NewLogins(nil, 1, 1)
	l.Failed(AdminDoor, netip.MustParseAddr("2001:db8::1"), "")
	if l.Blocked(AdminDoor, netip.MustParseAddr("2001:db8::ffff:2"), "") == nil || l.Blocked(AdminDoor, netip.MustParseAddr("2001:db8:0:1::1"), "") != nil {
		t.Error("not by /64")
	}
	for i := range 2 * maxBuckets {
		l.Failed(AdminDoor, netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}), "")
	}
	if n := l.buckets.Len(); n != maxBuckets {
		t.Errorf("%d buckets", n)
	}
}

func TestTokenRequests(t *testing.T) {
	l, from := NewLogins(nil, 0, 3), netip.MustParseAddr("203.0.113.9")
	for range 3 {
		if err := l.Ask(from); err != nil {
			t.Fatal(err)
		}
	}
	if rbm.CodeOf(l.Ask(from)) != rbm.CodeResourceExhausted {
		t.Error("a fourth request")
	}
	var none *Logins
	none.Failed(AdminDoor, from, "")
	if none.Ask(from) != nil || none.Blocked(AdminDoor, from, "") != nil || none.Client(nil).IsValid() {
		t.Error("no limits refuse")
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Limit(inner, 3, 2, nil)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })

	served := func(c net.Conn) bool {
		c.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		n, _ := c.Read(make([]byte, 512))
		return n > 0
	}
	dial := func(from string) net.Conn {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	first, second := dial("127.0.0.1"), dial("127.0.0.1")
	if !served(first) || !served(second) {
		t.Fatal("two are not served")
	}
	if served(dial("127.0.0.1")) {
		t.Error("a third of one client is served")
	}
	if !served(dial("127.0.0.2")) {
		t.Error("another client is not served")
	}
	if served(dial("127.0.0.3")) {
		t.Error("a fourth in all is served")
	}
	if l.Refused() != 2 || l.Open() != 3 {
		t.Errorf("refused %d, open %d", l.Refused(), l.Open())
	}
	first.Close()
	for !served(dial("127.0.0.1")) { // when the server has seen it
	}
}

func TestHeaders(t *testing.T) {
	for base, hsts := range map[string]string{"https://rcs.example.com": "max-age=63072000", "http://rcs.example.com:8080": ""} {
		h := NewHeaders(base).Wrap(http.NotFoundHandler())
		for path, scripts := range map[string]bool{"/v1/x": false, "/console/": true, "/console/app.js": true, "/consoleX": false} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			policy := w.Header().Get("Content-Security-Policy")
			if strings.Contains(policy, "script-src 'self'") != scripts || !strings.Contains(policy, "default-src 'none'") ||
				!strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: %s", path, policy)
			}
			socket := "ws" + strings.TrimPrefix(base, "http")
			if scripts && (!strings.Contains(policy, " "+socket+";") || !strings.Contains(policy, "connect-src 'self' "+base+" ")) {
				t.Errorf("%s does not reach %s: %s", path, socket, policy)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Strict-Transport-Security": hsts} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %s: %q", path, name, got)
				}
			}
		}
	}
}

func TestHeadersDoNotAllocate(t *testing.T) {
	h := NewHeaders("http://x").Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/x", nil)
	if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRedirect(t *testing.T) {
	h := Redirect("https://rcs.example.com")
	for _, c := range []struct {
		method, target, location string
		status                   int
	}{
		{"GET", "http://evil.example/a%2Fb?x=1&y=%20", "https://rcs.example.com/a%2Fb?x=1&y=%20", 301},
		{"HEAD", "http://evil.example//evil.example/", "https://rcs.example.com//evil.example/", 301},
		{"POST", "http://rcs.example.com/token", "", 400},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.target, nil))
		if w.Code != c.status || w.Header().Get("Location") != c.location {
			t.Errorf("%s %s: %d %q", c.method, c.target, w.Code, w.Header().Get("Location"))
		}
	}
}
