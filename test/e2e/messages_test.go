// Package e2e tests the platform from outside: the real server on a real store,
// the real client as the agent, the real phone.
package e2e

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

func text(s string) *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: s}}
}

func hasID(id string) func(*phone.Message) bool {
	return func(m *phone.Message) bool { return m.MessageID == id }
}

func wantCode(t *testing.T, err error, code rbm.Code) {
	t.Helper()
	if rbm.CodeOf(err) != code {
		t.Fatalf("got %v, want %v", err, code)
	}
}

// send sends a text and returns its id.
func send(t *testing.T, s *servertest.Server, c *client.Client, to string, m *rbm.AgentMessage) string {
	t.Helper()
	id := client.NewMessageID()
	if _, err := c.CreateAgentMessage(s.Context(), to, id, m); err != nil {
		t.Fatal(err)
	}
	return id
}

// The main job: a carousel with every kind of suggestion reaches an online
// phone, each suggestion is tapped, and the webhook hears of all of it.
func TestCarouselIsDeliveredAndTapped(t *testing.T) {
	s := servertest.New(t)
	hook := s.Webhook(s.Agent())
	p := s.Dial(func(o *phone.Options) { o.AutoRead = true })
	body, err := os.ReadFile("../../examples/carousel.json")
	if err != nil {
		t.Fatal(err)
	}
	id := client.NewMessageID()
	if _, err := s.Client().CreateAgentMessageJSON(s.Context(), s.Number(), id, body); err != nil {
		t.Fatal(err)
	}
	got, err := p.WaitMessage(s.Context(), hasID(id))
	if err != nil {
		t.Fatal(err)
	}
	hook.Wait(servertest.Delivered(id))
	hook.Wait(servertest.Read(id))
	kinds := map[string]bool{}
	for path, suggestion := range got.Content.AllSuggestions() {
		userMessage, err := p.Tap(s.Context(), s.Agent(), id, path)
		if err != nil {
			t.Fatalf("tapping %s: %v", path, err)
		}
		e := hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.MessageID == userMessage })
		answer := e.UserMessage.SuggestionResponse
		label, postback, kind := suggestion.Text(), suggestion.PostbackData(), kindOf(suggestion)
		kinds[kind] = true
		if answer == nil || answer.Text != label || answer.PostbackData != postback {
			t.Errorf("%s: the webhook got %+v, want %q with %q", path, answer, label, postback)
		}
		if e.UserMessage.SenderPhoneNumber != s.Number() || e.UserMessage.AgentID != s.Agent()+"@rbm.goog" {
			t.Errorf("%s: from %q to %q", path, e.UserMessage.SenderPhoneNumber, e.UserMessage.AgentID)
		}
	}
	if len(kinds) != 8 {
		t.Errorf("the example shows %d kinds of suggestions, want 8: %v", len(kinds), kinds)
	}
}

// kindOf names what a suggestion does.
func kindOf(s *rbm.Suggestion) string {
	a := s.Action
	switch {
	case s.Reply != nil:
		return "reply"
	case a.DialAction != nil:
		return "dial"
	case a.ViewLocationAction != nil && a.ViewLocationAction.LatLong != nil:
		return "location"
	case a.ViewLocationAction != nil:
		return "location query"
	case a.CreateCalendarEventAction != nil:
		return "calendar"
	case a.ShareLocationAction != nil:
		return "share location"
	case a.OpenURLAction.Application == rbm.OpenURLApplicationWebview:
		return "webview"
	}
	return "url"
}

func TestOfflinePhoneGetsItsMessagesInOrder(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	var want []string
	for i := range 200 {
		want = append(want, send(t, s, c, s.Number(), text(fmt.Sprint(i))))
	}
	read := client.NewMessageID()
	if _, err := c.CreateAgentEvent(s.Context(), s.Number(), read, &rbm.AgentEvent{EventType: rbm.AgentEventRead, MessageID: "of-the-user"}); err != nil {
		t.Fatal(err)
	}
	s.Restart() // what waits survives
	hook := s.Webhook(s.Agent())
	p := s.Dial(func(o *phone.Options) { o.Window = 7 })
	if _, err := p.Wait(s.Context(), func(e phone.Event) bool { a, ok := e.(phone.AgentEvent); return ok && a.EventID == read }); err != nil {
		t.Fatal(err)
	}
	got := p.Messages()
	if len(got) != len(want) {
		t.Fatalf("%d messages on the screen, want %d", len(got), len(want))
	}
	for i, m := range got {
		if m.MessageID != want[i] {
			t.Fatalf("message %d on the screen is %s (%s), want %s", i, m.MessageID, m.Content.ContentMessage.Text, want[i])
		}
	}
	for _, id := range want {
		hook.Wait(servertest.Delivered(id))
	}
	if phones, err := s.Admin.Phone(s.Context(), s.Number()); err != nil || phones.Queued != 0 {
		t.Errorf("the mailbox holds %+v, %v", phones, err)
	}
}

