package trend

import (
	"testing"
	"time"
)

var begin = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func TestSteps(t *testing.T) {
	var tr Trend
	for i := range 10 {
		tr.Add(Sample{Time: begin.Add(time.Duration(i) * time.Minute), Queued: int64(i)})
	}
	tr.Add(Sample{Time: begin, Queued: 99}) // the clock was set back
	steps, before := tr.Steps(begin.Add(4*time.Minute), 2*time.Minute, 5)
	if before == nil || before.Queued != 3 {
		t.Errorf("before is %+v", before)
	}
	for i, want := range []int64{5, 7, 9} {
		if steps[i] == nil || steps[i].Queued != want {
			t.Errorf("step %d is %+v, want %d", i, steps[i], want)
		}
	}
	if len(steps) != 5 || steps[3] != nil || steps[4] != nil {
		t.Errorf("%v", steps)
	}
	if steps, before := new(Trend).Steps(begin, time.Minute, 2); steps[0] != nil || before != nil {
		t.Errorf("of nothing: %v, %v", steps, before)
	}
	if steps, before := tr.Steps(begin.Add(-time.Hour), time.Hour, 1); steps[0] != nil || before != nil {
		t.Errorf("of before: %v, %v", steps, before)
	}
}

// However long it runs, what is kept is bounded.
func TestBound(t *testing.T) {
	var tr Trend
	for i := range maxSamples + 100 {
		tr.Add(Sample{Time: begin.Add(time.Duration(i) * time.Minute), Queued: int64(i)})
	}
	if n := len(tr.samples); n > maxSamples {
		t.Errorf("%d samples", n)
	}
	if last := tr.samples[len(tr.samples)-1]; last.Queued != maxSamples+99 {
		t.Errorf("the last is %+v", last)
	}
}
