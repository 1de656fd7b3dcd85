package outbox

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

func status(code int) func(string, int) int { return func(string, int) int { return code } }

// hang is a webhook that never answers.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // only then does the server see the caller go
	<-r.Context().Done()
}

// A single notice is attempted exactly when the table says, and not once more.
func TestIntervalsToTheDay(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{answer: func(_ string, nth int) int {
			if nth <= 13 {
				return 500
			}
			return 200
		}}
		w.serve("a", h.ServeHTTP)
		w.run()
		w.post("a", "e")
		w.out.Hint("a")
		w.pass(24 * time.Hour)
		var gaps []int
		calls := h.got()
		for i := range calls[1:] {
			gap := calls[i+1].at.Sub(calls[i].at)
			if gap%time.Second != 0 {
				t.Errorf("gap %d is %v, want whole seconds", i, gap)
			}
			gaps = append(gaps, int(gap/time.Second))
		}
		if want := []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600}; !slices.Equal(gaps, want) {
			t.Errorf("seconds between attempts: %v, want %v", gaps, want)
		}
		if left := w.waiting("a"); len(left) != 0 {
			t.Errorf("%d notices left", len(left))
		}
		if got := w.out.Health("a"); got.Delivered != 1 || got.Failed != 13 || !got.FailingSince.IsZero() || got.LastStatus != 200 || got.LastError != "answered 500" {
			t.Errorf("health %+v", got)
		}
	})
}

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

// Every event of a webhook that was down arrives, each once, soon after.
func TestFailsForAWhileThenAnswers(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{answer: status(503)}
		w.serve("a", h.ServeHTTP)
		w.run()
		for i := range 200 {
			w.post("a", fmt.Sprint("e", i))
			w.out.Hint("a")
			w.pass(time.Second)
		}
		w.pass(time.Hour)
		if h := w.out.Health("a"); h.FailingSince.IsZero() || h.Delivered != 0 || w.out.Stats().Failing != 1 {
			t.Fatalf("health of a dead webhook: %+v", h)
		}
		if calls := len(h.got()); calls > 3800/10+20 || calls < 3800/10/2 {
			t.Errorf("a dead webhook was called %d times in 3800 s", calls)
		}
		if lag := w.out.Stats().Lag; lag < time.Hour {
			t.Errorf("lag %v of notices that wait for an hour", lag)
		}
		h.answers(nil)
		w.pass(maxInterval + maxPause)
		got := h.delivered()
		for i := range 200 {
			if n := got[fmt.Sprint("e", i)]; n != 1 {
				t.Errorf("event %d was delivered %d times", i, n)
			}
		}
		if s := w.out.Stats(); len(w.waiting("a")) != 0 || s.Delivered != 200 || s.Dropped != 0 || s.Failing != 0 || s.Lag != 0 {
			t.Errorf("%d left, stats %+v", len(w.waiting("a")), s)
		}
		if log := w.log.String(); strings.Count(log, "webhook fails") != 1 || strings.Count(log, "webhook answers again") != 1 {
			t.Errorf("the log does not tell of the fall and the return once each:\n%.2000s", log)
		}
	})
}

func TestOnly200IsSuccess(t *testing.T) {
	for _, code := range []int{201, 202, 204, 206, 301, 302, 307, 400, 401, 404, 410, 429, 500, 503} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				h := &hook{answer: func(_ string, nth int) int {
					if nth == 1 {
						return code
					}
					return 200
				}}
				w.serve("a", func(rw http.ResponseWriter, r *http.Request) {
					rw.Header().Set("Location", "http://a.test/elsewhere")
					if r.URL.Path != "/hook" {
						t.Errorf("%d was followed to %s", code, r.URL)
					}
					h.ServeHTTP(rw, r)
				})
				w.post("a", "e")
				w.run()
				synctest.Wait()
				if n := w.waiting("a"); len(n) != 1 || n[0].Attempts != 1 {
					t.Fatalf("after %d waiting: %+v", code, n)
				}
				if got := w.out.Health("a"); got.LastStatus != code || got.LastError != fmt.Sprint("answered ", code) || got.Failed != 1 {
					t.Errorf("health %+v", got)
				}
				w.pass(time.Second)
				if n := len(w.waiting("a")); n != 0 || len(h.got()) != 2 {
					t.Errorf("%d waiting after %d calls", n, len(h.got()))
				}
			})
		})
	}
}