// An id is used once: by a message or an event, for whichever phone.
func TestRepeatedIDIsIgnored(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	const other = "+12223335555"
	token := s.NewPhone(other)
	id, first := client.NewMessageID(), text("first")
	sent, err := c.CreateAgentMessage(s.Context(), s.Number(), id, first)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{s.Number(), other, "+12223336666"} {
		again, err := c.CreateAgentMessage(s.Context(), to, id, text("second"))
		if err != nil {
			t.Fatalf("the same id to %s: %v", to, err)
		}
		if again.Name != sent.Name || again.ContentMessage.Text != "first" || again.SendTime != sent.SendTime {
			t.Errorf("the same id to %s: got %+v, want the first message", to, again)
		}
	}
	if _, err := c.CreateAgentEvent(s.Context(), s.Number(), id, &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping}); err != nil {
		t.Fatalf("an event with the id of a message: %v", err)
	}
	event := client.NewMessageID()
	if _, err := c.CreateAgentEvent(s.Context(), s.Number(), event, &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping}); err != nil {
		t.Fatal(err)
	}
	m, err := c.CreateAgentMessage(s.Context(), s.Number(), event, text("third"))
	if err != nil || m.Name != "phones/"+s.Number()+"/agentMessages/"+event || m.ContentMessage != nil {
		t.Fatalf("a message with the id of an event: %+v, %v", m, err)
	}
	end := send(t, s, c, s.Number(), text("end"))
	endOther := send(t, s, c, other, text("end"))
	for _, p := range []struct {
		phone *phone.Phone
		end   string
		want  int
	}{
		{s.Dial(), end, 2},
		{s.Dial(func(o *phone.Options) { o.Number, o.Token = other, token }), endOther, 1},
	} {
		if _, err := p.phone.WaitMessage(s.Context(), hasID(p.end)); err != nil {
			t.Fatal(err)
		}
		if got := p.phone.Messages(); len(got) != p.want {
			t.Errorf("%s shows %d messages, want %d", p.phone.Number(), len(got), p.want)
		}
	}
	// The same id of another agent is another message.
	agent2 := s.NewAgent("agent2", true)
	if m, err := agent2.CreateAgentMessage(s.Context(), s.Number(), id, text("mine")); err != nil || m.ContentMessage.Text != "mine" {
		t.Errorf("another agent with the same id: %+v, %v", m, err)
	}
}

func TestRevoke(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	queued := send(t, s, c, s.Number(), text("queued"))
	kept := send(t, s, c, s.Number(), text("kept"))
	if err := c.DeleteAgentMessage(s.Context(), s.Number(), queued); err != nil {
		t.Fatalf("revoking a queued message: %v", err)
	}
	wantCode(t, c.DeleteAgentMessage(s.Context(), s.Number(), queued), rbm.CodeNotFound)
	wantCode(t, c.DeleteAgentMessage(s.Context(), s.Number(), "never-sent"), rbm.CodeNotFound)
	wantCode(t, c.DeleteAgentMessage(s.Context(), "+12223339999", kept), rbm.CodeNotFound)

	hook := s.Webhook(s.Agent())
	p := s.Dial()
	if _, err := p.WaitMessage(s.Context(), hasID(kept)); err != nil {
		t.Fatal(err)
	}
	hook.Wait(servertest.Delivered(kept))
	wantCode(t, c.DeleteAgentMessage(s.Context(), s.Number(), kept), rbm.CodeNotFound)
	if got := p.Messages(); len(got) != 1 {
		t.Errorf("the phone shows %d messages, want only the kept one", len(got))
	}
}

