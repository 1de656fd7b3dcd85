package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// sender is one connection's work. One goroutine owns it.
type sender struct {
	r    *run
	dice *dice
	conn *Conn // nil: to be made
}

// redialWait is how long a sender waits before it connects again.
const redialWait = 100 * time.Millisecond

// work sends until the pace says that there is nothing more.
func (s *sender) work(ctx context.Context) {
	defer s.hangUp()
	for {
		n, due, more := s.r.pace.next(ctx)
		if !more {
			return
		}
		s.r.count.sent.Add(1)
		s.send(ctx, n, due)
	}
}

// send sends message n. What goes wrong is counted.
func (s *sender) send(ctx context.Context, n int, due time.Duration) {
	b := s.r.book
	rec := b.at(n)
	rec.due.Store(int64(due))
	if err := s.connect(ctx); err != nil {
		s.r.errors.add("not connected", err.Error())
		pause(ctx, redialWait)
		return
	}
	rec.begun.Store(int64(b.now()))
	status, answer, err := s.conn.Post(s.r.path(n), *s.r.token.Load(), s.dice.pick())
	now := b.now()
	if err != nil {
		s.hangUp()
		s.r.errors.add(broken(err), err.Error())
		return
	}
	if s.conn.closed {
		s.hangUp()
	}
	if status != 200 {
		s.refused(status, answer)
		return
	}
	rec.acked.Store(int64(now))
	s.r.count.accepted.Add(1)
	s.r.measure(s.r.accept, rec, now)
}

// refused counts a refusal. One that all others would meet ends the run.
func (s *sender) refused(status int, answer []byte) {
	e := rbm.ParseError(status, answer)
	s.r.errors.add(fmt.Sprintf("%d %s", status, e.Code), e.Message)
	if e.Code == rbm.CodeUnauthenticated {
		s.r.fail(fmt.Errorf("the server does not take the agent's access token: %w", e))
	}
}

// broken is the kind of an error of a connection.
func broken(err error) string {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return "no answer in time"
	}
	return "connection broken"
}

func (s *sender) connect(ctx context.Context) (err error) {
	if s.conn == nil {
		s.conn, err = Dial(ctx, s.r.opts.URL, s.r.opts.TLS)
	}
	return err
}

func (s *sender) hangUp() {
	if s.conn != nil {
		s.conn.Close()
		s.conn = nil
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
