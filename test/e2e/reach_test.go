package e2e

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// Whom an agent reaches: every refusal is a 404, for messages, events and
// capabilities alike (facts/rbm-api.md §1.1, §1.3, §1.4).
func TestReach(t *testing.T) {
	s := servertest.New(t)
	launched, unlaunched := s.Client(), s.NewAgent("unlaunched", false)
	off, on := false, true
	all := func(c *client.Client, number string) []error {
		_, sent := c.CreateAgentMessage(s.Context(), number, "", text("hello"))
		_, typed := c.CreateAgentEvent(s.Context(), number, "", &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
		_, can := c.Capabilities(s.Context(), number)
		return []error{sent, typed, can}
	}
	want := func(what string, code rbm.Code, errs []error) {
		t.Helper()
		for i, err := range errs {
			if rbm.CodeOf(err) != code {
				t.Errorf("%s, call %d: got %v, want %v", what, i, err, code)
			}
			if e := rbm.AsError(err); code == rbm.CodeNotFound && e != nil && e.Message != "Requested entity was not found." {
				t.Errorf("%s, call %d: the message is %q", what, i, e.Message)
			}
		}
	}
	want("a launched agent and a phone", rbm.CodeOK, all(launched, s.Number()))
	want("a number that is no phone", rbm.CodeNotFound, all(launched, "+12223330000"))
	want("an unlaunched agent", rbm.CodeNotFound, all(unlaunched, s.Number()))
	if _, err := s.Admin.CreateTester(s.Context(), "unlaunched", s.Number()); err != nil {
		t.Fatal(err)
	}
	want("an unlaunched agent and its tester", rbm.CodeOK, all(unlaunched, s.Number()))
	if err := s.Admin.DeleteTester(s.Context(), "unlaunched", s.Number()); err != nil {
		t.Fatal(err)
	}
	want("a tester no more", rbm.CodeNotFound, all(unlaunched, s.Number()))
	if _, err := s.Admin.LaunchAgent(s.Context(), "unlaunched"); err != nil {
		t.Fatal(err)
	}
	want("an agent launched now", rbm.CodeOK, all(unlaunched, s.Number()))

	if _, err := s.Admin.UpdatePhone(s.Context(), s.Number(), client.PhonePatch{RCSEnabled: &off}); err != nil {
		t.Fatal(err)
	}
	want("a phone with RCS off", rbm.CodeNotFound, all(launched, s.Number()))
	if _, err := s.Admin.UpdatePhone(s.Context(), s.Number(), client.PhonePatch{RCSEnabled: &on}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Admin.AdvanceClock(s.Context(), 31*24*time.Hour+time.Minute); err != nil {
		t.Fatal(err)
	}
	want("a phone not seen for 31 days", rbm.CodeNotFound, all(launched, s.Number()))
	s.Dial()
	want("a phone that is back", rbm.CodeOK, all(launched, s.Number()))
	if _, err := s.Admin.AdvanceClock(s.Context(), 32*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	want("a phone that is still connected", rbm.CodeOK, all(launched, s.Number()))
}

// Capabilities are what the phone announced; what it lacks cannot be sent.
func TestCapabilities(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	features := []rbm.Feature{rbm.FeatureRichCardStandalone, rbm.FeatureActionDial}
	p := s.Dial(func(o *phone.Options) { o.Features, o.Carrier = features, "Test Mobile" })
	got, err := c.Capabilities(s.Context(), s.Number())
	if err != nil || !slices.Equal(got.Features, features) || got.Carrier != "Test Mobile" {
		t.Fatalf("capabilities %+v, %v", got, err)
	}
	media := func(a rbm.SuggestedAction) *rbm.AgentMessage {
		a.Text, a.PostbackData = "Tap", "tap"
		m := text("hello")
		m.ContentMessage.Suggestions = []rbm.Suggestion{{Action: &a}}
		return m
	}
	dial := media(rbm.SuggestedAction{DialAction: &rbm.DialAction{PhoneNumber: "+15556667777"}})
	if m, err := c.CreateAgentMessage(s.Context(), s.Number(), "", dial); err != nil || m.Carrier != "Test Mobile" {
		t.Errorf("an action that the phone has: %+v, %v", m, err)
	}
	open := rbm.SuggestedAction{OpenURLAction: &rbm.OpenURLAction{URL: "https://example.com"}}
	_, err = c.CreateAgentMessage(s.Context(), s.Number(), "", media(open))
	wantCode(t, err, rbm.CodeInvalidArgument)
	if v := rbm.AsError(err).Violations; len(v) != 1 || !strings.HasPrefix(v[0].Field, "agent_message.content_message.suggestions[0]") || !strings.Contains(v[0].Description, "ACTION_OPEN_URL") {
		t.Errorf("violations %+v", v)
	}
	open.FallbackURL = "https://example.com/fallback"
	if _, err = c.CreateAgentMessage(s.Context(), s.Number(), "", media(open)); err != nil {
		t.Errorf("an action with a fallback: %v", err)
	}
	if err := p.Announce(s.Context(), append(features, rbm.FeatureActionOpenURL), "Other Mobile"); err != nil {
		t.Fatal(err)
	}
	open.FallbackURL = ""
	if m, err := c.CreateAgentMessage(s.Context(), s.Number(), "", media(open)); err != nil || m.Carrier != "Other Mobile" {
		t.Errorf("after the phone learnt it: %+v, %v", m, err)
	}
}

// Only numbers of the United States are classified (facts/rbm-api.md §2.12).
func TestClassification(t *testing.T) {
	s := servertest.New(t)
	const french = "+33612345678"
	s.NewPhone(french)
	us, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), "", text(strings.Repeat("é", 150)))
	if err != nil || us.RichMessageClassification == nil || us.RichMessageClassification.ClassificationType != rbm.ClassificationRichMessage ||
		us.RichMessageClassification.SegmentCount != 2 || us.Carrier == "" {
		t.Errorf("US: %+v, %v", us, err)
	}
	fr, err := s.Client().CreateAgentMessage(s.Context(), french, "", text("bonjour"))
	if err != nil || fr.RichMessageClassification != nil || fr.Carrier != "" {
		t.Errorf("France: %+v, %v", fr, err)
	}
}

// An account acts for its own agent only.
func TestAnotherAgentsKey(t *testing.T) {
	s := servertest.New(t)
	s.NewAgent("other", true)
	key, err := s.Admin.CreateKey(s.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	thief := s.ClientFor(client.Options{Key: key, AgentID: s.Agent()})
	_, err = thief.CreateAgentMessage(s.Context(), s.Number(), "", text("hello"))
	wantCode(t, err, rbm.CodePermissionDenied)
	keys, err := s.Admin.Keys(s.Context(), "other")
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys %v, %v", keys, err)
	}
	both := s.ClientFor(client.Options{Key: key, AgentID: "other@rbm.goog"})
	if _, err := both.CreateAgentMessage(s.Context(), s.Number(), "", text("hello")); err != nil {
		t.Errorf("the long spelling of the agent: %v", err)
	}
	for _, k := range keys {
		if err := s.Admin.DeleteKey(s.Context(), "other", k.KeyID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := both.CreateAgentMessage(s.Context(), s.Number(), "", text("hello")); err == nil {
		t.Error("a deleted key still sends")
	}
}

// A sender that hangs up loses nothing: what was accepted arrives.
func TestSenderHangsUp(t *testing.T) {
	s := servertest.New(t)
	token, err := s.Client().AccessToken(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := s.Dial()
	id := client.NewMessageID()
	ctx, cancel := context.WithCancel(s.Context())
	u := s.Ready.APIURL + "/v1/phones/" + s.Number() + "/agentMessages?" + url.Values{"messageId": {id}, "agentId": {s.Agent()}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, strings.NewReader(`{"contentMessage":{"text":"gone"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	go func() {
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	if _, err := p.WaitMessage(s.Context(), hasID(id)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), id, text("again")); err != nil {
		t.Fatal(err)
	}
	end := send(t, s, s.Client(), s.Number(), text("end"))
	if _, err := p.WaitMessage(s.Context(), hasID(end)); err != nil {
		t.Fatal(err)
	}
	if got := len(p.Messages()); got != 2 {
		t.Errorf("%d messages on the screen, want 2", got)
	}
}
