package outbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// agentServer makes h the webhook of agent, on the real network.
func (w *world) agentServer(agent string, h http.Handler) {
	s := httptest.NewServer(h)
	w.t.Cleanup(s.Close)
	w.t.Cleanup(s.CloseClientConnections)
	w.hooks.set(agent, Webhook{URL: s.URL, Token: "token-of-" + agent})
}

var sent = time.Date(2026, 11, 20, 10, 0, 0, 38496300, time.UTC)

func TestTheCallByteForByte(t *testing.T) {
	w := newWorld(t)
	type request struct {
		header http.Header
		method string
		body   []byte
	}
	w.db.committed = make(chan struct{}, 10)
	got := make(chan request, 2)
	failing := int32(500) // so that it comes twice
	w.agentServer("demo_agent", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Header, r.Method, body}
		rw.WriteHeader(int(atomic.SwapInt32(&failing, 200)))
	}))
	data := `{"text":"Grüße >???"}`
	w.put(&ledger.Notice{Agent: "demo_agent", EventID: "Mx1", Type: "TEXT", Data: []byte(data), Created: sent, Due: w.clock.Now()})
	<-w.db.committed
	w.opts.Retention = 1 << 62 // whatever today is
	w.run()
	first := <-got
	<-w.db.committed // postponed
	w.clock.Advance(time.Minute)
	second := <-got
	if !bytes.Equal(first.body, second.body) || first.header.Get("X-Goog-Signature") != second.header.Get("X-Goog-Signature") {
		t.Errorf("the second attempt differs:\n%s\n%s", first.body, second.body)
	}

	for k, want := range map[string]string{
		"Content-Type": "application/json", "X-Goog-Webhook-Type": "message_callback",
		"User-Agent": "OpenRBM (+https://github.com/openrbm/openrbm)",
	} {
		if v := first.header.Get(k); v != want || first.method != "POST" {
			t.Errorf("%s %s: %q, want %q", first.method, k, v, want)
		}
	}
	var body struct {
		Message struct{ Data, MessageID string }
	}
	if err := json.Unmarshal(first.body, &body); err != nil {
		t.Fatal(err)
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(body.Message.Data)
	if err != nil || string(decoded) != data {
		t.Fatalf("data %q, %v", decoded, err)
	}
	mac := hmac.New(sha512.New, []byte("token-of-demo_agent"))
	mac.Write(decoded)
	if want, v := base64.StdEncoding.EncodeToString(mac.Sum(nil)), first.header.Get("X-Goog-Signature"); v != want || len(v) != 88 {
		t.Errorf("signature %s, want %s", v, want)
	}
	golden, err := os.ReadFile("testdata/envelope.json")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, golden); err != nil {
		t.Fatal(err)
	}
	if v := strings.ReplaceAll(string(first.body), body.Message.MessageID, "0000000000000000"); v != want.String() {
		t.Errorf("envelope\n%s\nwant\n%s", v, want.String())
	}
}

func TestPublishID(t *testing.T) {
	ids := make(map[string]bool)
	for i := range 1000 {
		for _, at := range []time.Time{sent, sent.Add(1)} {
			id := publishID(&ledger.Notice{Agent: "a", EventID: fmt.Sprint(i), Created: at, Attempts: i})
			if len(id) != 16 || strings.Trim(id, "0123456789") != "" || ids[id] {
				t.Fatalf("id %q", id)
			}
			ids[id] = true
		}
	}
	n := &ledger.Notice{Agent: "a", EventID: "7", Created: sent.In(time.FixedZone("", 3600)), Due: sent, Attempts: 3}
	if !ids[publishID(n)] {
		t.Error("the id of a notice changes with its attempts")
	}
}

func TestContentType(t *testing.T) {
	for messageType, want := range map[string]string{
		"TEXT": "message", "SUGGESTION_RESPONSE": "message", "LOCATION": "message", "USER_FILE": "message",
		"DELIVERED": "event", "READ": "event", "IS_TYPING": "event", "SUBSCRIBE": "event", "UNSUBSCRIBE": "event",
		"TTL_EXPIRATION_REVOKED": "event", "TTL_EXPIRATION_REVOKE_FAILED": "event",
	} {
		if got := contentType(messageType); got != want {
			t.Errorf("%s is a %s, want %s", messageType, got, want)
		}
	}
}

