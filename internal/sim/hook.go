package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
)

// hook is the webhook of an agent.
type hook struct {
	w     *world
	agent string
	mode  mode
}

// mode is how a webhook answers.
type mode int

const (
	well    mode = iota
	fails        // 500, 404, 302
	refuses      // the connection
	hangs        // never answers
	tooLate      // takes the event in, and answers when nobody waits any more
	mixed        // any of these, and well
)

var modes = []string{"answers well", "fails", "refuses connections", "hangs", "answers too late", "answers now so, now so"}

// misbehave makes the webhook bad for a while.
func (h *hook) misbehave() {
	h.mode = mode(1 + h.w.rng.IntN(int(mixed)))
	d := h.w.upTo(40 * time.Second)
	h.w.say("webhook", "of %s %s for %v", h.agent, modes[h.mode], d.Round(time.Millisecond))
	h.w.after(d, h.recover)
}

func (h *hook) recover() {
	if h.mode != well {
		h.mode = well
		h.w.say("webhook", "of %s answers well", h.agent)
	}
}

// now is how the next call is answered.
func (h *hook) now() mode {
	if h.mode == mixed {
		return mode(h.w.rng.IntN(int(mixed)))
	}
	return h.mode
}

// caller is the network between a life of a node and the webhooks.
type caller struct{ in *life }

var (
	errRefused = errors.New("connection refused")
	failures   = []int{500, 404, 302, 204, 503}
)

// RoundTrip implements http.RoundTripper.
func (c caller) RoundTrip(req *http.Request) (*http.Response, error) {
	w := c.in.w
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	n, err := readNotice(body)
	if err != nil {
		w.fault("webhook: %v", err)
		return nil, err
	}
	n.agent = strings.TrimSuffix(req.URL.Host, ".test")
	status, how, durable := 200, well, w.oracle.durable(n)
	begun, turn := time.Since(w.began), 0 // after a handover a node may call twice with one event
	o := &op{in: c.in, label: c.in.name + " calls " + n.String(), act: func() {
		turn = w.steps
		w.oracle.called(n, durable)
		status, how = w.hookOf(n.agent).take(c.in, n)
	}, lost: func() { // it was on its way when the node died
		if w.chance(0.5) {
			w.hookOf(n.agent).take(c.in, n)
		}
	}}
	if !w.submit(o) {
		return nil, errDead
	}
	select {
	case <-o.done:
	case <-req.Context().Done():
		w.mu.Lock()
		o.gone = true
		w.mu.Unlock()
		how = hangs
	}
	if o.dead {
		return nil, errDead
	}
	if how == hangs || how == tooLate {
		<-req.Context().Done()
		if !w.park(&op{in: c.in, label: fmt.Sprint(c.in.name, " gives up ", n, " ", begun, " ", turn)}) {
			return nil, errDead
		}
		if hasty := w.mistake.timeout; hasty != nil {
			return hasty()
		}
		return nil, req.Context().Err()
	}
	if how == refuses {
		return nil, errRefused
	}
	if tamper := w.mistake.status; tamper != nil {
		status = tamper(status)
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(nil)), Request: req}, nil
}

func (w *world) hookOf(agent string) *hook {
	for _, a := range w.agents {
		if a.id == agent {
			return a.hook
		}
	}
	w.fault("a webhook of %s is called, which is no agent", agent)
	return &hook{w: w, agent: agent, mode: refuses}
}

// take takes in one call, or does not.
func (h *hook) take(in *life, n *notice) (status int, how mode) {
	status, how = 200, h.now()
	if how == fails {
		status = failures[h.w.rng.IntN(len(failures))]
	}
	h.w.say("webhook", "is called by %s with %s: %s %d", in.name, n, modes[how], status)
	if how == well || how == tooLate {
		h.w.oracle.told(n)
	}
	return status, how
}

// notice is what a call tells.
type notice struct {
	agent, body string
	EventType, EventID, MessageID,
	SenderPhoneNumber, PhoneNumber, Text string
}

func (n *notice) String() string {
	kind := n.EventType
	if kind == "" {
		kind = "message"
	}
	return fmt.Sprintf("%s of %s", kind, n.MessageID)
}

// row names the outbox row: the agent, and the id of what happened.
func (n *notice) row() string {
	if n.EventID == "" {
		return n.agent + "/" + ledger.EventID(n.SenderPhoneNumber, n.agent, n.MessageID)
	}
	return n.agent + "/" + n.EventID
}

func readNotice(body []byte) (*notice, error) {
	var e struct {
		Message struct{ Data []byte }
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, err
	}
	n := &notice{body: string(body)}
	return n, json.Unmarshal(e.Message.Data, n)
}
