package client

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// One row for each call of the admin API.
func TestAdminCalls(t *testing.T) {
	created := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	off, name := false, "Shop"
	for _, tc := range []struct {
		call   func(context.Context, *Admin) (any, error)
		asked  string
		answer string
		want   any
	}{
		{func(ctx context.Context, a *Admin) (any, error) { return a.Status(ctx) }, `GET /admin/v1/status `,
			`{"version":"1","agents":2,"phones":3,"online":1,"store":"pebble"}`, &Status{Version: "1", Agents: 2, Phones: 3, Online: 1, Store: "pebble"}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Agents(ctx) }, `GET /admin/v1/agents `,
			`{"agents":[{"agentId":"shop","launched":true}]}`, []Agent{{AgentID: "shop", Launched: true}}},
		{func(ctx context.Context, a *Admin) (any, error) {
			return a.CreateAgent(ctx, Agent{AgentID: "shop", AgentUseCase: rbm.UseCaseOTP})
		}, `POST /admin/v1/agents {"agentId":"shop","agentUseCase":"OTP"}`,
			`{"agentId":"shop","createTime":"2026-11-20T10:00:00Z"}`, &Agent{AgentID: "shop", CreateTime: created}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Agent(ctx, "sh/op") }, `GET /admin/v1/agents/sh%2Fop `, `{"agentId":"sh/op"}`, &Agent{AgentID: "sh/op"}},
		{func(ctx context.Context, a *Admin) (any, error) {
			return a.UpdateAgent(ctx, "shop", AgentPatch{DisplayName: &name, Description: new(string)})
		}, `PATCH /admin/v1/agents/shop {"displayName":"Shop","description":""}`, `{"agentId":"shop"}`, &Agent{AgentID: "shop"}},
		{func(ctx context.Context, a *Admin) (any, error) { return nil, a.DeleteAgent(ctx, "shop") }, `DELETE /admin/v1/agents/shop `, `{}`, nil},
		{func(ctx context.Context, a *Admin) (any, error) { return a.LaunchAgent(ctx, "shop") }, `POST /admin/v1/agents/shop:launch {}`, `{"launched":true}`, &Agent{Launched: true}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.UnlaunchAgent(ctx, "shop") }, `POST /admin/v1/agents/shop:unlaunch {}`, `{}`, &Agent{}},
		{func(ctx context.Context, a *Admin) (any, error) {
			return a.SetWebhook(ctx, "shop", WebhookConfig{URI: "https://a.test", ClientToken: "s", SkipVerification: true})
		}, `PUT /admin/v1/agents/shop/webhook {"uri":"https://a.test","clientToken":"s","skipVerification":true}`,
			`{"uri":"https://a.test","verified":true}`, &WebhookState{URI: "https://a.test", Verified: true}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Webhook(ctx, "shop") }, `GET /admin/v1/agents/shop/webhook `,
			`{"uri":"https://a.test","pending":4,"failing":true,"lastError":"refused","lastStatus":500,"lastAttemptTime":"2026-11-20T10:00:00Z"}`,
			&WebhookState{URI: "https://a.test", Pending: 4, Failing: true, LastError: "refused", LastStatus: 500, LastAttemptTime: created}},
		{func(ctx context.Context, a *Admin) (any, error) { return nil, a.DeleteWebhook(ctx, "shop") }, `DELETE /admin/v1/agents/shop/webhook `, `{}`, nil},
		{func(ctx context.Context, a *Admin) (any, error) { return nil, a.RetryWebhook(ctx, "shop") }, `POST /admin/v1/agents/shop/webhook:retry {}`, `{}`, nil},
		{func(ctx context.Context, a *Admin) (any, error) { return a.CreateKey(ctx, "shop") }, `POST /admin/v1/agents/shop/keys {}`,
			"{\n  \"type\": \"service_account\"}\n", []byte("{\n  \"type\": \"service_account\"}")},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Keys(ctx, "shop") }, `GET /admin/v1/agents/shop/keys `,
			`{"keys":[{"keyId":"k","clientEmail":"e","createTime":"2026-11-20T10:00:00Z"}]}`, []Key{{"k", "e", created}}},
		{func(ctx context.Context, a *Admin) (any, error) { return nil, a.DeleteKey(ctx, "shop", "k") }, `DELETE /admin/v1/agents/shop/keys/k `, `{}`, nil},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Testers(ctx, "shop") }, `GET /admin/v1/agents/shop/testers `,
			`{"testers":[{"phoneNumber":"+1","inviteStatus":"PENDING"}]}`, []Tester{{PhoneNumber: "+1", InviteStatus: rbm.InviteStatusPending}}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.CreateTester(ctx, "shop", "+1") }, `POST /admin/v1/agents/shop/testers {"phoneNumber":"+1"}`,
			`{"phoneNumber":"+1","agentId":"shop"}`, &Tester{PhoneNumber: "+1", AgentID: "shop"}},
		{func(ctx context.Context, a *Admin) (any, error) { return nil, a.DeleteTester(ctx, "shop", "+1") }, `DELETE /admin/v1/agents/shop/testers/+1 `, `{}`, nil},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Message(ctx, "shop", "m1") }, `GET /admin/v1/agents/shop/messages/m1 `,
			`{"messageId":"m1","kind":"MESSAGE","state":"QUEUED","expireTime":"2026-11-20T10:00:00Z","message":{"name":"n"}}`,
			&Message{MessageID: "m1", Kind: "MESSAGE", State: "QUEUED", ExpireTime: created, Message: []byte(`{"name":"n"}`)}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Phones(ctx) }, `GET /admin/v1/phones `,
			`{"phones":[{"phoneNumber":"+1","rcsEnabled":true,"online":true,"queued":5}]}`, []Phone{{PhoneNumber: "+1", RCSEnabled: true, Online: true, Queued: 5}}},
		{func(ctx context.Context, a *Admin) (any, error) {
			return a.CreatePhone(ctx, Phone{PhoneNumber: "+1", RCSEnabled: true, Features: []rbm.Feature{rbm.FeatureActionDial}})
		}, `POST /admin/v1/phones {"phoneNumber":"+1","rcsEnabled":true,"features":["ACTION_DIAL"]}`, `{"phoneNumber":"+1","deviceToken":"d"}`, &Phone{PhoneNumber: "+1", DeviceToken: "d"}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Phone(ctx, "+1") }, `GET /admin/v1/phones/+1 `, `{"phoneNumber":"+1"}`, &Phone{PhoneNumber: "+1"}},
		{func(ctx context.Context, a *Admin) (any, error) {
			return a.UpdatePhone(ctx, "+1", PhonePatch{RCSEnabled: &off})
		}, `PATCH /admin/v1/phones/+1 {"rcsEnabled":false}`, `{}`, &Phone{}},
		{func(ctx context.Context, a *Admin) (any, error) { return nil, a.DeletePhone(ctx, "+1") }, `DELETE /admin/v1/phones/+1 `, `{}`, nil},
		{func(ctx context.Context, a *Admin) (any, error) { return a.IssueToken(ctx, "+1") }, `POST /admin/v1/phones/+1:issueToken {}`, `{"deviceToken":"d2"}`, &Phone{DeviceToken: "d2"}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.Clock(ctx) }, `GET /admin/v1/clock `, `{"now":"2026-11-20T10:00:00Z","offset":"0s"}`, &Clock{created, "0s"}},
		{func(ctx context.Context, a *Admin) (any, error) { return a.AdvanceClock(ctx, 90*time.Minute) }, `POST /admin/v1/clock:advance {"by":"5400s"}`,
			`{"now":"2026-11-20T10:00:00Z","offset":"5400s"}`, &Clock{created, "5400s"}},
	} {
		r := newRemote(t, answer{status: 200, body: tc.answer})
		a, err := NewAdmin(AdminOptions{BaseURL: r.url, Token: "root"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := tc.call(t.Context(), a)
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %#v, error %v, want %#v", tc.asked, got, err, tc.want)
		}
		asked, bearers := r.seen()
		if len(asked) != 1 || asked[0] != tc.asked || bearers[0] != "Bearer root" {
			t.Errorf("asked %q as %q, want %q", asked, bearers, tc.asked)
		}
	}
}

