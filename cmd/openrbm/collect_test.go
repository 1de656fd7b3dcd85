package main

import (
	"testing"
	"time"
)

// TestGarbageAllowed: load that lasts gets all that may be, idle servers little, and
// a burst makes a process grow by an eighth of it at most.
func TestGarbageAllowed(t *testing.T) {
	const mib = 1 << 20
	garbage, steps := uint64(firstGarbage), 0
	for ; garbage < maxGarbage; steps++ {
		garbage = next(garbage, 50*mib, often/2)
	}
	if garbage != maxGarbage || steps > 24 {
		t.Errorf("after %d collections under load: %d MiB", steps, garbage/mib)
	}
	if g := next(garbage, 50*mib, (often+seldom)/2); g != garbage {
		t.Errorf("at the pace that is wanted: %d MiB", g/mib)
	}
	for range 10 {
		garbage = next(garbage, 50*mib, time.Hour)
	}
	if garbage != 50*mib/minShare {
		t.Errorf("an idle server may keep %d MiB", garbage/mib)
	}
	if g := next(maxGarbage, 2*mib, often/2); g != 2*maxTimes*mib {
		t.Errorf("with little alive: %d MiB", g/mib)
	}
	if g := next(maxGarbage, 4096*mib, often/2); g != 1024*mib {
		t.Errorf("with much alive: %d MiB", g/mib)
	}
	garbage = firstGarbage
	const burst = 150 * mib
	for made := uint64(0); made+garbage <= burst; {
		made += garbage
		garbage = next(garbage, 10*mib, 0)
	}
	if garbage > firstGarbage+burst/8 {
		t.Errorf("after a burst: %d MiB", garbage/mib)
	}
}
