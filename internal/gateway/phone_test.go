package gateway_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/gateway"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

func ref(id string) engine.Ref { return engine.Ref{Agent: agent, ID: id} }

func TestConversation(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	p := w.dial(w.options())
	m := text("Where to?")
	m.ContentMessage.Suggestions = []rbm.Suggestion{
		{Reply: &rbm.SuggestedReply{Text: "Home", PostbackData: "home"}},
		{Action: &rbm.SuggestedAction{Text: "Call", PostbackData: "call", DialAction: &rbm.DialAction{PhoneNumber: "+1"}}},
	}
	w.acceptMessage("m1", m)
	got, err := p.WaitMessage(w.ctx, has("m1"))
	if err != nil {
		t.Fatal(err)
	}
	if got.AgentID != agent || got.Content.ContentMessage.Text != "Where to?" {
		t.Errorf("got %s", got.Raw)
	}
	if err := p.Read(w.ctx, "", "m1"); err != nil {
		t.Fatal(err)
	}

	type step struct {
		id   string
		want map[string]any
	}
	var steps []step
	done := func(want map[string]any, what func() (string, error)) {
		t.Helper()
		id, err := what()
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step{id, want})
	}
	done(map[string]any{"suggestionResponse.text": "Home", "suggestionResponse.postbackData": "home", "suggestionResponse.type": "REPLY"},
		func() (string, error) { return p.Tap(w.ctx, agent, "m1", "suggestions[0]") })
	done(map[string]any{"suggestionResponse.text": "Call", "suggestionResponse.type": "ACTION"},
		func() (string, error) { return p.Tap(w.ctx, "", "m1", "suggestions[1]") })
	done(map[string]any{"text": "Hi"}, func() (string, error) { return p.Text(w.ctx, agent, "Hi") })
	done(map[string]any{"location.latitude": 37.5, "location.longitude": -122.25},
		func() (string, error) { return p.Location(w.ctx, agent, 37.5, -122.25) })
	done(map[string]any{"userFile.payload.fileUri": "https://example.com/a.gif", "userFile.payload.fileSizeBytes": 127806.0, "userFile.thumbnail.mimeType": "image/jpeg"},
		func() (string, error) {
			return p.File(w.ctx, agent, rbm.FileInfo{MimeType: "image/gif", FileURI: "https://example.com/a.gif", FileName: "a.gif", FileSizeBytes: 127806},
				&rbm.FileInfo{MimeType: "image/jpeg", FileURI: "https://example.com/a.jpeg"})
		})
	done(map[string]any{"eventType": "IS_TYPING"}, func() (string, error) { return p.Typing(w.ctx, agent) })
	done(map[string]any{"eventType": "UNSUBSCRIBE"}, func() (string, error) { return p.Unsubscribe(w.ctx, agent) })
	done(map[string]any{"eventType": "SUBSCRIBE"}, func() (string, error) { return p.Subscribe(w.ctx, agent) })

	if w.reports("DELIVERED")["m1"] != 1 || w.reports("READ")["m1"] != 1 {
		t.Errorf("the agent was told %v", w.told())
	}
	told := w.told()
	for _, s := range steps {
		found := 0
		for _, d := range told {
			if d["messageId"] != s.id && d["eventId"] != s.id {
				continue
			}
			found++
			for path, want := range s.want {
				if got := at(d, path); got != want {
					t.Errorf("%v: %s is %v, want %v", d, path, got, want)
				}
			}
		}
		if found != 1 {
			t.Errorf("the agent was told %d times of %s %v", found, s.id, s.want)
		}
	}
	for _, word := range []string{"STOP", "START"} {
		n := 0
		for _, d := range told {
			if d["text"] == word {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the agent got %d texts %s", n, word)
		}
	}
}

// at follows a path of names.
func at(d any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		m, _ := d.(map[string]any)
		d = m[name]
	}
	return d
}

