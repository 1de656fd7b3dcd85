package bench

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/loadgen"
)

// onlinePhones are connected while frames are timed.
const onlinePhones = 64

// From the start of a send to the frame at an online phone, while the server has
// half of the load that it can take. In each round: the time of one fsync of the
// same disk, a closed loop of 256 connections, then half its rate in an open loop.
func BenchmarkFrame(b *testing.B) {
	l := startLoad(b, b.TempDir(), 0)
	card := loadgen.Message{Name: "card", JSON: cardAt(b)}
	for b.Loop() {
		values := map[string][]float64{}
		note := func(unit string, v float64) { values[unit] = append(values[unit], v) }
		for range rounds {
			sync := float64(fsyncTime(b).Microseconds())
			top := l.generate(b, card, 0, 2*time.Second).AcceptedRate
			half := l.generate(b, card, top/2, 4*time.Second)
			p50, p99 := half.Frame.P50*1000, half.Frame.P99*1000
			b.Logf("fsync %.0f µs; %.0f/s at most; at half of it p50 %.0f µs, p99 %.0f µs, accepted in %.0f and %.0f µs, %d not sent in time",
				sync, top, p50, p99, half.Accept.P50*1000, half.Accept.P99*1000, half.Behind)
			note("fsync-µs", sync)
			note("closed-accepts/s", top)
			note("p50-µs", p50)
			note("p99-µs", p99)
			note("p50-vs-fsync", p50/sync)
			note("p99-vs-fsync", p99/sync)
		}
		for unit, v := range values {
			b.ReportMetric(median(v), unit)
		}
		b.ReportMetric(0, "ns/op")
	}
}

// generate loads the server in an open loop of that rate, or in a closed one (0).
func (l *load) generate(b *testing.B, m loadgen.Message, rate float64, d time.Duration) *loadgen.Summary {
	s, err := loadgen.Run(b.Context(), loadgen.Options{
		URL: l.Ready.APIURL, KeyFile: l.Ready.Agents[0].KeyFile, AdminToken: l.Ready.AdminToken, Agent: l.Ready.Agents[0].AgentID,
		Connections: connections, Rate: rate, Duration: d, WarmUp: d / 4, Mix: []loadgen.Message{m}, Phones: onlinePhones, Online: onlinePhones,
	})
	must(b, err)
	must(b, s.Err())
	return s
}

// fsyncTime is the median time to write 2 kB to the end of a file and sync it.
func fsyncTime(b *testing.B) time.Duration {
	f, err := os.Create(filepath.Join(b.TempDir(), "sync"))
	must(b, err)
	defer f.Close()
	var times []time.Duration
	for range 200 {
		begin := time.Now()
		if _, err := f.Write(make([]byte, 2048)); err != nil {
			b.Fatal(err)
		}
		must(b, f.Sync())
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2]
}
