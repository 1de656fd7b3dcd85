package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// once is a client that does not wait and try again.
func once(s *servertest.Server) *client.Client {
	return s.ClientFor(client.Options{KeyFile: s.Ready.Agents[0].KeyFile, AgentID: s.Agent(), MaxAttempts: 1})
}

// users:batchGet takes 600 calls a minute (facts/rbm-api.md §1.8).
func TestBatchGetQuota(t *testing.T) {
	s := servertest.New(t)
	c, other := once(s), s.NewAgent("other", true)
	ask := func(c *client.Client) error {
		_, err := c.BatchGetUsers(s.Context(), []string{s.Number()})
		return err
	}
	begin := time.Now()
	var err error
	calls := 0
	for ; err == nil; calls++ {
		err = ask(c)
	}
	calls-- // the last was refused
	if most := 600 + int(10*time.Since(begin).Seconds()) + 1; calls < 600 || calls > most {
		t.Errorf("%d calls were taken, want 600 to %d", calls, most)
	}
	wantCode(t, err, rbm.CodeResourceExhausted)
	if e := rbm.AsError(err); e.RetryAfter != time.Second || e.Reason != "RATE_LIMIT_EXCEEDED" {
		t.Errorf("%+v", e)
	}
	if err := ask(other); err != nil {
		t.Errorf("another agent: %v", err)
	}
	if _, err := c.Capabilities(s.Context(), s.Number()); err != nil {
		t.Errorf("another method: %v", err)
	}
	if _, err := s.Admin.AdvanceClock(s.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := ask(c); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

// Every method of an agent can have a quota. A client that waits as it is told
// gets through.
func TestMethodQuotas(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: strings.Join([]string{"[limits.per_minute]",
		"CreateAgentMessage = 60", "DeleteAgentMessage = 1", "CreateAgentEvent = 1", "GetCapabilities = 1", "CreateTester = 1",
		"CreateDialogflowMessage = 1", "RequestCapabilityCallback = 1"}, "\n")})
	c := once(s)
	ctx := s.Context()
	for name, call := range map[string]func() error{
		"DeleteAgentMessage": func() error { return c.DeleteAgentMessage(ctx, s.Number(), "none") },
		"CreateAgentEvent": func() error {
			_, err := c.CreateAgentEvent(ctx, s.Number(), "", &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
			return err
		},
		"GetCapabilities": func() error { _, err := c.Capabilities(ctx, s.Number()); return err },
		"CreateTester":    func() error { _, err := c.CreateTester(ctx, s.Number()); return err },
		"CreateDialogflowMessage": func() error {
			_, err := c.CreateDialogflowMessage(ctx, s.Number(), "", &rbm.DialogflowEvent{EventName: "x"})
			return err
		},
		"RequestCapabilityCallback": func() error { return c.RequestCapabilityCallback(ctx, s.Number(), "") },
	} {
		if err := call(); rbm.CodeOf(err) == rbm.CodeResourceExhausted {
			t.Errorf("%s: the first call: %v", name, err)
		}
		err := call()
		if e := rbm.AsError(err); e == nil || e.Code != rbm.CodeResourceExhausted || e.RetryAfter < 50*time.Second || e.RetryAfter > time.Minute || e.Metadata["method"] != name {
			t.Errorf("%s: the second call: %+v", name, e)
		}
	}
	patient := s.Client()
	for range 61 {
		if _, err := patient.CreateAgentMessage(ctx, s.Number(), "", text("hello")); err != nil {
			t.Fatal(err)
		}
	}
}

func promotion() *rbm.AgentMessage {
	m := text("Buy!")
	m.MessageTrafficType = rbm.TrafficPromotion
	return m
}

func typed(t rbm.MessageTrafficType) *rbm.AgentMessage {
	m := text("hello")
	m.MessageTrafficType = t
	return m
}

// A user gets as many promotions of one agent in 28 days as the configuration
// says. What was counted survives a restart, and a repeat does not count
// (facts/rbm-api.md §4.2).
func TestPromotionalCap(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[limits]\npromotions_per_28_days = 2"})
	s.NewPhone("+12125550001")
	c := s.NewAgent("shop", true)
	promote := func(number, id string) error {
		_, err := c.CreateAgentMessage(s.Context(), number, id, promotion())
		return err
	}
	advance := func(d time.Duration) {
		t.Helper()
		if _, err := s.Admin.AdvanceClock(s.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := promote(s.Number(), "p1"); err != nil {
			t.Fatal(err)
		}
	}
	advance(24 * time.Hour)
	broken := promotion()
	broken.ContentMessage = &rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: "files/none"}}
	for range 3 { // what is refused does not count
		_, err := c.CreateAgentMessage(s.Context(), s.Number(), "", broken)
		wantCode(t, err, rbm.CodeInvalidArgument)
	}
	if err := promote(s.Number(), "p2"); err != nil {
		t.Fatal(err)
	}
	err := promote(s.Number(), "p3")
	wantCode(t, err, rbm.CodeResourceExhausted)
	if e := rbm.AsError(err); e.Message != "You have reached the allowed traffic limit for this agent on the user, your message will not be delivered" ||
		e.RetryAfter < 26*24*time.Hour || e.RetryAfter > 27*24*time.Hour+time.Second {
		t.Errorf("%+v", e)
	}
	if err := promote(s.Number(), "p2"); err != nil {
		t.Errorf("a repeat: %v", err)
	}
	if err := promote("+12125550001", "q1"); err != nil {
		t.Errorf("another user: %v", err)
	}
	for _, traffic := range []rbm.MessageTrafficType{rbm.TrafficServiceRequest, rbm.TrafficAcknowledgement} {
		if _, err := c.CreateAgentMessage(s.Context(), s.Number(), "", typed(traffic)); err != nil {
			t.Errorf("%s: %v", traffic, err)
		}
	}
	s.Restart() // the clock is back on the first day, when both count
	c = s.ClientFor(client.Options{Key: newKey(t, s, "shop"), AgentID: "shop"})
	wantCode(t, promote(s.Number(), "p3"), rbm.CodeResourceExhausted)
	advance(28*24*time.Hour + time.Minute)
	s.Dial().Disconnect() // to be reachable
	if err := promote(s.Number(), "p3"); err != nil {
		t.Errorf("when the first is 28 days old: %v", err)
	}
	wantCode(t, promote(s.Number(), "p4"), rbm.CodeResourceExhausted)
}

