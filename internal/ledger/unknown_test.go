package ledger

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// writes are all ways to write: what is there before, and the write.
var writes = []struct {
	name    string
	prepare func(w *world) func(ctx context.Context) error
}{
	{"Add", func(w *world) func(context.Context) error {
		it := w.message("m1", phoneA, time.Hour)
		return func(ctx context.Context) error { return w.Add(ctx, it) }
	}},
	{"AddPassing", func(w *world) func(context.Context) error {
		it := w.message("m1", phoneA, 0)
		return func(ctx context.Context) error { return w.AddPassing(ctx, it) }
	}},
	{"Apply one", func(w *world) func(context.Context) error {
		it := w.add("m1", phoneA, time.Hour)
		return func(ctx context.Context) error {
			_, err := w.Apply(ctx, Change{Ref: it.Ref, Phone: phoneA, What: acked})
			return err
		}
	}},
	{"Apply many", func(w *world) func(context.Context) error {
		a, b, c := w.add("m1", phoneA, time.Hour), w.add("m2", phoneB, 0), w.add("m3", phoneA, 0)
		w.apply(Change{Ref: c.Ref, Phone: phoneA, What: revoked})
		return func(ctx context.Context) error {
			_, err := w.Apply(ctx, Change{Ref: a.Ref, Phone: phoneA, What: expired}, Change{Ref: c.Ref, Phone: phoneA, What: acked}, Change{Ref: b.Ref, Phone: phoneB, What: read})
			return err
		}
	}},
	{"PostUpstream", func(w *world) func(context.Context) error {
		now := w.clock.Now()
		return func(ctx context.Context) error {
			_, err := w.PostUpstream(ctx, phoneA, Ref{"demo", "u1"}, &Notice{Agent: "demo", EventID: "e", Created: now, Due: now})
			return err
		}
	}},
	{"Postpone", func(w *world) func(context.Context) error {
		n := w.post("demo", "e1", w.clock.Now())
		return func(ctx context.Context) error { return w.Postpone(ctx, n, n.Due.Add(time.Minute)) }
	}},
	{"Hasten", func(w *world) func(context.Context) error {
		n := w.post("demo", "e1", w.clock.Now().Add(time.Hour))
		return func(ctx context.Context) error { return w.Hasten(ctx, n) }
	}},
	{"Create", func(w *world) func(context.Context) error {
		return func(ctx context.Context) error { return Agents[doc](w.Ledger).Create(ctx, "a", &doc{Name: "a"}) }
	}},
	{"Update", func(w *world) func(context.Context) error {
		w.ok(Agents[doc](w.Ledger).Create(w.t.Context(), "a", &doc{Name: "a"}))
		return func(ctx context.Context) error {
			_, err := Agents[doc](w.Ledger).Update(ctx, "a", func(d *doc) error { d.N++; return nil })
			return err
		}
	}},
	{"Delete", func(w *world) func(context.Context) error {
		w.ok(Agents[doc](w.Ledger).Create(w.t.Context(), "a", &doc{Name: "a"}))
		return func(ctx context.Context) error { return Agents[doc](w.Ledger).Delete(ctx, "a") }
	}},
}

// Law 4: unknown is not failed, and not done either. What was stored is a
// success, what was not is not, and with the same rows as without the fault.
func TestUnknownIsReadBack(t *testing.T) {
	for _, c := range writes {
		// run makes the write under a fault, and returns its error with the rows before and after.
		run := func(t *testing.T, f fault, blind bool) (before, after map[store.Key]string, queued int64, err error) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				write := c.prepare(w)
				before = snapshot(w)
				queued = -w.Queued()
				w.db.fail(f)
				if blind {
					w.db.next[0] = func(commit func() error) error {
						err := f(commit)
						w.db.mu.Lock()
						defer w.db.mu.Unlock()
						w.db.blind = true
						return err
					}
				}
				err = write(t.Context())
				w.db.blind = false
				after = snapshot(w)
				queued += w.Queued()
			})
			return before, after, queued, err
		}
		t.Run(c.name, func(t *testing.T) {
			before, done, change, err := run(t, nil, false)
			if err != nil || reflect.DeepEqual(before, done) {
				t.Fatalf("the write itself: %v", err)
			}
			if _, after, queued, err := run(t, unknownStored, false); err != nil || !reflect.DeepEqual(after, done) || queued != change {
				t.Errorf("stored: %v, queued by %d, want %d", err, queued, change)
			}
			if _, after, queued, err := run(t, unknownLost, false); !errors.Is(err, store.ErrUnknown) || !reflect.DeepEqual(after, before) || queued != 0 {
				t.Errorf("not stored: %v, queued by %d", err, queued)
			}
			if _, after, _, err := run(t, unknownStored, true); !errors.Is(err, store.ErrUnknown) || !reflect.DeepEqual(after, done) {
				t.Errorf("stored and unreadable: %v, a success only when it is seen", err)
			}
			if _, after, queued, err := run(t, failed, false); !errors.Is(err, errDisk) || !reflect.DeepEqual(after, before) || queued != 0 {
				t.Errorf("failed: %v, queued by %d", err, queued)
			}
		})
	}
}

// A caller that goes away does not make the outcome of its write unknown.
func TestCancelledCallersFinishTheirWrites(t *testing.T) {
	for _, c := range writes {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			write := c.prepare(w)
			ctx, cancel := context.WithCancel(t.Context())
			w.db.fail(func(commit func() error) error {
				cancel()
				return commit()
			})
			w.ok(write(ctx))
		})
	}
}

func TestFoundingIsReadBack(t *testing.T) {
	for name, c := range map[string]struct {
		fault
		want error
	}{"stored": {unknownStored, nil}, "lost": {unknownLost, store.ErrUnknown}} {
		t.Run(name, func(t *testing.T) {
			db := &faulty{DB: memstore.New()}
			defer db.Close()
			db.fail(c.fault)
			if _, err := Open(t.Context(), db, clock.New()); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if _, err := Open(t.Context(), db, clock.New()); err != nil {
				t.Errorf("the next start: %v", err)
			}
		})
	}
}

// The repeat of a send whose outcome was unknown meets the id, not a second item.
func TestRepeatAfterUnknown(t *testing.T) {
	w := newWorld(t)
	it := w.message("m1", phoneA, 0)
	w.db.fail(unknownLost)
	if err := w.Add(t.Context(), it); !errors.Is(err, store.ErrUnknown) {
		t.Fatal(err)
	}
	w.ok(w.Add(t.Context(), it))
	again := w.message("m1", phoneA, 0)
	w.db.fail(unknownStored)
	if err := w.Add(t.Context(), again); !errors.Is(err, store.ErrConflict) {
		t.Errorf("%v", err)
	}
	w.count(kindMailbox, 1)
	if s := w.state("m1"); s != delivery.Queued {
		t.Errorf("state %v", s)
	}
}