func TestPhonesOfAllPages(t *testing.T) {
	r := newRemote(t,
		answer{status: 200, body: `{"phones":[{"phoneNumber":"+1"},{"phoneNumber":"+2"}],"nextPageToken":"+2&"}`},
		answer{status: 200, body: `{"phones":[{"phoneNumber":"+3"}]}`})
	a, err := NewAdmin(AdminOptions{BaseURL: r.url, Token: "root"})
	if err != nil {
		t.Fatal(err)
	}
	phones, err := a.Phones(t.Context())
	if want := []Phone{{PhoneNumber: "+1"}, {PhoneNumber: "+2"}, {PhoneNumber: "+3"}}; err != nil || !reflect.DeepEqual(phones, want) {
		t.Errorf("phones %+v, error %v", phones, err)
	}
	if asked, _ := r.seen(); len(asked) != 2 || asked[1] != "GET /admin/v1/phones?pageToken=%2B2%26 " {
		t.Errorf("asked %q", asked)
	}
}

func TestAdminAsksOnce(t *testing.T) {
	for _, failed := range []answer{unavailable, exhausted, badToken, hangUp} {
		r := newRemote(t, failed)
		a, err := NewAdmin(AdminOptions{BaseURL: r.url, Token: "root"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.AdvanceClock(t.Context(), time.Hour); err == nil {
			t.Error("no error")
		}
		if asked, _ := r.seen(); len(asked) != 1 {
			t.Errorf("asked %q", asked)
		}
	}
}

func TestAdminWithoutAToken(t *testing.T) {
	if _, err := NewAdmin(AdminOptions{BaseURL: "http://127.0.0.1:8080"}); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("error %v", err)
	}
}
