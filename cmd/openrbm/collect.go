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
type pace struct {
	last    time.Time
	percent int // of what is alive may be added before the next collection
	lives   [1]metrics.Sample
}

// The bounds of the pace.
const (
	often, seldom          = 500 * time.Millisecond, 4 * time.Second // between collections
	minPercent, maxPercent = 25, 1600
	maxGarbage             = 192 << 20 // bytes
)

var paced atomic.Bool

// paceCollections begins pacing, once in a process, unless GOGC says the pace.
func paceCollections() {
	if os.Getenv("GOGC") != "" || paced.Swap(true) {
		return
	}
	p := &pace{last: time.Now(), percent: 100}
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
	next := p.percent
	if since < often {
		next *= 2
	} else if since > seldom {
		next /= 2
	}
	metrics.Read(p.lives[:])
	alive := max(p.lives[0].Value.Uint64(), 1<<20)
	next = max(minPercent, min(next, maxPercent, int(100*maxGarbage/alive)))
	if next != p.percent {
		p.percent = next
		debug.SetGCPercent(next)
	}
	p.await()
}