// A message that the phone has and has not acknowledged is taken off its screen.
func TestRevokeInFlight(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	p := s.Dial(func(o *phone.Options) { o.NoAck = true })
	id := send(t, s, c, s.Number(), text("in flight"))
	if _, err := p.WaitMessage(s.Context(), hasID(id)); err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteAgentMessage(s.Context(), s.Number(), id); err != nil {
		t.Fatalf("revoking in flight: %v", err)
	}
	if got := p.Messages(); len(got) != 0 {
		t.Errorf("the phone still shows %d messages", len(got))
	}
	if m, err := s.Admin.Message(s.Context(), s.Agent(), id); err != nil || m.State != "REVOKED" {
		t.Errorf("state %+v, %v", m, err)
	}
}

func TestExpiry(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	hook := s.Webhook(s.Agent())
	soon := text("soon")
	soon.TTL = rbm.NewDuration(1500 * time.Millisecond)
	late := text("late")
	late.TTL = rbm.NewDuration(10 * 24 * time.Hour)
	soonID, lateID := send(t, s, c, s.Number(), soon), send(t, s, c, s.Number(), late)
	e := hook.Wait(servertest.Expired(soonID))
	if e.ServerEvent.EventType != rbm.ServerEventTTLExpirationRevoked || e.ServerEvent.PhoneNumber != s.Number() {
		t.Errorf("the webhook got %+v", e.ServerEvent)
	}
	m, err := s.Admin.Message(s.Context(), s.Agent(), soonID)
	if err != nil || m.State != "EXPIRED" {
		t.Fatalf("state %+v, %v", m, err)
	}
	if delay := m.ChangeTime.Sub(m.ExpireTime); delay < 0 || delay > time.Second {
		t.Errorf("expired %v after its time, want within a second", delay)
	}
	if _, err := s.Admin.AdvanceClock(s.Context(), 11*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	hook.Wait(servertest.Expired(lateID))
	p := s.Dial()
	last := send(t, s, c, s.Number(), text("last"))
	if _, err := p.WaitMessage(s.Context(), hasID(last)); err != nil {
		t.Fatal(err)
	}
	if got := p.Messages(); len(got) != 1 {
		t.Errorf("the phone shows %d messages, want one: expired messages never appear", len(got))
	}
}

// A delivered message does not expire, and an expired one is not delivered.
func TestExpiryOrDeliveryNeverBoth(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	hook := s.Webhook(s.Agent())
	ids := map[string]bool{}
	for i := range 60 {
		m := text(fmt.Sprint(i))
		m.TTL = rbm.NewDuration(400 * time.Millisecond)
		ids[send(t, s, c, s.Number(), m)] = true
		if i == 30 {
			s.Dial()
		}
	}
	told := func() map[string][]string {
		said := map[string][]string{}
		for _, e := range hook.Events() {
			switch {
			case e.UserEvent != nil && ids[e.UserEvent.MessageID]:
				said[e.UserEvent.MessageID] = append(said[e.UserEvent.MessageID], string(e.UserEvent.EventType))
			case e.ServerEvent != nil && ids[e.ServerEvent.MessageID]:
				said[e.ServerEvent.MessageID] = append(said[e.ServerEvent.MessageID], string(e.ServerEvent.EventType))
			}
		}
		return said
	}
	for id := range ids {
		hook.Wait(func(e client.Event) bool { return servertest.Expired(id)(e) || servertest.Delivered(id)(e) })
	}
	if _, err := s.Admin.AdvanceClock(s.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	end := send(t, s, c, s.Number(), text("end"))
	hook.Wait(servertest.Delivered(end))
	for id, said := range told() {
		if len(said) != 1 {
			t.Errorf("of %s the webhook was told %v, want one thing", id, said)
		}
	}
}

// A matching function is the caller's; when it panics the phone lives on.
func TestPanicInAMatchLeavesThePhoneAlive(t *testing.T) {
	s := servertest.New(t)
	p := s.Dial()
	id := send(t, s, s.Client(), s.Number(), text("hello"))
	if _, err := p.WaitMessage(s.Context(), hasID(id)); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = p.WaitMessage(s.Context(), func(*phone.Message) bool { panic("a mistake") })
	}()
	if _, err := p.Text(s.Context(), s.Agent(), "still here"); err != nil {
		t.Fatal(err)
	}
}