func TestSilenceAndBrokenConnectionsAreFailures(t *testing.T) {
	for name, c := range map[string]struct {
		h       http.HandlerFunc
		latency time.Duration
		err     string
	}{
		"no answer":       {hang, 10 * time.Second, "no answer after 10s"},
		"connection lost": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "EOF"},
		"text": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(500)
			fmt.Fprintf(rw, "line\r\n\x00two %s token-of-a", strings.Repeat("é", 1<<17))
		}, 0, "answered 500: line two éé"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.serve("a", c.h)
				w.post("a", "e")
				w.run()
				w.pass(c.latency)
				h := w.out.Health("a")
				if h.Failed != 1 || !strings.HasPrefix(h.LastError, c.err) || h.LastLatency != c.latency || len(h.LastError) > 250 {
					t.Errorf("health %+v", h)
				}
				if n := w.waiting("a"); len(n) != 1 || n[0].Attempts != 1 || !n[0].Due.Equal(w.clock.Now().Add(time.Second)) {
					t.Errorf("waiting %+v", n)
				}
			})
		})
	}
}

// A body that never ends does not take a 200 back.
func TestStatus200WithoutAnEndIsSuccess(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.serve("a", func(rw http.ResponseWriter, r *http.Request) {
			rw.WriteHeader(200)
			rw.(http.Flusher).Flush()
			hang(rw, r)
		})
		w.post("a", "e")
		w.run()
		w.pass(10 * time.Second)
		if h := w.out.Health("a"); h.Delivered != 1 || len(w.waiting("a")) != 0 {
			t.Errorf("health %+v", h)
		}
	})
}

func TestDroppedAfterSevenDays(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{answer: status(500)}
		w.serve("a", h.ServeHTTP)
		w.run()
		start := w.clock.Now()
		w.post("a", "poison")
		w.out.Hint("a")
		w.pass(7*24*time.Hour - time.Second)
		if n := w.waiting("a"); len(n) != 1 {
			t.Fatalf("%d waiting a second before the end", len(n))
		}
		w.pass(maxInterval + time.Second)
		if n := w.waiting("a"); len(n) != 0 || w.out.Health("a").Dropped != 1 || w.out.Stats().Dropped != 1 {
			t.Fatalf("%d waiting after the end, %+v", len(n), w.out.Health("a"))
		}
		calls := h.got()
		if last := calls[len(calls)-1].at.Sub(start); last >= 7*24*time.Hour || last < 7*24*time.Hour-maxInterval {
			t.Errorf("last attempt after %v", last)
		}
		if want := 10 + 604800/600; len(calls) < want-2 || len(calls) > want+1 {
			t.Errorf("%d attempts, want about %d", len(calls), want)
		}
		if log := w.log.String(); !strings.Contains(log, `level=WARN msg="notice dropped: too old" agent=a event=poison`) {
			t.Error("the log does not warn of the drop")
		}
	})
}

// Without a webhook notices wait, as long as they would be attempted.
func TestWebhookConfiguredLater(t *testing.T) {
	for _, hinted := range []bool{true, false} {
		t.Run(fmt.Sprint("hinted=", hinted), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				h := &hook{}
				w.serve("a", h.ServeHTTP)
				hookOfA := w.hooks.byAgent["a"]
				w.hooks.remove("a")
				w.run()
				for i := range 300 {
					w.post("a", fmt.Sprint("old", i))
				}
				w.pass(24 * time.Hour)
				for i := range 10 {
					w.post("a", fmt.Sprint("new", i))
				}
				w.out.Hint("a")
				w.pass(6 * 24 * time.Hour)
				w.pass(w.opts.SweepInterval + 30*time.Second)
				if n := len(w.waiting("a")); n != 10 || w.out.Health("a").Dropped != 300 || w.out.Stats().Lag != 0 {
					t.Fatalf("%d wait, %+v", n, w.out.Stats())
				}
				w.hooks.set("a", hookOfA)
				if hinted {
					w.out.Hint("a")
					synctest.Wait()
				} else {
					w.pass(30 * time.Second)
				}
				if n := len(w.waiting("a")); n != 0 || len(h.delivered()) != 10 {
					t.Fatalf("%d wait, delivered %v", n, h.delivered())
				}
			})
		})
	}
}

