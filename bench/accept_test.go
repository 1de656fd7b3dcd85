package bench

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// card is a rich card of about 1.2 kB.
var card = []byte(`{"contentMessage":{"richCard":{"standaloneCard":{"cardOrientation":"VERTICAL","cardContent":{` +
	`"title":"Your order is on its way","description":"` + strings.Repeat("It left our house this morning. ", 12) + `",` +
	`"media":{"height":"MEDIUM","contentInfo":{"fileUrl":"https://cdn.example.com/orders/4711/parcel.jpg","thumbnailUrl":"https://cdn.example.com/orders/4711/parcel-small.jpg","forceRefresh":false}},` +
	`"suggestions":[` +
	`{"action":{"text":"Track it","postbackData":"track:4711","openUrlAction":{"url":"https://shop.example.com/orders/4711/track"}}},` +
	`{"action":{"text":"Call us","postbackData":"call","dialAction":{"phoneNumber":"+15556667777"}}},` +
	`{"reply":{"text":"Leave it at the door","postbackData":"door:4711"}}]}}},` +
	`"suggestions":[{"reply":{"text":"Thanks","postbackData":"thanks"}},{"reply":{"text":"Where is it?","postbackData":"where:4711"}}]},` +
	`"messageTrafficType":"TRANSACTION"}`)

// cardAt is card with pictures that the platform can fetch.
func cardAt(b *testing.B) []byte {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
	}))
	b.Cleanup(site.Close)
	return bytes.ReplaceAll(card, []byte("https://cdn.example.com"), []byte(site.URL))
}

var text = []byte(`{"contentMessage":{"text":"Your code is 123 456. It is good for ten minutes."}}`)

// rounds is how often ceiling and platform are measured in turn.
const rounds = 5

// Accept end to end — HTTP, authentication, validation, deduplication, fsync —
// against net/http alone, in turn, each a process of its own beside that of the
// load. vs-bare is the median of the rounds' ratios.
func BenchmarkAccept(b *testing.B) {
	for _, body := range []struct {
		name string
		json []byte
	}{{"card", cardAt(b)}, {"text", text}} {
		b.Run(body.name, func(b *testing.B) {
			ceiling := ceilingProcess(b)
			p := newLoad(b, connections)
			d := 2 * time.Second
			if testing.Short() {
				d = time.Second
			}
			for b.Loop() {
				var ratios, rates []float64
				for range rounds {
					top := rate(b, ceiling, p.token, body.json, d, func(int, int) string { return "/" })
					ours := rate(b, p.address, p.token, body.json, d, func(c, _ int) string { return p.send(queuedPhone(c)) })
					ratios, rates = append(ratios, ours/top), append(rates, ours)
				}
				b.ReportMetric(median(ratios), "vs-bare")
				b.ReportMetric(median(rates), "accepts/s")
				b.ReportMetric(float64(len(body.json)), "B/body")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// beCeiling, in the environment, makes this program the ceiling.
const beCeiling = "OPENRBM_BENCH_CEILING"

func TestMain(m *testing.M) {
	if os.Getenv(beCeiling) == "" {
		os.Exit(m.Run())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println(l.Addr())
		err = http.Serve(l, http.HandlerFunc(echo))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// ceilingProcess is the ceiling as a process of its own.
func ceilingProcess(b *testing.B) (address string) {
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), beCeiling+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if _, err := fmt.Fscanln(out, &address); err != nil {
		b.Fatal(err)
	}
	return address
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
