package loadgen

import (
	"context"
	"sync/atomic"
	"time"
)

// pace says what is sent when. next gives the number of a message and when it is
// due, in time since the book's start; false: nothing more. It may be called by many
// goroutines, and numbers are given without gaps.
type pace interface {
	next(ctx context.Context) (n int, due time.Duration, more bool)
}

// closedLoop makes every message due when somebody is free to send it.
type closedLoop struct {
	book  *book
	limit int64
	given atomic.Int64
}

func (c *closedLoop) next(ctx context.Context) (int, time.Duration, bool) {
	if ctx.Err() != nil {
		return 0, 0, false
	}
	n := c.given.Add(1) - 1
	return int(n), c.book.now(), n < c.limit
}

// openLoop makes messages due at fixed times, whether or not somebody is free.
type openLoop struct {
	due   chan ticket
	begin time.Duration // of message 0
	rate  float64       // a second
	limit int
}

type ticket struct {
	n   int
	due time.Duration
}

// ahead is how many messages that are due can wait in the channel; more wait in
// the clock.
const ahead = 4096

func newOpenLoop(rate float64, limit int, begin time.Duration) *openLoop {
	return &openLoop{due: make(chan ticket, ahead), begin: begin, rate: rate, limit: limit}
}

// run hands out messages as they become due.
func (o *openLoop) run(ctx context.Context, now func() time.Duration) error {
	defer close(o.due)
	nap, err := newNapper()
	if err != nil {
		return err
	}
	defer nap.close()
	for n := range o.limit {
		t := ticket{n, o.begin + time.Duration(float64(n)/o.rate*float64(time.Second))}
		if wait := t.due - now(); wait > 0 {
			if err := nap.sleep(ctx, wait); err != nil {
				return err
			}
		}
		select {
		case o.due <- t:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// dueBy is how many messages are due by then.
func (o *openLoop) dueBy(then time.Duration) int {
	return min(o.limit, 1+int((then-o.begin).Seconds()*o.rate))
}

func (o *openLoop) next(ctx context.Context) (int, time.Duration, bool) {
	if ctx.Err() != nil {
		return 0, 0, false
	}
	select {
	case t, more := <-o.due:
		return t.n, t.due, more
	case <-ctx.Done():
		return 0, 0, false
	}
}
