package registry

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

func uri(n int) string {
	return "https://example.com/" + strings.Repeat("a", n-len("https://example.com/"))
}

// Every rule: at the limit accepted, beyond it refused with the field's path.
func TestAgentRules(t *testing.T) {
	umlauts := func(n int) string { return strings.Repeat("ü", n) }
	for _, c := range []struct {
		field string
		set   func(a *Agent, v string)
		good  []string
		bad   []string
	}{
		{"agent_id", func(a *Agent, v string) { a.ID = v },
			[]string{"a", "demo_agent", "0-a.b_C", strings.Repeat("a", 100), "demo@rbm.goog"},
			[]string{"", "_a", "-a", ".a", "a b", "a/b", "a\x00b", "a\n", "ä", "a@b", strings.Repeat("a", 101)}},
		{"display_name", func(a *Agent, v string) { a.DisplayName = v },
			[]string{"x", umlauts(40)}, []string{"", umlauts(41), "\xff"}},
		{"description", func(a *Agent, v string) { a.Description = v }, []string{"", umlauts(100)}, []string{umlauts(101), "\xff"}},
		{"brand_id", func(a *Agent, v string) { a.BrandID = v }, []string{"", "demo_brand"}, []string{"a b", strings.Repeat("a", 101)}},
		{"brand_display_name", func(a *Agent, v string) { a.BrandDisplayName = v }, []string{"", umlauts(100)}, []string{umlauts(101), "\xff"}},
		{"color", func(a *Agent, v string) { a.Color = v }, []string{"", "#00aaFF"}, []string{"00aaFF", "#00aaF", "#00aaFFF", "#00aaFG", "#00aaFF\n"}},
		{"logo_uri", func(a *Agent, v string) { a.LogoURI = v }, []string{"", "http://x", uri(2048)},
			[]string{"ftp://x/y", "x", "https://", "https:///path", "http://:80/", "https://user@x/", "https://x/\x7f", uri(2049)}},
		{"hero_uri", func(a *Agent, v string) { a.HeroURI = v }, []string{"", uri(2048)}, []string{"javascript:alert(1)", uri(2049)}},
		{"agent_use_case", func(a *Agent, v string) { a.UseCase = rbm.AgentUseCase(v) },
			[]string{"", "TRANSACTIONAL", "PROMOTIONAL", "OTP", "MULTI_USE"}, []string{"AGENT_USE_CASE_UNSPECIFIED", "otp"}},
		{"uri", func(a *Agent, v string) { a.Webhook = &Webhook{URI: v, ClientToken: "t"} }, []string{"http://127.0.0.1:8000/x", uri(2048)},
			[]string{"", "x", "file:///etc/passwd", uri(2049)}},
		{"client_token", func(a *Agent, v string) { a.Webhook = &Webhook{URI: "https://x", ClientToken: v} },
			[]string{"t", strings.Repeat("t", 1024)}, []string{"", strings.Repeat("t", 1025)}},
	} {
		t.Run(c.field, func(t *testing.T) {
			w := newWorld(t)
			try := func(i int, v string) error {
				a := Agent{ID: fmt.Sprint("agent", i), DisplayName: "x"}
				c.set(&a, v)
				_, err := w.CreateAgent(t.Context(), a)
				return err
			}
			for i, v := range c.good {
				if err := try(i, v); err != nil {
					t.Errorf("%.50q is refused: %v", v, err)
				}
			}
			before := len(w.Agents())
			for i, v := range c.bad {
				err := try(i+100, v)
				code(t, fmt.Sprintf("%.50q", v), err, rbm.CodeInvalidArgument)
				if got := fields(err); !slices.Equal(got, []string{c.field}) {
					t.Errorf("%.50q is wrong in %v", v, got)
				}
			}
			if n := len(w.Agents()); n != before {
				t.Errorf("%d agents were made that are not valid", n-before)
			}
		})
	}
}

func TestAllViolationsAtOnce(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateAgent(t.Context(), Agent{Color: "red", Webhook: &Webhook{}})
	if got := fields(err); !slices.Equal(got, []string{"agent_id", "display_name", "color", "uri", "client_token"}) {
		t.Errorf("%v", got)
	}
}

