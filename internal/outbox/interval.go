package outbox

import "time"

// The intervals between the attempts to deliver one notice: exponential back-off,
// at most 600 s (facts/rbm-api.md §3.4). That they begin at 1 s, double, and are
// shortened by up to a fifth so that what failed together does not come back
// together, is ours.
const (
	firstInterval = time.Second
	maxInterval   = 600 * time.Second
	jitterPart    = 5 // at most one fifth
)

// interval is the wait after the failed-th failed attempt (1, 2, …). jitter is
// between 0 and 1.
func interval(failed int, jitter float64) time.Duration {
	d := doubled(firstInterval, failed-1, maxInterval)
	return d - time.Duration(jitter*float64(d)/jitterPart)
}

// doubled is d doubled n times, at most limit.
func doubled(d time.Duration, n int, limit time.Duration) time.Duration {
	for ; n > 0 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}
