package security

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/server"
)

// A hundred clients that send a byte at a time hold their connections no longer
// than the server waits for a head, and keep nobody else waiting.
func TestTrickledHeadsEnd(t *testing.T) {
	s := started(t, func(c *server.Config) { c.Clients.ConnectionsPerClient = 150 })
	address := strings.TrimPrefix(s.APIURL(), "http://")
	begin, wg := time.Now(), sync.WaitGroup{}
	for range 100 {
		c, err := net.Dial("tcp", address)
		must(t, err)
		wg.Go(func() {
			defer c.Close()
			tick := time.NewTicker(500 * time.Millisecond)
			defer tick.Stop()
			gone := make(chan struct{})
			go func() { _, _ = io.Copy(io.Discard, c); close(gone) }()
			for _, b := range []byte("GET /healthz HTTP/1.1\r\nX-Slow: " + strings.Repeat("x", 1000)) {
				select {
				case <-gone:
					return
				case <-tick.C:
				}
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
			}
			t.Error("the server waited for all of it")
		})
	}
	for range 10 {
		resp, err := http.Get(s.APIURL() + "/healthz")
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Error(resp.Status)
		}
	}
	wg.Wait()
	t.Logf("all were gone after %v", time.Since(begin).Round(time.Second))
}

// One client's connections are bounded, and a listener's.
func TestTooManyConnections(t *testing.T) {
	s := started(t, func(c *server.Config) { c.Clients.ConnectionsPerClient, c.Clients.Connections = 20, 30 })
	address := strings.TrimPrefix(s.APIURL(), "http://")
	dial := func(from string) (net.Conn, bool) {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
		c, err := d.Dial("tcp", address)
		must(t, err)
		t.Cleanup(func() { c.Close() })
		must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		_, _ = fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		n, _ := c.Read(make([]byte, 1024))
		return c, n > 0
	}
	served := map[string]int{}
	for range 40 {
		for _, from := range []string{"127.0.0.2", "127.0.0.3"} {
			if _, ok := dial(from); ok {
				served[from]++
			}
		}
	}
	if served["127.0.0.2"]+served["127.0.0.3"] != 30 || served["127.0.0.2"] > 20 || served["127.0.0.3"] > 20 {
		t.Errorf("served %v", served)
	}
}