func TestAgents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		made := w.agent("demo@rbm.goog")
		if made.ID != "demo" || made.UseCase != rbm.UseCasePromotional || made.Launched || !made.CreateTime.Equal(w.clock.Now()) {
			t.Errorf("made %+v", made)
		}
		w.agent("abc")
		_, err := w.CreateAgent(t.Context(), Agent{ID: "demo", DisplayName: "again"})
		code(t, "making it twice", err, rbm.CodeAlreadyExists)
		for _, id := range []string{"demo", "demo@rbm.goog"} {
			a, err := w.Agent(id)
			if err != nil || !reflect.DeepEqual(a, made) {
				t.Errorf("%s: %+v, %v", id, a, err)
			}
		}
		_, err = w.Agent("none")
		code(t, "reading none", err, rbm.CodeNotFound)
		if all := w.Agents(); len(all) != 2 || all[0].ID != "abc" || all[1].ID != "demo" {
			t.Errorf("listed %v", all)
		}
		for id, want := range map[string]bool{"demo": true, "none": false, "demo@rbm.goog": false} {
			if has, err := w.HasAgent(t.Context(), id); err != nil || has != want {
				t.Errorf("has %s: %v, %v", id, has, err)
			}
		}

		hook := &Webhook{URI: "https://example.com/hook", ClientToken: "secret", Verified: true}
		changed, err := w.UpdateAgent(t.Context(), "demo@rbm.goog", func(a *Agent) { a.ID, a.Launched, a.Webhook = "stolen", true, hook })
		if err != nil || changed.ID != "demo" || !changed.Launched || made.Launched {
			t.Errorf("%+v, %v; what was given out before must not change", changed, err)
		}
		_, err = w.UpdateAgent(t.Context(), "demo", func(a *Agent) { a.DisplayName = "" })
		if code(t, "an update that is not valid", err, rbm.CodeInvalidArgument); !slices.Equal(fields(err), []string{"display_name"}) {
			t.Errorf("wrong in %v", fields(err))
		}
		_, err = w.UpdateAgent(t.Context(), "none", func(*Agent) {})
		code(t, "updating none", err, rbm.CodeNotFound)

		w.reopen()
		if a, err := w.Agent("demo"); err != nil || !reflect.DeepEqual(a, changed) {
			t.Errorf("after a restart %+v, %v, want %+v", a, err, changed)
		}
		w.ok(w.DeleteAgent(t.Context(), "demo@rbm.goog"))
		code(t, "deleting twice", w.DeleteAgent(t.Context(), "demo"), rbm.CodeNotFound)
		if has, _ := w.HasAgent(t.Context(), "demo"); has {
			t.Error("the agent is still there")
		}
		w.reopen()
		if all := w.Agents(); len(all) != 1 || all[0].ID != "abc" {
			t.Errorf("after a restart %v", all)
		}
	})
}

func TestCheckWebhook(t *testing.T) {
	w := newWorld(t)
	w.agent("demo")
	good := &Webhook{URI: "https://x/y", ClientToken: "t"}
	code(t, "good", w.CheckWebhook("demo", good), rbm.CodeOK)
	code(t, "no agent", w.CheckWebhook("none", good), rbm.CodeNotFound)
	if err := w.CheckWebhook("demo", &Webhook{URI: "x"}); !slices.Equal(fields(err), []string{"uri", "client_token"}) {
		t.Errorf("%v", err)
	}
}