// An administrator sees what an agent has used of its limits, and gives it others,
// which count at once and after a restart.
func TestOwnQuotas(t *testing.T) {
	s := servertest.New(t)
	c := s.NewAgent("shop", true)
	ctx := s.Context()
	limit := func(name string, n *int) {
		t.Helper()
		if err := s.Admin.SetAgentLimits(ctx, "shop", map[string]*int{name: n}); err != nil {
			t.Fatal(err)
		}
	}
	quota := func(name string, want client.Quota) {
		t.Helper()
		all, err := s.Admin.AgentQuotas(ctx, "shop")
		i := slices.IndexFunc(all, func(q client.Quota) bool { return q.Name == name })
		if err != nil || i < 0 {
			t.Fatalf("%s: %v in %+v", name, err, all)
		}
		got := all[i]
		if got.Limit != want.Limit || got.Configured != want.Configured || got.Own != want.Own || (got.Used == nil) != (want.Used == nil) || got.Used != nil && *got.Used != *want.Used {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	promote := func() error {
		_, err := c.CreateAgentMessage(ctx, s.Number(), "", promotion())
		return err
	}
	if err := promote(); err != nil {
		t.Fatal(err)
	}
	quota("promotionsPer28Days", client.Quota{})
	quota("CreateAgentMessage", client.Quota{})
	quota("BatchGetUsers", client.Quota{Limit: 600, Configured: 600, Used: new(0)})
	limit("promotionsPer28Days", new(2))
	quota("promotionsPer28Days", client.Quota{Limit: 2, Own: true})
	for range 2 {
		if err := promote(); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, promote(), rbm.CodeResourceExhausted)
	spent, err := s.Admin.PhoneQuotas(ctx, s.Number())
	if err != nil || len(spent) != 1 || spent[0].AgentID != "shop" || *spent[0].Used != 2 || spent[0].RoomTime.IsZero() {
		t.Errorf("%+v, %v", spent, err)
	}
	if other, err := s.Client().CreateAgentMessage(ctx, s.Number(), "", text("x")); err != nil {
		t.Errorf("another agent: %+v, %v", other, err)
	}

	limit("BatchGetUsers", new(1))
	batch := func() error { _, err := c.BatchGetUsers(ctx, []string{s.Number()}); return err }
	if err := batch(); err != nil {
		t.Fatal(err)
	}
	quota("BatchGetUsers", client.Quota{Limit: 1, Configured: 600, Own: true, Used: new(1)})
	s.NewPhone("+12125550001")
	limit("testersPerDay", new(1))
	if _, err := c.CreateTester(ctx, s.Number()); err != nil {
		t.Fatal(err)
	}
	quota("testersPerDay", client.Quota{Limit: 1, Configured: 20, Own: true, Used: new(1)})
	quota("testers", client.Quota{Limit: 200, Configured: 200, Used: new(1)})
	patient := s.ClientFor(client.Options{Key: newKey(t, s, "shop"), AgentID: "shop", MaxAttempts: 1})
	_, err = patient.CreateTester(ctx, "+12125550001")
	wantCode(t, err, rbm.CodeResourceExhausted)

	s.Restart()
	quota("promotionsPer28Days", client.Quota{Limit: 2, Own: true})
	limit("promotionsPer28Days", nil)
	quota("promotionsPer28Days", client.Quota{})
	c = s.ClientFor(client.Options{Key: newKey(t, s, "shop"), AgentID: "shop"})
	s.Dial().Disconnect() // to be reachable
	if err := promote(); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	for name, n := range map[string]int{"GetCapabilities": 1_000_001, "promotionsPer28Days": 1001, "testers": -1, "nonsense": 1} {
		wantCode(t, s.Admin.SetAgentLimits(ctx, "shop", map[string]*int{name: &n}), rbm.CodeInvalidArgument)
	}
	wantCode(t, s.Admin.SetAgentLimits(ctx, "nobody", nil), rbm.CodeNotFound)
}

// The use case of an agent decides what it may send (facts/rbm-api.md §2.11).
func TestTrafficTypes(t *testing.T) {
	s := servertest.New(t)
	all := []rbm.MessageTrafficType{"", rbm.TrafficAuthentication, rbm.TrafficTransaction, rbm.TrafficPromotion, rbm.TrafficServiceRequest, rbm.TrafficAcknowledgement}
	for useCase, allowed := range map[rbm.AgentUseCase][]rbm.MessageTrafficType{
		rbm.UseCaseOTP:           {"", rbm.TrafficAuthentication},
		rbm.UseCaseTransactional: {"", rbm.TrafficTransaction},
		rbm.UseCasePromotional:   {"", rbm.TrafficPromotion},
		rbm.UseCaseMultiUse:      {rbm.TrafficTransaction, rbm.TrafficPromotion},
	} {
		id := strings.ToLower(string(useCase))
		c := s.NewAgent(id, true)
		if _, err := s.Admin.UpdateAgent(s.Context(), id, client.AgentPatch{AgentUseCase: &useCase}); err != nil {
			t.Fatal(err)
		}
		for _, traffic := range all {
			want := rbm.CodeInvalidArgument
			if slices.Contains(append(allowed, rbm.TrafficServiceRequest, rbm.TrafficAcknowledgement), traffic) {
				want = rbm.CodeOK
			}
			if _, err := c.CreateAgentMessage(s.Context(), s.Number(), "", typed(traffic)); rbm.CodeOf(err) != want {
				t.Errorf("%s with %q: %v, want %v", useCase, traffic, err, want)
			}
		}
	}
}

// Who unsubscribes gets no promotions of that agent until subscribing again; the
// agent gets the event and the keyword, and may still answer
// (facts/rbm-api.md §3.6, §2.11).
func TestUnsubscribe(t *testing.T) {
	s := servertest.New(t)
	shop, other := s.NewAgent("shop", true), s.NewAgent("other", true)
	hook, p := s.Webhook("shop"), s.Dial()
	promote := func(c *client.Client) error {
		_, err := c.CreateAgentMessage(s.Context(), s.Number(), "", promotion())
		return err
	}
	press := func(what string, button func(context.Context, string) (string, error), keyword string) {
		t.Helper()
		id, err := button(s.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		e := hook.Wait(func(e client.Event) bool { return e.UserEvent != nil && e.ID == id }).UserEvent
		m := hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.Text == keyword }).UserMessage
		if string(e.EventType) != what || m.SenderPhoneNumber != s.Number() || !rbm.ValidMessageID(m.MessageID) {
			t.Errorf("%s: %+v and %+v", what, e, m)
		}
	}
	say := func(words string) {
		t.Helper()
		if _, err := p.Text(s.Context(), "shop", words); err != nil {
			t.Fatal(err)
		}
	}
	if err := promote(shop); err != nil {
		t.Fatal(err)
	}
	press("UNSUBSCRIBE", p.Unsubscribe, "STOP")
	err := promote(shop)
	wantCode(t, err, rbm.CodePermissionDenied)
	if e := rbm.AsError(err); e.Reason != "USER_UNSUBSCRIBED" || !strings.Contains(e.Message, "unsubscribed") {
		t.Errorf("%+v", e)
	}
	if _, err := shop.CreateAgentMessage(s.Context(), s.Number(), "", text("unspecified is PROMOTION")); rbm.CodeOf(err) != rbm.CodePermissionDenied {
		t.Errorf("the default of the use case: %v", err)
	}
	for _, traffic := range []rbm.MessageTrafficType{rbm.TrafficServiceRequest, rbm.TrafficAcknowledgement} {
		if _, err := shop.CreateAgentMessage(s.Context(), s.Number(), "", typed(traffic)); err != nil {
			t.Errorf("%s: %v", traffic, err)
		}
	}
	if err := promote(other); err != nil {
		t.Errorf("another agent: %v", err)
	}
	press("SUBSCRIBE", p.Subscribe, "START")
	if err := promote(shop); err != nil {
		t.Errorf("subscribed again: %v", err)
	}
	say("stop")
	wantCode(t, promote(shop), rbm.CodePermissionDenied)
	say("Start")
	if err := promote(shop); err != nil {
		t.Errorf("after START: %v", err)
	}
	hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.Text == "Start" })
	events, texts := 0, 0
	for _, e := range hook.Events() {
		if e.UserEvent != nil && strings.HasSuffix(string(e.UserEvent.EventType), "SUBSCRIBE") {
			events++
		}
		if e.UserMessage != nil {
			texts++
		}
	}
	if events != 2 || texts > 4 {
		t.Errorf("%d events, %d texts", events, texts)
	}
}

