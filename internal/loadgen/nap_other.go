//go:build !linux

package loadgen

import (
	"context"
	"time"
)

// napper sleeps as exactly as Go's timers do.
type napper struct{}

func newNapper() (*napper, error) { return &napper{}, nil }

// sleep returns after d, or when ctx ends.
func (*napper) sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return nil
}

func (*napper) close() {}
