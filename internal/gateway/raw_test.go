package gateway_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/internal/gateway"
)

// raw is a phone that says what it is told to.
type raw struct {
	t  testing.TB
	ws *websocket.Conn
}

func (w *world) raw(t testing.TB) *raw {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(w.url(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() })
	ws.SetReadDeadline(time.Now().Add(20 * time.Second))
	return &raw{t, ws}
}

func (r *raw) say(s string) {
	r.t.Helper()
	if err := r.ws.WriteMessage(websocket.TextMessage, []byte(s)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *raw) hello(w *world) {
	r.t.Helper()
	r.say(hello(number, w.token))
	if f := r.hear(); f["type"] != "welcome" {
		r.t.Fatalf("got %v, want a welcome", f)
	}
}

func hello(number, token string) string {
	return `{"type":"hello","protocol":1,"phoneNumber":"` + number + `","token":"` + token + `","features":["RICHCARD_STANDALONE"],"carrier":"Demo","window":7}`
}

func (r *raw) hear() map[string]any {
	r.t.Helper()
	var f map[string]any
	_, data, err := r.ws.ReadMessage()
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// hearEnd reads to the end, and returns the last frame and the close code.
func (r *raw) hearEnd() (last map[string]any, code int) {
	r.t.Helper()
	for {
		_, data, err := r.ws.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			return last, closed.Code
		}
		if err != nil {
			r.t.Fatalf("no close frame: %v", err)
		}
		last = nil
		if err := json.Unmarshal(data, &last); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestWelcome(t *testing.T) {
	w := newWorld(t, gateway.Options{PingInterval: 20 * time.Second})
	r := w.raw(t)
	r.say(hello(number, w.token))
	f := r.hear()
	if f["type"] != "welcome" || f["protocol"] != 1.0 || f["phoneNumber"] != number || f["pingSeconds"] != 20.0 || f["window"] != 7.0 {
		t.Errorf("got %v", f)
	}
	if !w.gateway.Online(number) || w.gateway.Count() != 1 || !w.engine.IsOnline(number) {
		t.Error("the phone is not online")
	}
	p, err := w.registry.Phone(w.ctx, number)
	if err != nil || p.Carrier != "Demo" || len(p.Features) != 1 || !p.RCSEnabled {
		t.Errorf("the registry has %+v, %v", p, err)
	}
	r.say(`{"type":"announce","ref":"a1","features":["ACTION_DIAL","ACTION_OPEN_URL"],"carrier":"Other"}`)
	if f := r.hear(); f["type"] != "ok" || f["ref"] != "a1" {
		t.Errorf("got %v", f)
	}
	if p, err := w.registry.Phone(w.ctx, number); err != nil || p.Carrier != "Other" || len(p.Features) != 2 {
		t.Errorf("after announce the registry has %+v, %v", p, err)
	}
}

func TestBadHello(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	rows := []struct {
		name, say, status string
		code              int
	}{
		{"wrong token", hello(number, "x"+w.token), "UNAUTHENTICATED", frame.CloseUnauthenticated},
		{"unknown number", hello("+12223339999", w.token), "UNAUTHENTICATED", frame.CloseUnauthenticated},
		{"not a number", hello("12223334444", w.token), "INVALID_ARGUMENT", frame.CloseUnauthenticated},
		{"other protocol", strings.Replace(hello(number, w.token), `"protocol":1`, `"protocol":2`, 1), "INVALID_ARGUMENT", frame.CloseUnauthenticated},
		{"no hello", `{"type":"ack","messages":[{"agentId":"a","messageId":"m"}]}`, "UNAUTHENTICATED", frame.CloseUnauthenticated},
		{"bad feature", strings.Replace(hello(number, w.token), "RICHCARD_STANDALONE", "rich cards", 1), "INVALID_ARGUMENT", frame.CloseUnauthenticated},
		{"not JSON", `hello`, "INVALID_ARGUMENT", frame.CloseUnauthenticated},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := w.raw(t)
			r.say(row.say)
			f, code := r.hearEnd()
			if f["type"] != "error" || f["status"] != row.status || f["message"] == "" || code != row.code {
				t.Errorf("got %v and close code %d", f, code)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) { // it may be late since all phones connect at once: it is to try again
		w := newWorld(t, gateway.Options{HelloTimeout: 50 * time.Millisecond})
		if f, code := w.raw(t).hearEnd(); f != nil || code != frame.CloseSilent {
			t.Errorf("got %v and close code %d", f, code)
		}
	})
	if w.gateway.Count() != 0 || w.engine.Online() != 0 {
		t.Error("a refused phone is online")
	}
}

func TestBadFrames(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	fatal := []struct {
		name string
		kind int
		say  string
		code int
	}{
		{"not JSON", websocket.TextMessage, `{"type":`, frame.CloseProtocolError},
		{"binary", websocket.BinaryMessage, `{"type":"ack"}`, frame.CloseProtocolError},
		{"second hello", websocket.TextMessage, hello(number, w.token), frame.CloseProtocolError},
		{"too large", websocket.TextMessage, `{"type":"userMessage","text":"` + strings.Repeat("x", frame.MaxFrameBytes) + `"}`, websocket.CloseMessageTooBig},
	}
	for _, row := range fatal {
		t.Run(row.name, func(t *testing.T) {
			r := w.raw(t)
			r.hello(w)
			if err := r.ws.WriteMessage(row.kind, []byte(row.say)); err != nil {
				t.Fatal(err)
			}
			if _, code := r.hearEnd(); code != row.code {
				t.Errorf("got close code %d, want %d", code, row.code)
			}
		})
	}

	r := w.raw(t)
	r.hello(w)
	passing := []struct{ say, ref, status, message string }{
		{`{"type":"dance","ref":"r1"}`, "r1", "INVALID_ARGUMENT", "dance"},
		{`{"type":"userMessage","ref":"r2","agentId":"a b","messageId":"m","text":"x"}`, "r2", "INVALID_ARGUMENT", "agentId"},
		{`{"type":"userMessage","ref":"r3","agentId":"demo_agent","messageId":"m","text":"x","colour":"red"}`, "r3", "INVALID_ARGUMENT", "colour"},
		{`{"type":"userMessage","ref":"r4","agentId":"nobody","messageId":"m","text":"x"}`, "r4", "NOT_FOUND", "not found"},
		{`{"type":"announce","ref":"r5","features":["no such shape"]}`, "r5", "INVALID_ARGUMENT", "feature"},
	}
	for _, row := range passing {
		r.say(row.say)
		f := r.hear()
		if f["type"] != "error" || f["ref"] != row.ref || f["status"] != row.status || !strings.Contains(f["message"].(string), row.message) {
			t.Errorf("%s: got %v", row.say, f)
		}
	}
	r.say(`{"type":"userMessage","ref":"r6","agentId":"demo_agent","messageId":"m6","text":"still here"}`)
	if f := r.hear(); f["type"] != "ok" || f["ref"] != "r6" {
		t.Errorf("after the errors: got %v", f)
	}
	if n := w.gateway.Stats().Errors.Load(); n != int64(len(passing)) {
		t.Errorf("%d errors counted, want %d", n, len(passing))
	}
}

// A phone that hears no ping and says nothing is dead, even if TCP does not notice.
func TestSilentPhone(t *testing.T) {
	w := newWorld(t, gateway.Options{PingInterval: 40 * time.Millisecond})
	r := w.raw(t)
	pings := 0
	r.ws.SetPingHandler(func(string) error { pings++; return nil })
	r.hello(w)
	if _, code := r.hearEnd(); code != frame.CloseSilent || pings == 0 {
		t.Errorf("got close code %d after %d pings", code, pings)
	}
	if n := w.gateway.Stats().Silent.Load(); n != 1 {
		t.Errorf("%d silent phones counted", n)
	}
}

// What a phone says twice is done once, and answered twice.
func TestRepeatedUserMessage(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	r := w.raw(t)
	r.hello(w)
	for _, ref := range []string{"a", "b"} {
		r.say(`{"type":"userMessage","ref":"` + ref + `","agentId":"demo_agent","messageId":"Mx1","text":"once"}`)
		if f := r.hear(); f["type"] != "ok" || f["ref"] != ref {
			t.Errorf("got %v", f)
		}
	}
	if told := w.told(); len(told) != 1 || told[0]["text"] != "once" || told[0]["messageId"] != "Mx1" || told[0]["senderPhoneNumber"] != number {
		t.Errorf("the agent was told %v", told)
	}
}

// The stored JSON of a message goes out as it is.
func TestMessageBytesAreKept(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	w.acceptMessage("m1", text(`<b>"é" & 𝄞</b>`))
	st, err := w.ledger.Status(w.ctx, ref("m1"))
	if err != nil {
		t.Fatal(err)
	}
	it, err := w.ledger.Item(w.ctx, st.Seq)
	if err != nil {
		t.Fatal(err)
	}
	r := w.raw(t)
	r.hello(w)
	_, data, err := r.ws.ReadMessage()
	want := `{"type":"agentMessage","agentId":"demo_agent","messageId":"m1","message":` + string(it.Payload) + `}`
	if err != nil || string(data) != want {
		t.Errorf("got  %s, %v\nwant %s", data, err, want)
	}
}
