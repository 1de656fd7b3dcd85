package media

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/openrbm/openrbm/rbm"
)

// names is a DNS server inside the test: each name has the addresses of its first
// answer, of its second, and so on.
type names struct {
	mu    sync.Mutex
	hosts map[string][]string
}

func (n *names) resolver(t *testing.T) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			k, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			conn.WriteTo(n.answer(buf[:k]), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (n *names) answer(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	q := m.Questions[0]
	if addr, ok := n.next(strings.TrimSuffix(q.Name.String(), "."), q.Type); ok {
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		var body dnsmessage.ResourceBody = &dnsmessage.AAAAResource{AAAA: addr.As16()}
		if q.Type == dnsmessage.TypeA {
			body = &dnsmessage.AResource{A: addr.As4()}
		}
		m.Answers = []dnsmessage.Resource{{Header: h, Body: body}}
	}
	b, _ := m.Pack()
	return b
}

// next is the address that name has now, if it is of the type that is asked for.
func (n *names) next(name string, t dnsmessage.Type) (netip.Addr, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.hosts[name]
	if len(list) == 0 {
		return netip.Addr{}, false
	}
	addr := netip.MustParseAddr(list[0])
	if addr.Is4() != (t == dnsmessage.TypeA) {
		return netip.Addr{}, false
	}
	if len(list) > 1 {
		n.hosts[name] = list[1:]
	}
	return addr, true
}

// hostile are URLs that must never be fetched.
var hostile = []string{
	// Loopback in all its spellings.
	"http://127.0.0.1/", "http://127.1/", "http://localhost/", "http://LOCALHOST./", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
	"http://0x7f.0.0.1/", "http://127.0.0.1.:80/", "http://0/", "http://0.0.0.0/", "http://127.255.255.254/",
	"http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/",
	// IPv4 inside IPv6.
	"http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::7f00:1]/",
	"http://[2002:7f00:1::]/", "http://[2001:0:7f00:1::]/", "http://[::ffff:0:127.0.0.1]/", "http://[::ffff:93.184.216.34]/",
	// Private and special networks.
	"http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/",
	"http://100.64.0.1/", "http://192.0.0.1/", "http://198.18.0.1/", "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/",
	"http://[fe80::1]/", "http://[fe80::1%25lo]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[ff02::1]/", "http://[2001:db8::1]/",
	// Names.
	"http://loopback.test/", "https://loopback.test/", "http://loopback6.test/", "http://mapped.test/", "http://metadata.test/", "http://nat64.test/", "http://rebind.test/",
	// Redirects: the first hop is public.
	"http://public.test/to-loopback", "http://public.test/to-name", "http://public.test/to-mapped", "http://public.test/to-file", "http://public.test/to-port",
	"http://public.test/to-user", "http://public.test/to-rebind",
	// Other schemes, ports and tricks of the authority.
	"file:///etc/passwd", "gopher://public.test/", "ftp://public.test/", "//public.test/x", "http:///x", "http://", "http://public.test:22/", "http://public.test:6379/",
	"http://user@public.test/", "http://public.test@127.0.0.1/", "http://127.0.0.1\\@public.test/",
	"http://\u2460\u2461\u2466.0.0.1/", "http://public.test:80:80/", "http://[::1]:80@public.test/", "jar:http://public.test!/x", "",
}

func TestHostileURLsAreNotFetched(t *testing.T) {
	dns := &names{hosts: map[string][]string{
		"loopback.test": {"127.0.0.1"}, "loopback6.test": {"::1"}, "mapped.test": {"::ffff:127.0.0.1"}, "metadata.test": {"169.254.169.254"},
		"nat64.test": {"64:ff9b::a9fe:a9fe"},
		// What is looked at first is harmless, and what is connected to is not.
		"rebind.test": {"10.0.0.1", "127.0.0.1"},
	}}
	for _, strictness := range []use{asContent, asUpload, asThumbnail} {
		w := newWorld(t, func(o *Options) { o.AllowPrivate, o.Resolver = false, dns.resolver(t) })
		to := map[string]string{
			"/to-loopback": "http://127.0.0.1/", "/to-name": "http://loopback.test/", "/to-mapped": "http://[::ffff:127.0.0.1]/", "/to-file": "file:///etc/passwd",
			"/to-port": "http://public.test:8080/x", "/to-user": "http://a:b@public.test/x", "/to-rebind": "http://rebind.test/",
		}
		public := newSite(t, func(rw http.ResponseWriter, r *http.Request) {
			if to[r.URL.Path] == "" { // nothing hostile leads here
				t.Errorf("fetched http://%s%s", r.Host, r.URL)
				serveAs("image/png", picture(9, 9))(rw, r)
				return
			}
			rw.Header().Set("Location", to[r.URL.Path])
			rw.WriteHeader(http.StatusFound)
		})
		// This one host stands for the internet. Everything else is connected to as
		// always, and must not be.
		guarded := w.fetcher.transport.DialContext
		w.fetcher.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "public.test:80" {
				return new(net.Dialer).DialContext(ctx, "tcp", public.Listener.Addr().String())
			}
			conn, err := guarded(ctx, network, address)
			if err == nil {
				t.Errorf("connected to %s", address)
			}
			return conn, err
		}
		for _, address := range hostile {
			file, err := w.fetch(w.ctx(), address, strictness, Details{})
			if !isFailure(err) || file != nil {
				t.Errorf("%s %q: %v, %v", strictness.name, address, file, err)
			}
		}
	}
}

// The names that the test's DNS has do reach the guard: a rebinding name is looked up
// and refused at the address that is connected to, not at an earlier one.
func TestGuardSeesResolvedAddresses(t *testing.T) {
	dns := &names{hosts: map[string][]string{"rebind.test": {"10.0.0.1", "127.0.0.1"}}}
	w := newWorld(t, func(o *Options) { o.AllowPrivate, o.Resolver = false, dns.resolver(t) })
	for range 3 {
		_, _, err := w.Resolve(w.ctx(), byURL("http://rebind.test/"), nil)
		if e := rbm.AsError(err); e == nil || !strings.Contains(e.Message, "does not lead to a public address") {
			t.Fatalf("got %v", err)
		}
	}
	dns.mu.Lock()
	defer dns.mu.Unlock()
	if left := dns.hosts["rebind.test"]; len(left) != 1 || left[0] != "127.0.0.1" {
		t.Errorf("the name was not looked up each time: %v left", left)
	}
}

// Whatever the text of a URL, only the ports of the web are dialled. What the address
// then is, the dialer looks at.
func FuzzGuard(f *testing.F) {
	for _, u := range hostile {
		f.Add(u)
	}
	guard := newFetcher(Options{})
	var dialled sync.Map
	guard.transport.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
		dialled.Store(address, nil)
		return nil, net.ErrClosed
	}
	f.Fuzz(func(t *testing.T, address string) {
		if res, err := guard.get(t.Context(), address, 1); err == nil || res != nil {
			t.Errorf("%q: %v, %v", address, res, err)
		}
		dialled.Range(func(at, _ any) bool {
			dialled.Delete(at)
			host, port, err := net.SplitHostPort(at.(string))
			if err != nil {
				return true // no dialer takes it
			}
			if host == "" || port != "80" && port != "443" {
				t.Errorf("%q: dials %q", address, at)
			}
			return true
		})
	})
}
