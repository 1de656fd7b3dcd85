package gateway

import "time"

// The pace at which a phone is read, in units: a frame costs one, and one that
// the store commits by itself costs commitCost. So 20 of these a second, 100 at once.
const (
	unitsPerSecond = 500
	unitsAtOnce    = 2500
	commitCost     = 25
)

// limiter is a token bucket, full at the beginning.
type limiter struct {
	spent float64 // units taken and not yet refilled
	last  time.Duration
}

// take spends cost at the time now and returns how long to wait before the next.
func (l *limiter) take(cost int, now time.Duration) time.Duration {
	l.spent = max(0, l.spent-(now-l.last).Seconds()*unitsPerSecond) + float64(cost)
	l.last = now
	over := l.spent - unitsAtOnce
	return time.Duration(max(0, over) / unitsPerSecond * float64(time.Second))
}
