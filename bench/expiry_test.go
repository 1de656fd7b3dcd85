package bench

import (
	"slices"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
)

// How long after its expireTime a message is revoked, with a million others
// queued for a thousand phones.
func BenchmarkExpiryAmongAMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("fills a store with a million messages")
	}
	const queued, phones = 1_000_000, 1000
	p := newPlatform(b, phones)
	fill(b, p, queued)
	for b.Loop() {
		var delays []time.Duration
		for range rounds {
			id := client.NewMessageID()
			m := &rbm.AgentMessage{
				ContentMessage: &rbm.AgentContentMessage{Text: "soon gone"},
				TTL:            rbm.NewDuration(time.Second),
			}
			if _, err := p.Client().CreateAgentMessage(b.Context(), p.phones[0], id, m); err != nil {
				b.Fatal(err)
			}
			delays = append(delays, expired(b, p, id))
		}
		b.ReportMetric(float64(slices.Max(delays).Microseconds())/1000, "worst-ms")
		b.ReportMetric(0, "ns/op")
	}
}

// fill queues n texts, spread over the phones.
func fill(b *testing.B, p *platform, n int) {
	tickets := make(chan struct{}, n)
	for range n {
		tickets <- struct{}{}
	}
	close(tickets)
	errs := make(chan error, connections)
	for c := range connections {
		go func() {
			r, err := dial(p.address)
			for i := c; err == nil; i += connections {
				if _, more := <-tickets; !more {
					break
				}
				err = r.post(p.send(p.phones[i%len(p.phones)]), p.token, text)
			}
			errs <- err
		}()
	}
	for range connections {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
}

// expired waits until the message has expired and returns how late that was.
func expired(b *testing.B, p *platform, id string) time.Duration {
	for {
		m, err := p.Admin.Message(b.Context(), p.Agent(), id)
		if err != nil {
			b.Fatal(err)
		}
		if m.State == "EXPIRED" {
			return m.ChangeTime.Sub(m.ExpireTime)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
