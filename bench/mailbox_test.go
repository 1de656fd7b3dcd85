package bench

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/phone"
)

// BenchmarkDeliver is the deliver path: 64 phones come online, a thousand
// messages waiting for each, and take them all; the server has made every
// acknowledgement durable when none waits any more.
func BenchmarkDeliver(b *testing.B) {
	if testing.Short() {
		b.Skip("fills a store")
	}
	for b.Loop() {
		f := fillStore(b, 0, 1, rounds*onlinePhones, shortText)
		s, ready, err := server.StartDemo(b.Context(), f.dir, server.DemoConfig(f.dir, "127.0.0.1:0"))
		must(b, err)
		admin, err := client.NewAdmin(client.AdminOptions{BaseURL: ready.APIURL, Token: ready.AdminToken})
		must(b, err)
		var rates []float64
		for round := range rounds {
			from := round * onlinePhones
			begin := time.Now()
			deliver(b, ready.DeviceURL, admin, from, f.dense[from:from+onlinePhones])
			rates = append(rates, onlinePhones*drained/time.Since(begin).Seconds())
		}
		must(b, s.Stop(context.Background()))
		b.ReportMetric(median(rates), "messages/s")
		b.ReportMetric(0, "ns/op")
	}
}

// deliver connects the dense phones from number from on, and returns when their
// mailboxes are empty.
func deliver(b *testing.B, url string, admin *client.Admin, from int, tokens []string) {
	var wg sync.WaitGroup
	for i, token := range tokens {
		wg.Go(func() {
			if err := take(b, url, densePhone(from+i), token); err != nil {
				b.Errorf("%s: %v", densePhone(from+i), err)
				return
			}
			for {
				p, err := admin.Phone(b.Context(), densePhone(from+i))
				if err != nil {
					b.Error(err)
					return
				}
				if p.Queued == 0 {
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// take connects a phone, and disconnects it when it has shown a thousand messages
// and said so.
func take(b *testing.B, url, number, token string) error {
	n := 0
	done := make(chan struct{})
	p, err := phone.Dial(b.Context(), phone.Options{URL: url, Number: number, Token: token, Window: 256, OnEvent: func(e phone.Event) {
		if _, ok := e.(*phone.Message); ok {
			if n++; n == drained {
				close(done)
			}
		}
	}})
	if err != nil {
		return err
	}
	b.Cleanup(func() { p.Close() })
	select {
	case <-done:
		return nil
	case <-time.After(time.Minute):
		return context.DeadlineExceeded
	}
}