// Law 3: without any hint all arrives, only later.
func TestLostHintsOnlyMakeThingsSlower(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{}
		for _, a := range []string{"a", "b", "c"} {
			w.serve(a, h.ServeHTTP)
		}
		w.post("a", "before")
		w.run()
		synctest.Wait()
		if got := h.delivered(); got["before"] != 1 {
			t.Fatalf("what waited at the start: %v", got)
		}
		for i := range 100 {
			w.post([]string{"a", "b", "c"}[i%3], fmt.Sprint("e", i))
		}
		w.pass(30 * time.Second)
		if got := h.delivered(); len(got) != 101 {
			t.Fatalf("%d of 101 delivered within the sweep", len(got))
		}
		for _, c := range w.out.all() {
			if c.running {
				t.Errorf("the courier of %s still runs", c.agent)
			}
		}
	})
}

func TestHintBringsANoticeAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{}
		w.serve("a", h.ServeHTTP)
		w.run()
		synctest.Wait()
		for i := range 50 {
			w.post("a", fmt.Sprint("e", i))
			w.out.Hint("a")
			synctest.Wait()
			if n := len(h.got()); n != i+1 {
				t.Fatalf("%d calls after %d notices, no time has passed", n, i+1)
			}
		}
	})
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

func TestRetryMakesAllDueNow(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{answer: status(500)}
		w.serve("a", h.ServeHTTP)
		w.run()
		for i := range 30 {
			w.post("a", fmt.Sprint("e", i))
		}
		w.pass(2 * time.Hour)
		h.answers(nil)
		n, err := w.out.Retry(t.Context(), "a")
		if n != 30 || err != nil {
			t.Fatalf("Retry: %d, %v", n, err)
		}
		synctest.Wait()
		if got := h.delivered(); len(got) != 30 || len(w.waiting("a")) != 0 {
			t.Errorf("%d of 30 delivered at once", len(got))
		}
		if n, err := w.out.Retry(t.Context(), "nobody"); n != 0 || err != nil {
			t.Errorf("Retry of nothing: %d, %v", n, err)
		}
	})
}

// Habit 5: each write broken both ways. A delivered notice is never posted again
// because the store failed; only a restart in between may do that.
func TestStoreFails(t *testing.T) {
	down := errors.New("disk full")
	retiring := func(b *store.Batch) bool { return len(b.Deletes) > 0 && len(b.Puts) == 0 }
	moving := func(b *store.Batch) bool { return len(b.Deletes) > 0 && len(b.Puts) > 0 }
	when := func(is func(*store.Batch) bool, err error) func(*store.Batch) error {
		return func(b *store.Batch) error {
			if is(b) {
				return err
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		before, after func(*store.Batch) error
		first         int // answer to the first call
		calls         int // in the first minute, with the fault
	}{
		"retire fails":                 {when(retiring, down), nil, 200, 1},
		"retire is stored but unknown": {nil, when(retiring, store.ErrUnknown), 200, 1},
		"postpone fails":               {when(moving, down), nil, 500, 60},
		"postpone is stored, unknown":  {nil, when(moving, store.ErrUnknown), 500, 6},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				h := &hook{answer: status(c.first)}
				w.serve("a", h.ServeHTTP)
				w.post("a", "e")
				w.db.faults(c.before, c.after)
				w.run()
				w.pass(time.Minute)
				if n := len(h.got()); n < 1 || n > c.calls {
					t.Errorf("%d calls with the fault, want at most %d", n, c.calls)
				}
				w.db.faults(nil, nil)
				h.answers(nil)
				w.pass(2 * time.Minute)
				if n := w.waiting("a"); len(n) != 0 || w.out.Health("a").Delivered != 1 {
					t.Errorf("waiting %+v, %+v", n, w.out.Health("a"))
				}
			})
		})
	}
}

func TestDirectoryFails(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{}
		w.serve("a", h.ServeHTTP)
		w.hooks.fault = errors.New("no directory")
		w.post("a", "e")
		w.run()
		w.pass(time.Minute)
		if n := strings.Count(w.log.String(), "no directory"); n < 2 || n > 61 {
			t.Errorf("asked %d times in a minute", n)
		}
		w.hooks.mu.Lock()
		w.hooks.fault = nil
		w.hooks.mu.Unlock()
		w.pass(storePause)
		if len(h.delivered()) != 1 {
			t.Error("not delivered when the directory is back")
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
