package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// pace lets garbage collections come about twice a second under load and seldom
// otherwise: Go's own pace, by the size of what is alive, had a small server collect
// ten times a second, a tenth of the CPU of accepting messages, and a large one
// that idles keep as much garbage as it has phones.
//
// The garbage that it allows grows slowly, by an eighth with each collection: a
// burst of large requests that makes so many bytes of garbage makes the process
// grow by an eighth of them, however quick the machine is. Load that lasts has what
// it needs after seconds.
type pace struct {
	last    time.Time
	garbage uint64 // bytes, that may come before the next collection
	lives   [1]metrics.Sample
}

// The bounds of the pace.
const (
	often, seldom          = 500 * time.Millisecond, 4 * time.Second // between collections
	firstGarbage           = 16 << 20
	minGarbage, maxGarbage = 4 << 20, 192 << 20 // bytes, but not less than 1/minShare of what is alive
	minShare, maxTimes     = 4, 16              // and not more than maxTimes of it
)

var paced atomic.Bool

// paceCollections begins pacing, once in a process, unless GOGC says the pace.
func paceCollections() {
	if os.Getenv("GOGC") != "" || paced.Swap(true) {
		return
	}
	p := &pace{last: time.Now(), garbage: firstGarbage}
	p.lives[0].Name = "/gc/heap/live:bytes"
	p.await()
}

// await has turn called after the next collection, which finds a dead object.
func (p *pace) await() {
	runtime.AddCleanup(&struct{ _ *pace }{p}, (*pace).turn, p)
}

// turn adapts the pace to the time that has passed since the last collection.
func (p *pace) turn() {
	now := time.Now()
	since := now.Sub(p.last)
	p.last = now
	metrics.Read(p.lives[:])
	alive := max(p.lives[0].Value.Uint64(), 1<<20)
	p.garbage = next(p.garbage, alive, since)
	debug.SetGCPercent(int(100 * p.garbage / alive))
	p.await()
}

// next is how much garbage may come before the next collection when so much could
// come before the last one, so much is alive, and so long it took to come.
func next(garbage, alive uint64, since time.Duration) uint64 {
	if since < often {
		garbage += garbage / 8
	} else if since > seldom {
		garbage /= 2
	}
	return max(minGarbage, alive/minShare, min(garbage, maxGarbage, maxTimes*alive))
}
