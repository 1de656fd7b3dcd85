package bench

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/test/process"
)

// queuedMessages is how many messages are queued, for a tenth as many phones.
// OPENRBM_BENCH_QUEUED changes it for a trial.
func queuedMessages(b *testing.B) int {
	s := os.Getenv("OPENRBM_BENCH_QUEUED")
	if s == "" {
		return 10_000_000
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 100_000 {
		b.Fatalf("OPENRBM_BENCH_QUEUED: %q is not a number from 100000 up", s)
	}
	return n
}

// accepts is the rate at which texts to the first phones, each to one of them at
// random, are accepted in a closed loop.
func (l *load) accepts(b *testing.B, phones int, d time.Duration) float64 {
	return rate(b, l.address, l.token, text, d, func(int, int) string { return l.send(queuedPhone(rand.IntN(phones))) })
}

// drain is how long a phone takes from dialing to its last waiting message.
func (l *load) drain(b *testing.B, number, token string) time.Duration {
	done := make(chan struct{})
	n := 0
	begin := time.Now()
	p, err := phone.Dial(b.Context(), phone.Options{URL: l.Ready.DeviceURL, Number: number, Token: token, OnEvent: func(e phone.Event) {
		if _, ok := e.(*phone.Message); ok {
			if n++; n == drained {
				close(done)
			}
		}
	}})
	must(b, err)
	defer p.Close()
	select {
	case <-done:
	case <-time.After(time.Minute):
		b.Fatalf("%s has not got its %d messages after a minute", number, drained)
	}
	return time.Since(begin)
}

// copied is a copy of a small filling.
func (f *filling) copied(b *testing.B) string {
	dir := b.TempDir()
	must(b, os.CopyFS(dir, os.DirFS(f.dir)))
	return dir
}

// BenchmarkQueued: what a long queue costs. The process is the real one; its
// store has been filled on the way that every send takes below HTTP.
func BenchmarkQueued(b *testing.B) {
	if testing.Short() {
		b.Skip("fills a store")
	}
	n := queuedMessages(b)
	b.Run(strconv.Itoa(n), func(b *testing.B) {
		_, err := process.Binary()
		must(b, err)
		for b.Loop() {
			measureQueued(b, n)
			b.ReportMetric(0, "ns/op")
		}
	})
}

func measureQueued(b *testing.B, n int) {
	small, empty := fillStore(b, 10_000, 1000, 0, shortText), fillStore(b, 0, 1, rounds, shortText)
	full := keptFilling(b, n, n/10, rounds)
	b.ReportMetric(float64(n)/full.took.Seconds(), "fill/s")
	b.ReportMetric(float64(full.bodies)/float64(n), "B/body")
	b.ReportMetric(float64(full.disk)/float64(full.bodies), "disk-vs-bytes")
	b.Logf("filled with %d messages in %v: %d MiB of bodies, %d MiB on disk", n, full.took.Round(time.Second), full.bodies>>20, full.disk>>20)

	l := startLoad(b, full.dir, full.phones)
	b.ReportMetric(l.memory(b, "VmRSS"), "start-rss-MiB")
	drains(b, l, startLoad(b, empty.dir, empty.phones), full, empty)
	accepts(b, l, small)
	b.ReportMetric(l.memory(b, "VmHWM"), "peak-rss-MiB")
	l.profile(b, "heap", "heap")()
	restarts(b, l)
	b.ReportMetric(l.memory(b, "VmHWM"), "restarted-rss-MiB")
}

// drains compares the draining of phones of both stores, in turn.
func drains(b *testing.B, l, bare *load, full, empty *filling) {
	defer bare.Kill()
	var sparse, dense, took []float64
	for i := range rounds {
		of := bare.drain(b, densePhone(i), empty.dense[i]).Seconds()
		profiled := l.profile(b, "drain", "profile?seconds=1")
		s := l.drain(b, sparsePhone(i), full.sparse[i]).Seconds()
		profiled()
		d := l.drain(b, densePhone(i), full.dense[i]).Seconds()
		sparse, dense, took = append(sparse, s/of), append(dense, d/of), append(took, s)
		b.Logf("drain: empty %.3f s, sparse %.3f s, dense %.3f s", of, s, d)
	}
	b.ReportMetric(median(sparse), "drain-vs-empty")
	b.ReportMetric(median(dense), "drain-dense-vs-empty")
	b.ReportMetric(median(took)*1000, "drain-ms")
}

// accepts compares the rate of l with that of a copy of small, new each round:
// sends to any of its phones, and sends to as many as small has, which says how
// much of the difference is the queue's and how much the phones'.
func accepts(b *testing.B, l *load, small *filling) {
	const d = 3 * time.Second
	var ratios, rates, few []float64
	for range rounds {
		s := startLoad(b, small.copied(b), small.phones)
		of := s.accepts(b, s.phones, d)
		s.Kill()
		profiled := l.profile(b, "accepts", "profile?seconds=3")
		ours := l.accepts(b, l.phones, d)
		profiled()
		profiled = l.profile(b, "accepts-few", "profile?seconds=3")
		toFew := l.accepts(b, small.phones, d)
		profiled()
		ratios, rates, few = append(ratios, ours/of), append(rates, ours), append(few, toFew/of)
		b.Logf("accepts: %.0f/s at ten thousand, %.0f/s, %.0f/s to few phones", of, ours, toFew)
	}
	b.ReportMetric(median(ratios), "accept-vs-10k")
	b.ReportMetric(median(few), "accept-few-vs-10k")
	b.ReportMetric(median(rates), "accepts/s")
}

// restarts measures both ways to end, in turn, each after some load.
func restarts(b *testing.B, l *load) {
	var stopped, killed []float64
	for range rounds {
		l.accepts(b, l.phones, time.Second)
		_, err := l.Stop(b.Context())
		must(b, err)
		stopped = append(stopped, l.restart(b))
		l.accepts(b, l.phones, time.Second)
		l.Kill()
		killed = append(killed, l.restart(b))
	}
	b.Logf("restarts: stopped %.2f, killed %.2f", stopped, killed)
	b.ReportMetric(median(stopped), "stopped-restart-s")
	b.ReportMetric(median(killed), "killed-restart-s")
	b.ReportMetric(max(median(stopped), median(killed)), "restart-s")
}
