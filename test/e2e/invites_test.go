package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// prompt waits for an invitation on the phone's screen, another than before.
func prompt(t *testing.T, s *servertest.Server, p *phone.Phone, before string) *phone.Message {
	t.Helper()
	m, err := p.WaitMessage(s.Context(), func(m *phone.Message) bool {
		chips := m.Content.ContentMessage.Suggestions
		return m.MessageID != before && len(chips) == 2 && chips[0].Reply.Text == "Make me a tester"
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// An invited user is asked on the phone, and the agent reaches the phone from the
// moment the user agrees (facts/rbm-api.md §1.7).
func TestTesterInvitation(t *testing.T) {
	s := servertest.New(t)
	state := phone.NewState()
	remembering := func(o *phone.Options) { o.State = state }
	c, p := s.NewAgent("unlaunched", false), s.Dial(remembering)
	status := func(want rbm.InviteStatus) {
		t.Helper()
		testers, err := s.Admin.Testers(s.Context(), "unlaunched")
		if err != nil || len(testers) != 1 || testers[0].InviteStatus != want {
			t.Fatalf("testers %+v, %v, want one %s", testers, err, want)
		}
	}
	reach := func(want rbm.Code) {
		t.Helper()
		_, err := c.CreateAgentMessage(s.Context(), s.Number(), "", text("a test"))
		wantCode(t, err, want)
	}
	invite := func(want rbm.InviteStatus) {
		t.Helper()
		tester, err := c.CreateTester(s.Context(), s.Number())
		if err != nil || tester.Name != "phones/"+s.Number()+"/testers" || tester.InviteStatus != want {
			t.Fatalf("%+v, %v", tester, err)
		}
		status(want)
	}
	tap := func(m *phone.Message, path string) {
		t.Helper()
		if _, err := p.Tap(s.Context(), m.AgentID, m.MessageID, path); err != nil {
			t.Fatal(err)
		}
	}
	invite(rbm.InviteStatusPending)
	reach(rbm.CodeNotFound)
	first := prompt(t, s, p, "")
	if !strings.HasPrefix(first.Content.ContentMessage.Text, "unlaunched invites you") || first.Content.ContentMessage.Suggestions[1].Reply.Text != "Decline" {
		t.Errorf("the prompt is %+v", first.Content)
	}
	if _, err := p.Text(s.Context(), first.AgentID, "what is this?"); err != nil {
		t.Fatal(err)
	}
	status(rbm.InviteStatusPending)
	tap(first, "suggestions[1]")
	status(rbm.InviteStatusDeclined)
	reach(rbm.CodeNotFound)

	invite(rbm.InviteStatusPending) // asked once more
	second := prompt(t, s, p, first.MessageID)
	p.Close()
	s.Restart()
	p = s.Dial(remembering)
	c = s.ClientFor(client.Options{Key: newKey(t, s, "unlaunched"), AgentID: "unlaunched"})
	tap(second, "suggestions[0]")
	status(rbm.InviteStatusAccepted)
	reach(rbm.CodeOK)
	invite(rbm.InviteStatusAccepted) // and not asked
	reach(rbm.CodeOK)

	if err := s.Admin.DeleteTester(s.Context(), "unlaunched", s.Number()); err != nil {
		t.Fatal(err)
	}
	tap(second, "suggestions[0]") // an invitation that is gone
	reach(rbm.CodeNotFound)
}

func newKey(t *testing.T, s *servertest.Server, agent string) []byte {
	t.Helper()
	key, err := s.Admin.CreateKey(s.Context(), agent)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// What official clients post as a tester is taken (facts/rbm-api.md §1.7), and
// what is no phone with RCS is not.
func TestTesterBodies(t *testing.T) {
	s := servertest.New(t)
	path := "/v1/phones/" + s.Number() + "/testers?agentId=demo_agent"
	for _, body := range []string{"", "{}", "{'inviteStatus':'PENDING'}", `{"inviteStatus":"ACCEPTED"}`} {
		status, answer := raw(t, s, path, body)
		if status != http.StatusOK || !strings.Contains(answer, `"inviteStatus": "PENDING"`) || !strings.Contains(answer, `"name": "phones/`+s.Number()+`/testers"`) {
			t.Errorf("%q: %d %s", body, status, answer)
		}
	}
	if status, answer := raw(t, s, path, `{"inviteState":"PENDING"}`); status != http.StatusBadRequest {
		t.Errorf("an unknown field: %d %s", status, answer)
	}
	if status, answer := raw(t, s, "/v1/phones/1222/testers", ""); status != http.StatusBadRequest {
		t.Errorf("no number: %d %s", status, answer)
	}
	_, err := s.Client().CreateTester(s.Context(), "+12229990000")
	wantCode(t, err, rbm.CodeNotFound)
	off := false
	if _, err := s.Admin.UpdatePhone(s.Context(), s.Number(), client.PhonePatch{RCSEnabled: &off}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Client().CreateTester(s.Context(), s.Number())
	wantCode(t, err, rbm.CodeNotFound)
}

// An agent may ask 20 times in 24 hours, whatever the answer, and each user who
// accepts an invitation that waited offline becomes a tester
// (facts/rbm-api.md §1.7).
func TestTesterRequestsPerDay(t *testing.T) {
	s := servertest.New(t)
	c := s.NewAgent("unlaunched", false)
	invite := func(number string) error {
		_, err := c.CreateTester(s.Context(), number)
		return err
	}
	if err := invite("+12229990000"); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Fatal(err) // does not count
	}
	for i := range 20 {
		if i == 1 {
			if _, err := s.Admin.AdvanceClock(s.Context(), time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		if err := invite(s.Number()); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	err := invite(s.Number())
	wantCode(t, err, rbm.CodeResourceExhausted)
	if after := rbm.AsError(err).RetryAfter; after < 22*time.Hour || after > 23*time.Hour+time.Second {
		t.Errorf("Retry-After %v, want what is left of the first request's day", after)
	}
	if _, err := s.Client().CreateTester(s.Context(), s.Number()); err != nil {
		t.Errorf("another agent: %v", err)
	}
	if _, err := s.Admin.CreateTester(s.Context(), "unlaunched", s.Number()); err != nil {
		t.Errorf("the administrator: %v", err)
	}
	if _, err := s.Admin.AdvanceClock(s.Context(), 23*time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := invite(s.Number()); err != nil {
		t.Errorf("when the first is a day old: %v", err)
	}
	wantCode(t, invite(s.Number()), rbm.CodeResourceExhausted)
}

// An agent may have invited as many testers as the configuration says; those
// that the administrator made do not count.
func TestTestersInAll(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[limits]\ntesters = 2"})
	c := s.NewAgent("unlaunched", false)
	numbers := []string{"+12125550001", "+12125550002", "+12125550003"}
	for _, n := range numbers {
		s.NewPhone(n)
	}
	if _, err := s.Admin.CreateTester(s.Context(), "unlaunched", s.Number()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []rbm.Code{rbm.CodeOK, rbm.CodeOK, rbm.CodeResourceExhausted} {
		_, err := c.CreateTester(s.Context(), numbers[i])
		wantCode(t, err, want)
	}
	if _, err := c.CreateTester(s.Context(), numbers[0]); err != nil {
		t.Errorf("one who was invited before: %v", err)
	}
	if err := s.Admin.DeleteTester(s.Context(), "unlaunched", numbers[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CreateTester(s.Context(), numbers[2]); err != nil {
		t.Errorf("after one was removed: %v", err)
	}
}
