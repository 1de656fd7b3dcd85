package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// DefaultMaxAttempts is how often one call is tried at most, the first try included.
	DefaultMaxAttempts = 5

	firstPause = 250 * time.Millisecond // before the second attempt; doubles each time
	maxPause   = 60 * time.Second       // a longer Retry-After is left to the caller
)

// A setback is a failed attempt that may be repeated.
type setback struct {
	err     error
	after   time.Duration // Retry-After: the server asked to wait at least this long
	unknown bool          // the server may have done the work although it was not heard to say so
}

func (s *setback) Error() string { return s.err.Error() }
func (s *setback) Unwrap() error { return s.err }

// retrier repeats what may be repeated.
type retrier struct {
	attempts int
	wait     func(context.Context, time.Duration) error
}

// run calls try until it succeeds, fails for good, or has used up its attempts or
// its time, and returns the last failure. unknown says whether an attempt may have
// been carried out unheard.
func (r retrier) run(ctx context.Context, try func() error) (unknown bool, err error) {
	for n := 1; ; n++ {
		err := try()
		s, ok := errors.AsType[*setback](err)
		if !ok {
			return unknown, err
		}
		unknown = unknown || s.unknown
		if n >= r.attempts || s.after > maxPause {
			return unknown, s.err
		}
		if err := r.wait(ctx, backoff(n, s.after)); err != nil {
			return unknown, fmt.Errorf("%w (%w)", s.err, err)
		}
	}
}

// backoff is the pause after the nth attempt: doubling, half of it random so that
// many clients do not come back together, never shorter than the server asked.
func backoff(n int, after time.Duration) time.Duration {
	full := min(firstPause<<min(n-1, 10), maxPause)
	jitter := rand.N(full / 2)
	if after > 0 {
		return after + min(jitter, firstPause)
	}
	return full/2 + jitter
}

// pause waits for d, or fails at once if ctx ends before that.
func pause(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mayRepeat tells whether an HTTP status is worth another attempt: too many
// requests, or a failure of the server. 501 stays what it is.
func mayRepeat(status int) bool {
	return status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented
}

// retryAfter reads a Retry-After header, in seconds or as a date; 0 without one.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