// The agent's side of this repository, written apart from the outbox, takes
// its handshake and its events.
func TestTheClientPackageTakesItAll(t *testing.T) {
	w := newWorld(t)
	events := make(chan client.Event, 1)
	w.agentServer("a", &client.Webhook{ClientToken: "token-of-a", Handle: func(_ context.Context, e client.Event) error {
		events <- e
		return nil
	}})
	w.run()
	hook, _, _ := w.hooks.Webhook(t.Context(), "a")
	if err := Handshake(t.Context(), w.out.Client(), hook); err != nil {
		t.Fatal(err)
	}
	data, err := rbm.MarshalPretty(&rbm.UserMessage{
		SenderPhoneNumber: "+12223334444", MessageID: "Mx1", SendTime: *rbm.NewTimestamp(sent), Text: "Hi", AgentID: "a@rbm.goog",
	})
	if err != nil {
		t.Fatal(err)
	}
	now := w.clock.Now()
	w.put(&ledger.Notice{Agent: "a", EventID: "Mx1", Type: "TEXT", Data: data, Created: now, Due: now})
	w.out.Hint("a")
	if e := <-events; e.ID != "Mx1" || e.Type != "message_callback" || e.Attributes["message_type"] != "TEXT" {
		t.Errorf("event %+v", e)
	}
}

// One dead webhook must not delay another agent's events: the dead ones take
// every shared slot, and the good one is still served.
func TestHangingWebhooksDelayNobodyElse(t *testing.T) {
	w := newWorld(t)
	w.opts.InAll, w.opts.Drain = 1, time.Millisecond
	hanging := make(chan struct{}, 20)
	hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		hanging <- struct{}{}
		<-r.Context().Done()
	})
	for i := range 20 {
		agent := fmt.Sprint("dead", i)
		w.agentServer(agent, hang)
		for j := range 20 {
			w.post(agent, fmt.Sprint("e", j))
		}
	}
	got := make(chan struct{}, 500)
	w.agentServer("good", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got <- struct{}{} }))
	w.run()
	for range 20 {
		<-hanging
	}
	for i := range 500 {
		w.post("good", fmt.Sprint("e", i))
		w.out.Hint("good")
	}
	begin := time.Now()
	for range 500 {
		<-got
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("500 notices took %v beside hanging webhooks", took)
	}
	if h := w.out.Health("dead0"); h.Failed != 0 || h.Delivered != 0 {
		t.Errorf("the dead webhook was to hang all the time: %+v", h)
	}
}

// A clock that is turned ahead brings the next attempt at once.
func TestTurnedClockBringsTheNextAttempt(t *testing.T) {
	w := newWorld(t)
	w.db.committed = make(chan struct{}, 100)
	calls := make(chan time.Time, 1)
	w.agentServer("a", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		calls <- w.clock.Now()
		rw.WriteHeader(500)
	}))
	w.post("a", "e")
	<-w.db.committed
	w.run()
	for i := range 12 {
		at := <-calls
		<-w.db.committed // postponed
		n := w.waiting("a")[0]
		if wait := n.Due.Sub(at); n.Attempts != i+1 || wait < interval(i+1, 0) || wait > interval(i+1, 0)+5*time.Second {
			t.Fatalf("attempt %d: %d counted, next in %v", i+1, n.Attempts, wait)
		}
		w.clock.Advance(n.Due.Sub(w.clock.Now()))
	}
	<-calls
}

func TestRestartGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		h := &hook{answer: status(500)}
		w.serve("a", h.ServeHTTP)
		stop := w.run()
		for i := range 40 {
			w.post("a", fmt.Sprint("e", i))
		}
		w.pass(10 * time.Minute)
		stop()
		failed := make(map[string]int)
		for _, n := range w.waiting("a") {
			failed[n.EventID] = n.Attempts
		}
		calls := len(h.got())
		w.pass(time.Hour)
		w.out.Hint("a") // after the end: nothing
		synctest.Wait()
		if n := len(h.got()); n != calls || len(failed) != 40 || failed["e0"] < 2 {
			t.Fatalf("%d calls of a stopped outbox, attempts %v", n-calls, failed)
		}
		h.answers(nil)
		w.run()
		synctest.Wait()
		if got := h.delivered(); len(got) != 40 || len(w.waiting("a")) != 0 {
			t.Fatalf("%d of 40 delivered by the next outbox", len(got))
		}
	})
}

