package clock

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAdvanceWakesTheSleeperWhoseTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		start := time.Now()
		woken := make(chan time.Duration, 2)
		for _, d := range []time.Duration{time.Hour, 48 * time.Hour} {
			go func() {
				if c.Sleep(t.Context(), d) {
					woken <- d
				}
			}()
		}
		synctest.Wait()
		c.Advance(2 * time.Hour)
		if d := <-woken; d != time.Hour {
			t.Fatalf("first awake is the sleeper of %v, want 1h", d)
		}
		if real := time.Since(start); real != 0 {
			t.Fatalf("the sleeper waited %v of real time", real)
		}
		if d := <-woken; d != 48*time.Hour || time.Since(start) != 46*time.Hour {
			t.Fatalf("second awake: %v after %v, want 48h after 46h", d, time.Since(start))
		}
	})
}

func TestSleepUntilEndsWithWakeOrContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		wake := make(chan struct{}, 1)
		wake <- struct{}{}
		if !c.SleepUntil(t.Context(), time.Time{}, wake) {
			t.Fatal("a wake-up is not the end of the context")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if c.SleepUntil(ctx, c.Now().Add(time.Hour), nil) || c.SleepUntil(ctx, c.Now().Add(-time.Hour), nil) {
			t.Fatal("an ended context must say false")
		}
	})
}

func TestTimeDoesNotRunBackwards(t *testing.T) {
	c := New()
	c.Advance(-time.Hour)
	if c.Offset() != 0 {
		t.Fatalf("offset %v", c.Offset())
	}
}
