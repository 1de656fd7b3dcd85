package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/internal/gateway"
)

// BenchmarkIdlePhone says how much memory an idle phone costs on the server, with
// its mailbox and its registry entry, in KiB. The phone's own end, a socket in
// the same process, is counted in.
func BenchmarkIdlePhone(b *testing.B) {
	const phones = 2000
	w := newWorld(b, gateway.Options{Logger: slog.New(slog.DiscardHandler)})
	tokens := make([]string, phones)
	for i := range tokens {
		tokens[i] = w.newPhone(nth(i))
	}
	for b.Loop() {
		before := inUse()
		var conns []net.Conn
		for i, token := range tokens {
			conns = append(conns, rawPhone(b, w, nth(i), token))
		}
		b.ReportMetric((inUse()-before)/phones/1024, "KiB/phone")
		if w.gateway.Count() != phones {
			b.Fatalf("%d phones are online", w.gateway.Count())
		}
		b.ReportMetric(float64(runtime.NumGoroutine())/phones, "goroutines/phone")
		var closing sync.WaitGroup
		for _, c := range conns {
			closing.Go(func() { c.Close() })
		}
		closing.Wait()
	}
}

func nth(i int) string { return fmt.Sprintf("+1222%07d", i) }

// inUse is the memory in use, stacks included, when the garbage is gone.
func inUse() float64 {
	for range 6 { // the stack of a goroutine halves with each collection at most
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// rawPhone says hello over a bare socket and reads the welcome.
func rawPhone(t testing.TB, w *world, number, token string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET /device/v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	in := bufio.NewReaderSize(c, 512)
	answer, err := http.ReadResponse(in, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", answer, err)
	}
	text := hello(number, token)
	// A text frame of 126 to 65535 bytes, masked with zeroes.
	head := []byte{0x81, 0x80 | 126, byte(len(text) >> 8), byte(len(text)), 0, 0, 0, 0}
	if _, err := c.Write(append(head, text...)); err != nil {
		t.Fatal(err)
	}
	var size [2]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		t.Fatal(err)
	}
	welcome := make([]byte, size[1])
	if _, err := io.ReadFull(in, welcome); err != nil {
		t.Fatal(err)
	}
	if f, err := frame.DecodeServer(welcome); err != nil {
		t.Fatal(err)
	} else if _, ok := f.(*frame.Welcome); !ok {
		t.Fatalf("got %s", welcome)
	}
	return c
}

// BenchmarkDeliver is a message's way from durable to confirmed, with one phone.
func BenchmarkDeliver(b *testing.B) {
	w := newWorld(b, gateway.Options{Logger: slog.New(slog.DiscardHandler)})
	opts := w.options()
	opts.Window = 256
	p := w.dial(opts)
	i := 0
	for b.Loop() {
		i++
		w.accept(fmt.Sprintf("m%d", i))
	}
	last := fmt.Sprintf("m%d", i)
	if _, err := p.WaitMessage(w.ctx, has(last)); err != nil {
		b.Fatal(err)
	}
	w.await(p, last)
}
