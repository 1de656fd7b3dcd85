package outbox

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // only then does the server see the caller go
	<-r.Context().Done()
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

func TestReadingFails(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{}
		w.serve("a", h.ServeHTTP)
		w.run()
		synctest.Wait()
		w.post("a", "e")
		down := errors.New("disk unreadable")
		w.db.failScans(down)
		w.out.Hint("a")
		w.pass(time.Minute)
		if _, err := w.out.Retry(t.Context(), "a"); !errors.Is(err, down) {
			t.Errorf("Retry: %v", err)
		}
		if n := strings.Count(w.log.String(), "disk unreadable"); n < 3 || n > 65 {
			t.Errorf("%d complaints in a minute", n)
		}
		w.db.failScans(nil)
		w.pass(storePause)
		if len(h.delivered()) != 1 {
			t.Error("not delivered when the store is back")
		}
	})
}

func TestRowMovedInFlight(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{takes: 5 * time.Second, answer: func(_ string, nth int) int { return 600 - 200*nth }}
		w.serve("a", h.ServeHTTP)
		w.run()
		w.post("a", "e")
		w.out.Hint("a")
		w.pass(time.Second)
		if err := w.ledger.Hasten(t.Context(), w.waiting("a")[0]); err != nil {
			t.Fatal(err)
		}
		w.pass(9 * time.Second)
		if calls := h.got(); len(calls) != 2 || calls[0].status != 400 || calls[1].status != 200 || len(w.waiting("a")) != 0 {
			t.Errorf("calls %v, waiting %v", calls, w.waiting("a"))
		}
	})
}

func TestDropFails(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.post("a", "e")
		w.pass(8 * 24 * time.Hour)
		w.db.faults(func(*store.Batch) error { return errors.New("disk full") }, nil)
		w.run()
		w.pass(time.Minute)
		if n := len(w.waiting("a")); n != 1 || w.out.Health("a").Dropped != 0 {
			t.Errorf("%d waiting, %+v", n, w.out.Health("a"))
		}
		w.db.faults(nil, nil)
		w.pass(storePause)
		if n := len(w.waiting("a")); n != 0 || w.out.Health("a").Dropped != 1 {
			t.Errorf("%d waiting, %+v", n, w.out.Health("a"))
		}
	})
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

// A store that refuses is asked once a pause, whatever hints come, and once more
// at the end, so that a restart makes no repeat that could be avoided.
func TestRetireIsTriedAgainAfterPausesAndAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{}
		w.serve("a", h.ServeHTTP)
		w.post("a", "e")
		tries := 0
		w.db.faults(func(*store.Batch) error {
			tries++
			return errors.New("disk full")
		}, nil)
		stop := w.run()
		for range 55 {
			w.pass(storePause / 10)
			w.out.Hint("a")
		}
		synctest.Wait()
		if tries != 6 || len(h.got()) != 1 {
			t.Errorf("%d tries to retire in 5.5 s, %d calls", tries, len(h.got()))
		}
		w.db.faults(nil, nil)
		stop()
		if n := len(w.waiting("a")); n != 0 {
			t.Errorf("%d notices would be repeated after the restart", n)
		}
	})
}