func TestRefusedByTheServer(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	p := w.dial(w.options())
	if _, err := p.Text(w.ctx, "nobody", "Hi"); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("a text to an unknown agent: %v", err)
	}
	for name, err := range map[string]error{
		"text":     second(p.Text(w.ctx, agent, "")),
		"utf8":     second(p.Text(w.ctx, agent, "\xff")),
		"location": second(p.Location(w.ctx, agent, 91, 0)),
		"announce": p.Announce(w.ctx, []rbm.Feature{"no such shape"}, ""),
	} {
		if rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Tap(w.ctx, agent, "m1", "suggestions[0]"); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("a tap on nothing: %v", err)
	}
	if told := w.told(); len(told) != 0 {
		t.Errorf("the agent was told %v", told)
	}
}

func second(_ string, err error) error { return err }

func TestDialRefused(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	opts := w.options()
	opts.Token = "wrong"
	if _, err := phone.Dial(w.ctx, opts); rbm.CodeOf(err) != rbm.CodeUnauthenticated {
		t.Errorf("a wrong token: %v", err)
	}
	opts = w.options()
	opts.Window = 257
	if _, err := phone.Dial(w.ctx, opts); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
		t.Errorf("a wide window: %v", err)
	}
	opts = w.options()
	opts.URL = w.server.URL
	if _, err := phone.Dial(w.ctx, opts); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
		t.Errorf("an address that is not of a WebSocket: %v", err)
	}
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	opts.URL = strings.Replace(elsewhere.URL, "http", "ws", 1)
	if _, err := phone.Dial(w.ctx, opts); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("no device protocol there: %v", err)
	}
}

// 300 messages queued for a phone that is away come in order, five at a time.
func TestQueueIsDrainedInOrder(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	list := ids(300)
	for _, id := range list {
		w.accept(id)
	}
	opts := w.options()
	opts.Window = 5
	p := w.dial(opts)
	if _, err := p.WaitMessage(w.ctx, has(list[299])); err != nil {
		t.Fatal(err)
	}
	w.await(p, list...)
	onceEach(t, p.Messages(), list)
	if n, err := w.ledger.CountMailbox(w.ctx, number, 0); n != 0 || err != nil {
		t.Errorf("%d messages wait, %v", n, err)
	}
	if got := w.reports("DELIVERED"); len(got) != len(list) {
		t.Errorf("%d are reported as delivered", len(got))
	}
}

