package sim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/openrbm/openrbm/internal/cluster"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/store"
)

// Nodes that know each other: what internal/server joins, and the ways between them.

// webhooksOf is the work of calling an agent's webhook.
func webhooksOf(agent string) string { return "webhooks " + agent }

func (l *life) join(ctx context.Context, led *ledger.Ledger) (err error) {
	l.peer, err = cluster.Join(ctx, led, cluster.Options{
		Name: l.node.name, URL: "http://" + l.node.name, Secret: []byte("of this world"), Hooks: l.hooks(),
		Client: &http.Client{Transport: road{l}}, Logger: quiet,
	})
	return err
}

// among makes the engine and the outbox those of a node among others.
func (l *life) among(eo *engine.Options, oo *outbox.Options) {
	eo.Peers = l.peer
	oo.Owns = func(agent string) bool { return l.peer.Owns(webhooksOf(agent)) }
	oo.Elsewhere = l.peer.WakeAgent
}

func (l *life) hooks() cluster.Hooks {
	return cluster.Hooks{
		Online: func(phone string) bool { return l.engine.IsOnline(phone) },
		Phones: func() []string {
			if l.engine == nil {
				return nil
			}
			return slices.Sorted(slices.Values(l.engine.Phones()))
		},
		Wake: func(phone string) { l.engine.Hint(phone) },
		WakeAgent: func(agent string) {
			if agent == "" {
				l.outbox.Sweep()
			} else if l.peer.Owns(webhooksOf(agent)) {
				l.outbox.Hint(agent)
			}
		},
		Link:      l.linkOf,
		Elsewhere: func(phone string) { l.engine.Elsewhere(phone) },
		Missed: func() {
			l.engine.Rescan()
			l.outbox.Sweep()
		},
		Changed: func(string) {},
		Answer:  func(ctx context.Context, q []byte) ([]byte, error) { return l.engine.Answer(ctx, q) },
		Busy: func(mine func(string) bool) bool {
			return l.outbox.Busy(func(agent string) bool { return mine(webhooksOf(agent)) })
		},
		Deposed: func() {
			l.w.say(l.name, "was taken for dead")
			l.engine.Release()
		},
	}
}

// linkOf is what ends the connection of a phone, since it has another.
func (l *life) linkOf(phone string) (replaced func(), ok bool) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	k := l.wires[phone]
	return func() {
		l.w.park(&op{in: l, label: l.name + " ends " + k.name, act: func() {
			k.cut("it has connected elsewhere")
			k.close()
		}})
	}, k != nil
}

// wired notes that k is the connection of its phone, or with no k that it has none.
func (l *life) wired(phone string, k *link) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.wires[phone] = k
}

// road is the network from one life to the nodes.
type road struct{ from *life }

// RoundTrip implements http.RoundTripper.
func (r road) RoundTrip(req *http.Request) (*http.Response, error) {
	w := r.from.w
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	what := " of " + r.from.name + " to " + req.URL.Host + req.URL.Path + " " + string(body)
	reply := make(chan *http.Response, 1)
	reached := true
	alive := w.park(&op{in: r.from, label: "question" + what, act: func() {
		w.say(r.from.name, "asks %s%s %s", req.URL.Host, req.URL.Path, body)
		if to := w.lifeAt(req.URL.Host); to == nil {
			reached = false
		} else if !w.chance(w.script.lossy) {
			to.serve(req.Clone(req.Context()), body, what, reply)
		}
	}})
	switch {
	case !alive:
		return nil, errDead
	case !reached:
		return nil, errRefused
	}
	select {
	case resp := <-reply:
		return resp, nil
	case <-req.Context().Done():
		w.park(&op{in: r.from, label: "silence" + what})
		return nil, req.Context().Err()
	}
}

// serve answers another node.
func (l *life) serve(req *http.Request, body []byte, what string, reply chan *http.Response) {
	req.Body = io.NopCloser(bytes.NewReader(body))
	go func() {
		rec := httptest.NewRecorder()
		if l.w.mistake.hollow {
			rec.Body.WriteString(`{"code":0}`)
		} else {
			l.peer.ServeHTTP(rec, req)
		}
		l.w.park(&op{in: l, label: "answer" + what, act: func() { reply <- rec.Result() }})
	}()
}

// lifeAt is the life on a node; nil: nobody answers there.
func (w *world) lifeAt(name string) *life {
	for _, n := range w.nodes {
		if n.name == name && n.life != nil && n.life.up {
			return n.life
		}
	}
	return nil
}

var _ store.Notifier = (*view)(nil)

// Notify implements store.Notifier.
func (v *view) Notify(_ context.Context, hint string) (err error) {
	w := v.d.w
	_, lines, _ := strings.Cut(hint, "\n") // the first names the sender's session, by chance
	alive := w.park(&op{in: v.in, label: v.in.name + " hints " + lines, act: func() {
		err = v.d.readFault()
		v.say("hint", strings.ReplaceAll(lines, "\n", ", "), err)
		if err != nil || w.script.loseHints {
			return
		}
		for _, n := range w.nodes {
			if to := n.life; to != nil && to.ears != nil && !w.chance(w.script.lossy) {
				w.after(w.latency(), func() { to.hear(hint) })
			}
		}
	}})
	if !alive {
		return errDead
	}
	return err
}

func (l *life) hear(hint string) {
	select {
	case l.ears <- hint:
	default:
	}
}

// Listen implements store.Notifier. With a store that fails now and then, the
// connection on which hints come breaks.
func (v *view) Listen(ctx context.Context, ready func(), hear func(string)) (err error) {
	l := v.in
	ears := make(chan string, 1024)
	if !v.d.w.park(&op{in: l, label: l.name + " listens", act: func() {
		if err = v.d.readFault(); err == nil {
			l.ears = ears
		}
	}}) {
		return errDead
	}
	if err != nil {
		return err
	}
	ready()
	for {
		select {
		case hint := <-ears:
			hear(hint)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
