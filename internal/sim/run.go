package sim

import (
	"context"
	"runtime"
	"sync"
)

// Run lives n worlds, those of the seeds from first on, as many at a time as there
// are processors, and gives each outcome to done in the order of the seeds. It ends
// early when ctx ends or done says false.
func Run(ctx context.Context, first uint64, n int, o Options, done func(*Outcome) bool) {
	workers := min(runtime.GOMAXPROCS(0), n)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make([]chan *Outcome, workers)
	var wg sync.WaitGroup
	for i := range workers {
		outcomes[i] = make(chan *Outcome, 1)
		wg.Go(func() {
			for k := i; k < n && ctx.Err() == nil; k += workers {
				select {
				case outcomes[i] <- World(first+uint64(k), o):
				case <-ctx.Done():
				}
			}
		})
	}
	for k := range n {
		select {
		case out := <-outcomes[k%workers]:
			if done(out) {
				continue
			}
		case <-ctx.Done():
		}
		break
	}
	cancel()
	wg.Wait()
}