// The keyword is that of the phone's country; a restart forgets nothing, and the
// block can be switched off.
func TestUnsubscribeElsewhere(t *testing.T) {
	s := servertest.New(t)
	const spanish = "+34612345678"
	token := s.NewPhone(spanish)
	shop, hook := s.NewAgent("shop", true), s.Webhook("shop")
	p := s.Dial(func(o *phone.Options) { o.Number, o.Token = spanish, token })
	if _, err := p.Unsubscribe(s.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.Text == "BAJA" })
	promote := func() error {
		_, err := shop.CreateAgentMessage(s.Context(), spanish, "", promotion())
		return err
	}
	wantCode(t, promote(), rbm.CodePermissionDenied)
	s.Stop()
	open := servertest.New(t, servertest.Options{Dir: s.Dir, Settings: "[limits]\nunsubscribe_blocks_promotions = false"})
	shop = open.ClientFor(client.Options{Key: newKey(t, open, "shop"), AgentID: "shop"})
	if err := promote(); err != nil {
		t.Errorf("switched off: %v", err)
	}
	open.Stop()
	closed := servertest.New(t, servertest.Options{Dir: s.Dir})
	shop = closed.ClientFor(client.Options{Key: newKey(t, closed, "shop"), AgentID: "shop"})
	wantCode(t, promote(), rbm.CodePermissionDenied)
}

// A refusal has the header that clients read, in whole seconds.
func TestRetryAfterHeader(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[limits.per_minute]\nBatchGetUsers = 1"})
	token, err := s.Client().AccessToken(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.Ready.APIURL+"/v1/users:batchGet", strings.NewReader(`{"users":["+12223334444"]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		after := resp.Header.Get("Retry-After")
		if resp.StatusCode != want || (after == "60") != (i == 1) {
			t.Errorf("call %d: %s, Retry-After %q", i, fmt.Sprint(resp.StatusCode), after)
		}
	}
}
