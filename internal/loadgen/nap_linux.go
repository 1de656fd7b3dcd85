package loadgen

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// napper sleeps to the microsecond. Go's own timers end up to a millisecond late
// while nothing else happens, and that would be measured as the server's.
type napper struct{ timer *os.File }

func newNapper() (*napper, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	return &napper{os.NewFile(uintptr(fd), "timerfd")}, nil
}

// longestNap is how late the end of ctx is noticed at most.
const longestNap = 100 * time.Millisecond

// sleep returns after d, or when ctx ends.
func (s *napper) sleep(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); d > 0 && ctx.Err() == nil; d = time.Until(end) {
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(min(d, longestNap)))}
		if err := s.set(&spec); err != nil {
			return fmt.Errorf("timerfd: %w", err)
		}
		var expirations [8]byte
		if _, err := s.timer.Read(expirations[:]); err != nil {
			return fmt.Errorf("timerfd: %w", err)
		}
	}
	return nil
}

func (s *napper) set(spec *unix.ItimerSpec) error {
	raw, err := s.timer.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = unix.TimerfdSettime(int(fd), 0, spec, nil) }); err != nil {
		return err
	}
	return failed
}

func (s *napper) close() { s.timer.Close() }
