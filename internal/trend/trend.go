// Package trend keeps in memory how the platform did, a sample a minute, for the
// charts of the last month: 31 days are about 4 MB. It is gone after a restart.
package trend

import (
	"slices"
	"sync"
	"time"
)

// How often a sample is taken, and how many are kept.
const (
	Interval   = time.Minute
	maxSamples = 31 * 24 * 60
)

// Sample is how the platform does at one moment.
type Sample struct {
	Time   time.Time
	Queued int64         // items waiting for phones
	Oldest time.Duration // since the oldest of them was sent; 0: none waits
	Online int           // phones
	// Delivered and Failed count calls of webhooks since the start.
	Delivered, Failed int64
	Lag               time.Duration // the age of the oldest event due to a webhook
}

// Trend is a series of samples, oldest first. The zero value is empty.
type Trend struct {
	mu      sync.Mutex
	samples []Sample
}

// Add takes s in as the newest sample. One that is not after the last is left out:
// the clock was set back.
func (t *Trend) Add(s Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.samples); n > 0 && !s.Time.After(t.samples[n-1].Time) {
		return
	}
	if len(t.samples) == maxSamples { // rare: a tenth makes room at once
		t.samples = slices.Delete(t.samples, 0, maxSamples/10)
	}
	t.samples = append(t.samples, s)
}

// Steps divides the time from since on into n steps and gives each the last sample
// in it, nil where there is none. before is the last sample before since: what
// counts, counts from there; nil: there is none.
func (t *Trend) Steps(since time.Time, step time.Duration, n int) (steps []*Sample, before *Sample) {
	t.mu.Lock()
	defer t.mu.Unlock()
	steps = make([]*Sample, n)
	from, _ := slices.BinarySearchFunc(t.samples, since, func(s Sample, at time.Time) int { return s.Time.Compare(at) })
	if from > 0 {
		copied := t.samples[from-1]
		before = &copied
	}
	for _, s := range t.samples[from:] {
		if i := int(s.Time.Sub(since) / step); i < n {
			steps[i] = &s
		}
	}
	return steps, before
}
