package bench

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

// From the start of a send to the frame at an online phone, beside the time of
// one fsync of the same disk.
func BenchmarkSendToFrame(b *testing.B) {
	p := newPlatform(b, 0)
	arrived := make(chan string, 1)
	p.Dial(func(o *phone.Options) {
		o.OnEvent = func(e phone.Event) {
			if m, ok := e.(*phone.Message); ok {
				arrived <- m.MessageID
			}
		}
	})
	r, err := dial(p.address)
	if err != nil {
		b.Fatal(err)
	}
	defer r.conn.Close()
	picture := cardAt(b)
	var frames []time.Duration
	for b.Loop() {
		begin := time.Now()
		if err := r.post(p.send(p.Number()), p.token, picture); err != nil {
			b.Fatal(err)
		}
		<-arrived
		frames = append(frames, time.Since(begin))
	}
	slices.Sort(frames)
	sync := fsyncTime(b)
	b.ReportMetric(float64(at(frames, 50).Microseconds()), "p50-µs")
	b.ReportMetric(float64(at(frames, 99).Microseconds()), "p99-µs")
	b.ReportMetric(float64(at(frames, 50))/float64(sync), "p50-vs-fsync")
	b.ReportMetric(float64(at(frames, 99))/float64(sync), "p99-vs-fsync")
}

func at(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

// fsyncTime is the median time to write 2 kB to the end of a file and sync it.
func fsyncTime(b *testing.B) time.Duration {
	f, err := os.Create(filepath.Join(b.TempDir(), "sync"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var times []time.Duration
	for range 300 {
		begin := time.Now()
		if _, err := f.Write(make([]byte, 2048)); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

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
