package outbox

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestIntervalTable(t *testing.T) {
	for _, c := range []struct {
		failed int
		jitter float64
		want   time.Duration
	}{
		{1, 0, time.Second},
		{1, 1, 800 * time.Millisecond},
		{2, 0.5, 1800 * time.Millisecond},
		{10, 0, 512 * time.Second},
		{11, 0, 600 * time.Second},
		{11, 1, 480 * time.Second},
		{1 << 40, 0, 600 * time.Second},
	} {
		if got := interval(c.failed, c.jitter); got != c.want {
			t.Errorf("interval(%d, %v) = %v, want %v", c.failed, c.jitter, got, c.want)
		}
	}
}

func TestPoisonDoesNotBlockTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{answer: func(event string, _ int) int {
			if event == "poison" {
				return 500
			}
			return 200
		}}
		w.serve("a", h.ServeHTTP)
		w.run()
		w.post("a", "poison")
		for i := range 500 {
			w.post("a", fmt.Sprint("e", i))
		}
		w.out.Hint("a")
		w.pass(0)
		if got := h.delivered(); len(got) != 500 {
			t.Fatalf("%d of 500 delivered, no time has passed", len(got))
		}
		for i := range 600 { // later ones neither, when the webhook is called at every second
			w.post("a", fmt.Sprint("later", i))
			w.out.Hint("a")
			w.pass(time.Second)
			if got := h.delivered()[fmt.Sprint("later", i)]; got != 1 {
				t.Fatalf("later event %d was delivered %d times within a second", i, got)
			}
		}
		if n := w.waiting("a"); len(n) != 1 || n[0].EventID != "poison" || n[0].Attempts != 10 {
			t.Errorf("waiting %+v", n)
		}
	})
}

func TestWindow(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{takes: time.Second}
		w.serve("a", h.ServeHTTP)
		w.opts.PerAgent = 8
		for i := range 100 {
			w.post("a", fmt.Sprint("e", i))
		}
		w.run()
		w.pass(999 * time.Millisecond)
		if h.most != 1 {
			t.Errorf("began with %d attempts at a time", h.most)
		}
		w.pass(20 * time.Second)
		if h.most != 8 || len(h.delivered()) != 100 {
			t.Errorf("%d at a time, %d delivered in 21 s", h.most, len(h.delivered()))
		}
	})
}

func TestInAllIsShared(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{takes: time.Second}
		w.opts.InAll = 5
		for a := range 10 {
			w.serve(fmt.Sprint(a), h.ServeHTTP)
			for i := range 20 {
				w.post(fmt.Sprint(a), fmt.Sprint("e", a, "-", i))
			}
		}
		w.run()
		w.pass(30 * time.Second)
		if h.most != 10+5 || len(h.delivered()) != 200 {
			t.Errorf("%d at a time, %d delivered", h.most, len(h.delivered()))
		}
		if len(w.out.slots) != 0 {
			t.Errorf("%d slots lost", len(w.out.slots))
		}
	})
}

func TestPace(t *testing.T) {
	t0 := time.Unix(1e9, 0)
	p := pace{window: 1}
	for range 40 {
		p.succeeded(16)
	}
	if p.window != 16 || p.down() {
		t.Fatalf("after 40 successes: %+v", p)
	}
	for range 16 { // one round that failed together is one strike
		p.failed(t0, t0.Add(time.Second))
	}
	if p.window != 8 || p.strikes != 1 || !p.resume.IsZero() {
		t.Fatalf("after one round of failures: %+v", p)
	}
	now := t0
	var pauses []time.Duration
	for range 7 {
		now = now.Add(time.Minute)
		p.failed(now, now)
		pauses = append(pauses, max(p.resume.Sub(now), 0))
	}
	s := time.Second
	if want := []time.Duration{0, s, 2 * s, 4 * s, 8 * s, 10 * s, 10 * s}; !slices.Equal(pauses, want) || p.window != 1 {
		t.Fatalf("pauses %v, want %v; %+v", pauses, want, p)
	}
	if p.succeeded(16); p.window != 2 || p.down() || !p.resume.IsZero() {
		t.Fatalf("after a success: %+v", p)
	}
	if p.succeeded(2); p.window != 2 {
		t.Fatalf("window %d over its limit", p.window)
	}
}