// The server never has more than the window unacknowledged.
func TestWindow(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	opts := w.options()
	opts.Window, opts.NoAck = 3, true
	p := w.dial(opts)
	list := ids(10)
	for _, id := range list {
		w.accept(id)
	}
	for shown := 3; shown <= 10; shown++ {
		if _, err := p.WaitMessage(w.ctx, has(list[shown-1])); err != nil {
			t.Fatal(err)
		}
		// What is typed after the messages overtakes what waits for the window.
		mark := "typing-" + list[shown-1]
		w.acceptEvent(mark, rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
		if _, err := p.Wait(w.ctx, func(e phone.Event) bool {
			ev, ok := e.(phone.AgentEvent)
			return ok && ev.EventID == mark
		}); err != nil {
			t.Fatal(err)
		}
		if n := len(p.Messages()); n != shown {
			t.Fatalf("%d messages were sent, the window allows %d", n, shown)
		}
		w.await(p, list[shown-3])
	}
	onceEach(t, p.Messages(), list)
	if got := w.reports("DELIVERED"); len(got) != 8 {
		t.Errorf("%d are reported as delivered, 8 were acknowledged", len(got))
	}
}

// A connection that breaks again and again, also in the middle of a frame: all
// messages come once and in order, all answers go once.
func TestReconnectResumes(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	bad := newProxy(t, w.server.URL)
	opts := w.options()
	opts.URL, opts.Window, opts.AutoRead = bad.url(), 8, true
	bad.budget.Store(1500)
	random := rand.New(rand.NewPCG(1, 2))
	offline := 0
	opts.OnEvent = func(e phone.Event) {
		if isOffline(e) {
			offline++
			bad.budget.Store(600 + random.Int64N(2000) + 300*int64(offline)) // of the next connection
		}
	}
	p := w.dial(opts)
	list := ids(200)
	for i, id := range list {
		w.accept(id)
		if i%20 == 0 {
			if _, err := p.Text(w.ctx, agent, "answer "+id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := p.WaitMessage(w.ctx, has(list[199])); err != nil {
		t.Fatal(err)
	}
	for _, id := range list {
		if err := p.Read(w.ctx, agent, id); err != nil {
			t.Fatal(err)
		}
	}
	onceEach(t, p.Messages(), list)
	for _, kind := range []string{"DELIVERED", "READ"} {
		got := w.reports(kind)
		for _, id := range list {
			if got[id] != 1 {
				t.Errorf("%s of %s is reported %d times", kind, id, got[id])
			}
		}
	}
	answers := 0
	for _, d := range w.told() {
		if d["text"] != nil {
			answers++
		}
	}
	p.Close()
	if answers != 10 || offline < 5 {
		t.Errorf("%d of 10 answers came, %d connections broke", answers, offline)
	}
}

// A network that swallows everything: both sides notice, and what was under way
// comes again, once.
func TestHalfDeadConnection(t *testing.T) {
	w := newWorld(t, gateway.Options{PingInterval: 60 * time.Millisecond})
	bad := newProxy(t, w.server.URL)
	opts := w.options()
	opts.URL = bad.url()
	p := w.dial(opts)
	w.accept("m1")
	w.await(p, "m1")

	bad.hole()
	w.accept("m2") // written to the socket, and never heard of
	if _, err := p.Wait(w.ctx, isOffline); err != nil {
		t.Fatal(err)
	}
	if _, err := p.WaitMessage(w.ctx, has("m2")); err != nil {
		t.Fatal(err)
	}
	w.await(p, "m2")
	onceEach(t, p.Messages(), []string{"m1", "m2"})
	if got := w.reports("DELIVERED"); got["m1"] != 1 || got["m2"] != 1 {
		t.Errorf("delivered: %v", got)
	}
}

// The acknowledgement is lost with the connection: the message comes again and is
// not shown again.
func TestRepeatIsDropped(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	opts := w.options()
	opts.NoAck = true
	shown := 0
	opts.OnEvent = func(e phone.Event) {
		if _, ok := e.(*phone.Message); ok {
			shown++
		}
	}
	p := w.dial(opts)
	w.accept("m1")
	if _, err := p.WaitMessage(w.ctx, has("m1")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p.Disconnect()
		if p.Online() || w.engine.IsOnline(number) && w.gateway.Online(number) != w.engine.IsOnline(number) {
			t.Fatal("still online")
		}
		if err := p.Connect(w.ctx); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := p.Wait(w.ctx, isOffline); err != nil || e != (phone.Offline{Err: phone.ErrDisconnected}) {
		t.Errorf("the phone says %v, %v", e, err)
	}
	w.accept("m2") // comes after the repeats of m1
	if _, err := p.WaitMessage(w.ctx, has("m2")); err != nil {
		t.Fatal(err)
	}
	w.await(p, "m1", "m2")
	p.Close()
	if shown != 2 {
		t.Errorf("%d messages shown, want 2", shown)
	}
	if sent := w.engine.Stats().Sent.Load(); sent < 3 {
		t.Errorf("the server sent %d messages: nothing was repeated", sent)
	}
}

// A phone whose process is killed goes on from its file.
func TestPhoneIsKilled(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	file := filepath.Join(t.TempDir(), "phone")
	open := func() phone.Options {
		s, err := phone.OpenState(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		opts := w.options()
		opts.State = s
		return opts
	}
	opts := open()
	opts.NoAck = true
	first := w.dial(opts)
	w.accept("m1")
	if _, err := first.WaitMessage(w.ctx, has("m1")); err != nil {
		t.Fatal(err)
	}
	first.Disconnect()
	// The user writes and reads while there is no network; then the battery is empty.
	gone, cancel := context.WithCancel(w.ctx)
	cancel()
	if _, err := first.Text(gone, agent, "from before"); !errors.Is(err, context.Canceled) {
		t.Fatalf("a text without a network: %v", err)
	}
	if err := first.Read(gone, agent, "m1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("a report without a network: %v", err)
	}

	opts = open()
	opts.OnEvent = func(e phone.Event) {
		if m, ok := e.(*phone.Message); ok && m.MessageID == "m1" {
			t.Error("m1 is shown again")
		}
	}
	next := w.dial(opts)
	w.accept("m2")
	w2, err := next.WaitMessage(w.ctx, has("m2"))
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Read(w.ctx, agent, "m1"); err != nil {
		t.Fatal(err)
	}
	if _, err := next.Text(w.ctx, agent, "from after"); err != nil { // answered after the one before
		t.Fatal(err)
	}
	w.await(next, w2.MessageID)
	onceEach(t, next.Messages(), []string{"m1", "m2"})
	if w.reports("READ")["m1"] != 1 || w.reports("DELIVERED")["m1"] != 1 {
		t.Errorf("the agent was told %v", w.told())
	}
	texts := map[any]int{}
	for _, d := range w.told() {
		texts[d["text"]]++
	}
	if texts["from before"] != 1 || texts["from after"] != 1 {
		t.Errorf("the agent got the texts %v", texts)
	}
}

func TestReplaced(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	first := w.dial(w.options())
	second := w.dial(w.options())
	select {
	case <-first.Done():
	case <-w.ctx.Done():
		t.Fatal("the first phone goes on")
	}
	if err := first.Err(); rbm.CodeOf(err) != rbm.CodeFailedPrecondition || !strings.Contains(err.Error(), "4002") {
		t.Errorf("the first phone ended with %v", err)
	}
	if e, err := first.Wait(context.Background(), isOffline); err != nil || !e.(phone.Offline).Final {
		t.Errorf("the first phone says %v, %v", e, err)
	}
	w.accept("m1")
	w.await(second, "m1")
	if w.gateway.Count() != 1 || w.gateway.Stats().Replaced.Load() != 1 {
		t.Errorf("%d phones online, %d replaced", w.gateway.Count(), w.gateway.Stats().Replaced.Load())
	}
}

func TestRevoke(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	opts := w.options()
	opts.NoAck = true
	p := w.dial(opts)
	for _, id := range []string{"kept", "taken"} {
		w.accept(id)
		if _, err := p.WaitMessage(w.ctx, has(id)); err != nil {
			t.Fatal(err)
		}
	}
	w.await(p, "kept")
	if err := w.engine.Revoke(w.ctx, ref("kept"), number); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("revoking what was delivered: %v", err)
	}
	if err := w.engine.Revoke(w.ctx, ref("taken"), number); err != nil {
		t.Errorf("revoking what was not acknowledged: %v", err)
	}
	e, err := p.Wait(w.ctx, func(e phone.Event) bool { _, ok := e.(phone.Revoked); return ok })
	if err != nil || e != (phone.Revoked{AgentID: agent, MessageID: "taken"}) {
		t.Errorf("the phone says %v, %v", e, err)
	}
	onceEach(t, p.Messages(), []string{"kept"})
}

// The message expired while the phone was away with it, unacknowledged: what the
// phone says then is too late, and it takes the message off the screen.
func TestTooLate(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	opts := w.options()
	opts.NoAck = true
	p := w.dial(opts)
	m := text("short-lived")
	m.TTL = rbm.NewDuration(time.Hour)
	w.acceptMessage("m1", m)
	if _, err := p.WaitMessage(w.ctx, has("m1")); err != nil {
		t.Fatal(err)
	}
	p.Disconnect()
	if err := w.engine.Revoke(w.ctx, ref("m1"), number); err != nil {
		t.Fatal(err)
	}
	if err := p.Connect(w.ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.Read(w.ctx, agent, "m1"); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("reading what is gone: %v", err)
	}
	onceEach(t, p.Messages(), nil)
	if got := w.reports("READ"); len(got) != 0 {
		t.Errorf("the agent was told %v", got)
	}
}

func TestDrain(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	p := w.dial(w.options())
	r := w.raw(t)
	// A connection that has not said hello is ended too.
	ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
	defer cancel()
	if err := w.gateway.Drain(ctx); err != nil {
		t.Errorf("drain: %v", err)
	}
	if _, code := r.hearEnd(); code != 4000 {
		t.Errorf("got close code %d", code)
	}
	e, err := p.Wait(w.ctx, isOffline)
	if err != nil || e.(phone.Offline).Final || !strings.Contains(e.(phone.Offline).Err.Error(), "4000") {
		t.Errorf("the phone says %v, %v", e, err)
	}
	if w.gateway.Count() != 0 || w.engine.Online() != 0 {
		t.Error("phones are still online")
	}
	answer, err := http.Get(w.server.URL + "/device/v1/connect")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new phone gets %s", answer.Status)
	}
}

func TestHandshakeRefused(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	upgrade := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Origin": {"https://elsewhere.example"},
	}
	for header, want := range map[*http.Header]int{{}: http.StatusBadRequest, &upgrade: http.StatusForbidden} {
		r, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = *header
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
			t.Errorf("got %s %s, want %d", answer.Status, answer.Header.Get("Content-Type"), want)
		}
	}
}

// A phone that is taken offline by the operator cannot come back with its old token.
func TestDisconnect(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	p := w.dial(w.options())
	if _, err := w.registry.IssueToken(w.ctx, number); err != nil {
		t.Fatal(err)
	}
	w.gateway.Disconnect(number)
	select {
	case <-p.Done():
	case <-w.ctx.Done():
		t.Fatal("the phone goes on")
	}
}

func TestAnnounceHolds(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	p := w.dial(w.options())
	if err := p.Announce(w.ctx, []rbm.Feature{rbm.FeatureActionDial}, "Other"); err != nil {
		t.Fatal(err)
	}
	p.Disconnect()
	if err := p.Connect(w.ctx); err != nil {
		t.Fatal(err)
	}
	got, err := w.registry.Phone(w.ctx, number)
	if err != nil || len(got.Features) != 1 || got.Carrier != "Other" {
		t.Errorf("the registry has %+v, %v", got, err)
	}
}

// The agent's READ event is queued like a message, and acknowledged.
func TestEventIsQueued(t *testing.T) {
	w := newWorld(t, gateway.Options{})
	w.acceptEvent("e1", rbm.AgentEvent{EventType: rbm.AgentEventRead, MessageID: "Mx1"})
	w.acceptEvent("t1", rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
	opts := w.options()
	opts.NoAck = true // of messages; events are acknowledged all the same
	p := w.dial(opts)
	for _, id := range []string{"e1", "t1"} {
		e, err := p.Wait(w.ctx, func(e phone.Event) bool { ev, ok := e.(phone.AgentEvent); return ok && ev.EventID == id })
		if err != nil {
			t.Fatal(err)
		}
		if ev := e.(phone.AgentEvent); id == "e1" && ev.Event.MessageID != "Mx1" {
			t.Errorf("got %s", ev.Raw)
		}
	}
	w.accept("m1")
	w.await(p, "m1") // reported after the event
	if n, err := w.ledger.CountMailbox(w.ctx, number, 0); n != 0 || err != nil {
		t.Errorf("%d items wait, %v", n, err)
	}
}
