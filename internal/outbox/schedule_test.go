package outbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
)

func status(code int) func(string, int) int { return func(string, int) int { return code } }

// hang is a webhook that never answers.

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

// A body that never ends does not take a 200 back.

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

// A notice that comes to be due long before those that were seen is found too.
func TestNoticeFromBehind(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{}
		w.serve("a", h.ServeHTTP)
		w.post("a", "first")
		w.run()
		synctest.Wait()
		now := w.clock.Now()
		w.put(&ledger.Notice{Agent: "a", EventID: "late", Type: "TEXT", Data: []byte(`{"messageId":"late"}`), Created: now, Due: now.Add(-time.Hour)})
		w.out.Hint("a")
		w.pass(2 * 30 * time.Second)
		if got := h.delivered(); got["first"] != 1 || got["late"] != 1 {
			t.Errorf("delivered %v", got)
		}
	})
}

// A hint that comes while the courier is about to rest is not lost on it.
func TestHintWhileTheCourierLooks(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{}
		w.serve("a", h.ServeHTTP)
		hookOfA := w.hooks.byAgent["a"]
		w.hooks.remove("a")
		w.post("a", "e")
		first := true
		w.hooks.asked = func() {
			if first {
				first = false
				w.hooks.set("a", hookOfA) // too late for this answer
				w.out.Hint("a")
			}
		}
		w.run()
		synctest.Wait()
		if len(h.delivered()) != 1 {
			t.Error("not delivered until the sweep")
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

func TestRetryMakesAllDueNow(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{answer: status(500)}
		w.serve("a", h.ServeHTTP)
		w.run()
		for i := range 30 {
			w.post("a", fmt.Sprint("e", i))
		}
		w.pass(2 * time.Hour)
		for c := w.out.couriers["a"]; !c.pace.resume.After(w.clock.Now()); {
			w.pass(time.Second) // until it is in the middle of a pause
		}
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

// A row that is moved while its attempt is in flight is found where it is now.

// What cannot be dropped now is dropped later, and counted once.
