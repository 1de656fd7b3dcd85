package loadgen

import (
	"context"
	"fmt"
	"time"
)

// progress prints one line each second: what has come in it.
func (r *run) progress(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var accepted int64
	for second := 1; ; second++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := r.count.accepted.Load()
		line := fmt.Sprintf("%4ds  accepted %d", second, now-accepted)
		accepted = now
		for _, l := range []struct {
			name string
			Latency
		}{{"", r.accept.look()}, {"at phones", r.frame.look()}, {"receipts", r.receipt.look()}} {
			if l.Count > 0 {
				line += fmt.Sprintf("  %s p50 %.2f p99 %.2f ms", l.name, l.P50, l.P99)
			}
		}
		if n := r.errors.total(); n > 0 {
			line += fmt.Sprintf("  errors %d", n)
		}
		if r.book.now() < r.measured {
			line += "  warming up"
		}
		fmt.Fprintln(r.opts.Progress, line)
	}
}
