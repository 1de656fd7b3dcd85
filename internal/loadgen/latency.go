package loadgen

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// latency collects times of one kind.
type latency struct {
	mu     sync.Mutex
	recent *hdrhistogram.Histogram // since the last look
	total  *hdrhistogram.Histogram // before
}

// What can be told apart: microseconds, up to ten minutes, to three digits.
const (
	longest = 10 * time.Minute
	digits  = 3
)

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest.Microseconds(), digits)
}

func newLatency() *latency { return &latency{recent: newHistogram(), total: newHistogram()} }

func (l *latency) record(d time.Duration) {
	µs := min(max(d, time.Microsecond), longest).Microseconds()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent.RecordValue(µs) // is within the bounds
}

// look gives what has come since the last look.
func (l *latency) look() Latency {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := summarize(l.recent)
	l.total.Merge(l.recent)
	l.recent.Reset()
	return seen
}

// sum gives everything.
func (l *latency) sum() Latency {
	l.look()
	l.mu.Lock()
	defer l.mu.Unlock()
	return summarize(l.total)
}

// Latency is how times are spread, in milliseconds. Percentiles are exact to 0.1 %.
type Latency struct {
	Count int64   `json:"count"`
	Min   float64 `json:"min"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

func summarize(h *hdrhistogram.Histogram) Latency {
	if h.TotalCount() == 0 {
		return Latency{}
	}
	ms := func(µs int64) float64 { return float64(µs) / 1000 }
	return Latency{
		Count: h.TotalCount(), Min: ms(h.Min()), Mean: h.Mean() / 1000, Max: ms(h.Max()),
		P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)), P99: ms(h.ValueAtQuantile(99)), P999: ms(h.ValueAtQuantile(99.9)),
	}
}