func TestConcurrentAgentUpdates(t *testing.T) {
	w := newWorld(t)
	w.agent("demo")
	const workers, each = 8, 25
	stop := make(chan struct{})
	var readers, writers sync.WaitGroup
	readers.Go(func() {
		last := 0
		for {
			select {
			case <-stop:
				return
			default:
			}
			a, err := w.Agent("demo")
			if err != nil {
				t.Error(err)
				return
			}
			if n := len(a.Description); n < last {
				t.Errorf("memory went back from %d to %d", last, n)
				return
			} else {
				last = n
			}
			w.Agents()
		}
	})
	made := make(chan error, workers)
	for range workers {
		writers.Go(func() {
			_, err := w.CreateAgent(t.Context(), Agent{ID: "race", DisplayName: "x"})
			made <- err
			for range each / 2 {
				if _, err := w.UpdateAgent(t.Context(), "demo", func(a *Agent) { a.Description += "x" }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	wins := 0
	for range workers {
		if err := <-made; err == nil {
			wins++
		} else {
			code(t, "the others", err, rbm.CodeAlreadyExists)
		}
	}
	a, _ := w.Agent("demo")
	if wins != 1 || len(a.Description) != workers*(each/2) {
		t.Errorf("%d made the agent; %d updates are there", wins, len(a.Description))
	}
	before := w.Agents()
	if w.reopen(); !reflect.DeepEqual(before, w.Agents()) {
		t.Error("memory and store differ")
	}
}

// Agents can be read while the store takes its time with a change.
func TestReadsDoNotWaitForWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.agent("demo")
		gate := make(chan struct{})
		w.db.fail(func(commit func() error) error { <-gate; return commit() })
		done := make(chan error)
		go func() {
			_, err := w.UpdateAgent(t.Context(), "demo", func(a *Agent) { a.Launched = true })
			done <- err
		}()
		synctest.Wait()
		a, err := w.Agent("demo")
		if has, _ := w.HasAgent(t.Context(), "demo"); err != nil || !has || a.Launched || len(w.Agents()) != 1 {
			t.Errorf("%+v, %v", a, err)
		}
		close(gate)
		w.ok(<-done)
		if a, _ := w.Agent("demo"); !a.Launched {
			t.Error("not launched")
		}
	})
}

// faults are the ways in which a commit can end without a success.
var faults = map[string]func(w *world) func(commit func() error) error{
	"failed": func(*world) func(func() error) error { return func(func() error) error { return errDisk } },
	"lost":   func(*world) func(func() error) error { return func(func() error) error { return store.ErrUnknown } },
	"stored": func(w *world) func(func() error) error { return w.db.unseen }, // and not to be read back for a moment
}

// Memory says what the store says, also when the outcome of a write was unknown.
func TestMemoryFollowsTheStore(t *testing.T) {
	for name, fault := range faults {
		for what, write := range map[string]func(w *world) error{
			"create": func(w *world) error {
				_, err := w.CreateAgent(w.t.Context(), Agent{ID: "new", DisplayName: "x"})
				return err
			},
			"update": func(w *world) error {
				_, err := w.UpdateAgent(w.t.Context(), "demo", func(a *Agent) { a.Launched = true })
				return err
			},
			"delete": func(w *world) error { return w.DeleteAgent(w.t.Context(), "demo") },
		} {
			t.Run(what+" "+name, func(t *testing.T) {
				w := newWorld(t)
				w.agent("demo")
				before := w.Agents()
				w.db.fail(fault(w))
				code(t, what, write(w), rbm.CodeUnavailable)
				for _, stored := range []bool{name == "stored", true} {
					memory := w.Agents()
					if w.reopen(); !reflect.DeepEqual(memory, w.Agents()) || reflect.DeepEqual(before, memory) == stored {
						t.Fatalf("memory had %v, the store has %v", memory, w.Agents())
					}
					if !stored {
						code(t, what+" again", write(w), rbm.CodeOK)
					}
				}
			})
		}
	}
}

func TestCallersThatGoAway(t *testing.T) {
	w := newWorld(t)
	w.agent("demo")
	ctx, cancel := context.WithCancel(t.Context())
	w.db.fail(func(commit func() error) error { cancel(); return commit() })
	if a, err := w.UpdateAgent(ctx, "demo", func(a *Agent) { a.Launched = true }); err != nil || !a.Launched {
		t.Errorf("%+v, %v", a, err)
	}
	if a, _ := w.Agent("demo"); !a.Launched {
		t.Error("memory does not know of the launch")
	}
}
