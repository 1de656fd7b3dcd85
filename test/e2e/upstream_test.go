package e2e

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// Everything that a user can send reaches the webhook, signed (the webhook
// refuses what is not) and in the form of facts/rbm-api.md §3.5 and §3.6.
func TestEveryKindOfUserMessageAndEvent(t *testing.T) {
	s := servertest.New(t)
	hook := s.Webhook(s.Agent())
	p := s.Dial(func(o *phone.Options) { o.Carrier = "Test Mobile" })
	ctx, agent := s.Context(), s.Agent()
	message := func(id string, err error) *rbm.UserMessage {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		e := hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.MessageID == id })
		if m := e.UserMessage; m.SenderPhoneNumber != s.Number() || m.AgentID != agent+"@rbm.goog" || time.Since(m.SendTime.Time()) > time.Minute {
			t.Errorf("frame of the message: %+v", m)
		}
		return e.UserMessage
	}
	if m := message(p.Text(ctx, agent, "hello")); m.Text != "hello" || m.Carrier != "Test Mobile" ||
		m.RichMessageClassification == nil || m.RichMessageClassification.SegmentCount != 1 {
		t.Errorf("text: %+v", m)
	}
	action := text("tap me")
	action.ContentMessage.Suggestions = []rbm.Suggestion{{Action: &rbm.SuggestedAction{
		Text: "Call", PostbackData: "call", DialAction: &rbm.DialAction{PhoneNumber: "+15556667777"}}}}
	id := send(t, s, s.Client(), s.Number(), action)
	if _, err := p.WaitMessage(ctx, hasID(id)); err != nil {
		t.Fatal(err)
	}
	if m := message(p.Tap(ctx, agent, id, "suggestions[0]")); m.RichMessageClassification == nil ||
		m.RichMessageClassification.ClassificationType != rbm.ClassificationSuggestedActionClick {
		t.Errorf("tap on an action: %+v", m)
	}
	if m := message(p.Location(ctx, agent, 48.8584, 2.2945)); m.Location == nil || m.Location.Latitude != 48.8584 || m.Location.Longitude != 2.2945 {
		t.Errorf("location: %+v", m)
	}
	file := &rbm.UserFile{Payload: &rbm.FileInfo{MimeType: "image/gif", FileSizeBytes: 127806, FileURI: "https://example.com/a.gif", FileName: "a.gif"}}
	if m := message(p.File(ctx, agent, *file.Payload, nil)); m.UserFile == nil || *m.UserFile.Payload != *file.Payload {
		t.Errorf("file: %+v", m)
	}
	for kind, do := range map[rbm.UserEventType]func(context.Context, string) (string, error){
		rbm.UserEventIsTyping: p.Typing, rbm.UserEventUnsubscribe: p.Unsubscribe, rbm.UserEventSubscribe: p.Subscribe,
	} {
		id, err := do(ctx, agent)
		if err != nil {
			t.Fatalf("%v: %v", kind, err)
		}
		e := hook.Wait(func(e client.Event) bool { return e.UserEvent != nil && e.UserEvent.EventType == kind })
		if e.UserEvent.SenderPhoneNumber != s.Number() || e.UserEvent.EventID != id || e.UserEvent.MessageID != "" {
			t.Errorf("%v: %+v", kind, e.UserEvent)
		}
	}
	if _, err := p.Text(ctx, "no_such_agent", "hello"); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("to an agent that is not there: %v", err)
	}
}

// A webhook that fails for a while gets everything in the end, and another
// agent's events do not wait for it.
func TestWebhookFailsForAWhile(t *testing.T) {
	s := servertest.New(t)
	other := s.NewAgent("healthy", true)
	hook, healthy := s.Webhook(s.Agent()), s.Webhook("healthy")
	var failures atomic.Int64
	hook.Fail(func(client.Event) error { failures.Add(1); return servertest.ErrFailing })
	p := s.Dial()
	var ids []string
	for i := range 50 {
		ids = append(ids, send(t, s, s.Client(), s.Number(), text(fmt.Sprint(i))))
		healthy.Wait(servertest.Delivered(send(t, s, other, s.Number(), text(fmt.Sprint(i)))))
	}
	if _, err := p.WaitMessage(s.Context(), hasID(ids[49])); err != nil {
		t.Fatal(err)
	}
	if failures.Load() == 0 || len(hook.Events()) != 0 {
		t.Fatalf("%d failures, %d events", failures.Load(), len(hook.Events()))
	}
	state, err := s.Admin.Webhook(s.Context(), s.Agent())
	if err != nil || !state.Failing || state.Pending == 0 || state.LastStatus != 500 {
		t.Errorf("the webhook's state: %+v, %v", state, err)
	}
	s.Restart() // what was not delivered survives
	hook.Fail(nil)
	if _, err := s.Admin.AdvanceClock(s.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		hook.Wait(servertest.Delivered(id))
	}
	told := map[string]int{}
	for _, e := range hook.Events() {
		told[e.ID]++
	}
	for id, n := range told {
		if n != 1 {
			t.Errorf("event %s came %d times", id, n)
		}
	}
}

// An agent without a webhook gets its events when it has one.
func TestWebhookConfiguredLater(t *testing.T) {
	s := servertest.New(t)
	p := s.Dial()
	id := send(t, s, s.Client(), s.Number(), text("early"))
	if _, err := p.WaitMessage(s.Context(), hasID(id)); err != nil {
		t.Fatal(err)
	}
	s.Webhook(s.Agent()).Wait(servertest.Delivered(id))
}

// Typing is shown at once, or within 20 seconds, or never; it is not kept
// (facts/rbm-api.md §1.3).
func TestTyping(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	typing := func() string {
		t.Helper()
		id := client.NewMessageID()
		if _, err := c.CreateAgentEvent(s.Context(), s.Number(), id, &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	comes := func(p *phone.Phone, id string) {
		t.Helper()
		if _, err := p.Wait(s.Context(), func(e phone.Event) bool { a, ok := e.(phone.AgentEvent); return ok && a.EventID == id }); err != nil {
			t.Fatal(err)
		}
	}
	old := typing()
	if _, err := s.Admin.AdvanceClock(s.Context(), 21*time.Second); err != nil {
		t.Fatal(err)
	}
	recent := typing()
	p := s.Dial(func(o *phone.Options) {
		o.OnEvent = func(e phone.Event) {
			if a, ok := e.(phone.AgentEvent); ok && a.EventID == old {
				t.Error("a typing event of long ago is shown")
			}
		}
	})
	comes(p, recent)
	comes(p, typing())
}