// What answers within the drain time is retired; what does not is neither
// delivered nor failed, and comes again.
func TestDrain(t *testing.T) {
	for _, c := range []struct {
		takes   time.Duration
		ends    time.Duration
		waiting int
	}{{3 * time.Second, 3 * time.Second, 0}, {8 * time.Second, 5 * time.Second, 1}} {
		t.Run(c.takes.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				h := &hook{takes: c.takes}
				w.serve("a", h.ServeHTTP)
				w.opts.Drain = 5 * time.Second
				w.post("a", "e")
				stop := w.run()
				synctest.Wait()
				begin := time.Now()
				w.post("a", "late") // queued, and never begun
				stop()
				if took := time.Since(begin); took != c.ends {
					t.Errorf("the drain took %v, want %v", took, c.ends)
				}
				left := w.waiting("a")
				if len(left) != c.waiting+1 || left[0].Attempts+left[c.waiting].Attempts != 0 {
					t.Fatalf("waiting after the drain: %+v", left)
				}
				if got := w.out.Health("a"); got.Failed != 0 {
					t.Errorf("an abandoned attempt counts as failed: %+v", got)
				}
				w.run()
				w.pass(time.Minute)
				if n := len(w.waiting("a")); n != 0 || len(h.delivered()) != 2 {
					t.Errorf("%d waiting after the restart", n)
				}
			})
		})
	}
}

func TestSecondRunIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		stop := w.run()
		synctest.Wait()
		if err := w.out.Run(t.Context()); err == nil {
			t.Error("two Runs of one outbox")
		}
		stop()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.out.Run(ctx); err != nil {
			t.Errorf("a Run after the first: %v", err)
		}
	})
}

func TestSecretsDoNotShow(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.serve("echo", func(rw http.ResponseWriter, r *http.Request) {
			rw.WriteHeader(500)
			fmt.Fprint(rw, "bad config: token-of-echo")
		})
		w.hooks.set("nowhere", Webhook{URL: "http://user:url-secret@nowhere.test/?key=url-secret", Token: "token-of-nowhere"})
		w.hooks.set("invalid", Webhook{URL: "ht tp://url-secret\x00/", Token: "token-of-invalid"})
		for _, a := range []string{"echo", "nowhere", "invalid"} {
			w.post(a, "e")
		}
		w.run()
		w.pass(time.Hour)
		text := w.log.String()
		for _, a := range []string{"echo", "nowhere", "invalid"} {
			h := w.out.Health(a)
			if h.LastError == "" || h.Failed < 5 {
				t.Errorf("health of %s: %+v", a, h)
			}
			text += h.LastError
		}
		if strings.Contains(text, "url-secret") || strings.Contains(text, "token-of") {
			t.Errorf("a secret in:\n%s", text)
		}
	})
}

func TestDialControl(t *testing.T) {
	w := newWorld(t)
	w.db.committed = make(chan struct{}, 10)
	var once sync.Once
	var asked string
	w.opts.DialControl = func(_, address string, _ syscall.RawConn) error {
		once.Do(func() { asked = address })
		return errors.New("forbidden address")
	}
	w.agentServer("a", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
	w.post("a", "e")
	<-w.db.committed
	w.run()
	<-w.db.committed
	if h := w.out.Health("a"); !strings.Contains(h.LastError, "forbidden address") || h.LastStatus != 0 || !strings.HasPrefix(asked, "127.0.0.1:") {
		t.Errorf("asked for %q, health %+v", asked, h)
	}
}

// What waits for an agent without a webhook is not read for each new notice.
func TestHintsWithoutAWebhookReadNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.run()
		before := w.db.scans
		for i := range 100 {
			w.post("a", fmt.Sprint("e", i))
			w.out.Hint("a")
			w.pass(time.Millisecond)
		}
		if n := w.db.scans - before; n > 10 {
			t.Errorf("100 hints made %d scans", n)
		}
		w.pass(7*24*time.Hour + 30*time.Second)
		if n := len(w.waiting("a")); n != 0 {
			t.Errorf("%d wait that are too old", n)
		}
	})
}
