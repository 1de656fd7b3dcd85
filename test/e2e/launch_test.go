package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// launch is a body that asks for a state in a region.
func launch(region string, state bc.LaunchState) string {
	return fmt.Sprintf(`{"rcsBusinessMessaging":{"launchDetails":{%q:{"launchState":%q,"comment":"why"}}}}`, region, state)
}

const demoRegion = "/v1/regions/demo-carrier"

// Every pair of states, against the steps of facts/rbm-api.md §3.8.
func TestLaunchSteps(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	states := []bc.LaunchState{"", bc.LaunchUnlaunched, bc.LaunchPending, bc.LaunchLaunched, bc.LaunchRejected, bc.LaunchSuspended}
	way := map[bc.LaunchState][]bc.LaunchState{ // from nothing to each state
		"":                  {},
		bc.LaunchPending:    {bc.LaunchPending},
		bc.LaunchLaunched:   {bc.LaunchPending, bc.LaunchLaunched},
		bc.LaunchRejected:   {bc.LaunchPending, bc.LaunchRejected},
		bc.LaunchSuspended:  {bc.LaunchPending, bc.LaunchLaunched, bc.LaunchSuspended},
		bc.LaunchUnlaunched: {bc.LaunchPending, bc.LaunchLaunched, bc.LaunchSuspended, bc.LaunchUnlaunched},
	}
	allowed := map[bc.LaunchState][]bc.LaunchState{
		"":                  {bc.LaunchPending},
		bc.LaunchUnlaunched: {bc.LaunchPending},
		bc.LaunchRejected:   {bc.LaunchPending},
		bc.LaunchPending:    {bc.LaunchLaunched, bc.LaunchRejected},
		bc.LaunchLaunched:   {bc.LaunchSuspended},
		bc.LaunchSuspended:  {bc.LaunchLaunched, bc.LaunchUnlaunched},
	}
	for _, from := range states {
		for _, to := range states[1:] {
			_, agent := m.newManaged()
			path := "/v1/" + agent + "/launch"
			for _, step := range way[from] {
				m.do(200, "PATCH", path, launch(demoRegion, step), nil)
			}
			if from == to || slices.Contains(allowed[from], to) {
				m.do(200, "PATCH", path, launch(demoRegion, to), nil)
				continue
			}
			if code, _ := m.fails(400, "PATCH", path, launch(demoRegion, to)); code != rbm.CodeFailedPrecondition {
				t.Errorf("%s to %s: %v", from, to, code)
			}
		}
	}
	m.do(400, "PATCH", "/v1/brands/-/agents/"+s.Agent()+"/launch", launch("/v1/regions/atlantis", bc.LaunchPending), nil)
}

const twoCarriers = `
[[regions]]
id = "north"
carriers = ["North Mobile"]
[[regions]]
id = "south"
carriers = ["South Mobile"]
[[carriers]]
name = "South Mobile"
prefixes = ["+1333"]
[[carriers]]
name = "North Mobile"
prefixes = ["+133", "+1"]
`

// The launch in the region of a phone decides whether the agent reaches it: by
// the carrier that it announces, else by its number.
func TestLaunchDecidesReach(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: twoCarriers})
	m := partner(t, s)
	c := s.NewAgent("regional", false)
	s.NewPhone("+13335550001") // south, by its number
	s.NewPhone("+13345550001") // north
	s.NewPhone("+4915550000001")
	path := "/v1/brands/-/agents/regional"
	want := func(what string, reached ...string) {
		t.Helper()
		for _, number := range []string{"+13335550001", "+13345550001", "+4915550000001"} {
			_, err := c.Capabilities(s.Context(), number)
			if code := rbm.CodeOf(err); (code == rbm.CodeOK) != slices.Contains(reached, number) || code != rbm.CodeOK && code != rbm.CodeNotFound {
				t.Errorf("%s: %s: %v", what, number, err)
			}
		}
	}
	step := func(region string, states ...bc.LaunchState) {
		t.Helper()
		for _, state := range states {
			m.do(200, "PATCH", path+"/launch", launch("/v1/regions/"+region, state), nil)
		}
	}
	want("unlaunched")
	step("north", bc.LaunchPending)
	want("pending")
	step("north", bc.LaunchLaunched)
	want("launched in the north", "+13345550001")
	if a, err := s.Admin.Agent(s.Context(), "regional"); err != nil || a.Launched {
		t.Errorf("launched in one region: %+v, %v", a, err)
	}
	if _, err := s.Admin.UpdatePhone(s.Context(), "+13335550001", client.PhonePatch{Carrier: ptr("North Mobile")}); err != nil {
		t.Fatal(err)
	}
	want("a number that was ported", "+13335550001", "+13345550001")
	var list bc.ListAgentsResponse
	m.do(200, "GET", "/v1/brands/-/agents?launchStateFilter=LAUNCH_STATE_LAUNCHED&includeLaunchData=true", "", &list)
	if len(list.Agents) != 2 || len(list.Agents[1].RcsBusinessMessagingAgent.LaunchDetails) != 1 {
		t.Errorf("launched agents %+v", list)
	}
	step("south", bc.LaunchPending, bc.LaunchLaunched)
	if a, err := s.Admin.Agent(s.Context(), "regional"); err != nil || !a.Launched {
		t.Errorf("launched everywhere: %+v, %v", a, err)
	}
	want("launched everywhere, also where no region is", "+13335550001", "+13345550001", "+4915550000001")
	step("south", bc.LaunchSuspended)
	want("suspended in the south", "+13335550001", "+13345550001")

	s.Restart()
	m = partner(t, s)
	key, err := s.Admin.CreateKey(s.Context(), "regional")
	if err != nil {
		t.Fatal(err)
	}
	c = s.ClientFor(client.Options{Key: key, AgentID: "regional"})
	want("after a restart", "+13335550001", "+13345550001")
	if _, err := s.Admin.UnlaunchAgent(s.Context(), "regional"); err != nil {
		t.Fatal(err)
	}
	want("unlaunched by the administrator")
	if _, err := s.Admin.LaunchAgent(s.Context(), "regional"); err != nil {
		t.Fatal(err)
	}
	var l bc.AgentLaunch
	m.do(200, "GET", path+"/launch", "", &l)
	for region, r := range l.RcsBusinessMessaging.LaunchDetails {
		if r.LaunchState != bc.LaunchLaunched {
			t.Errorf("launched by the administrator: %s is %s", region, r.LaunchState)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// Launches are told to the agent's webhook, or else to the partner's
// (facts/rbm-api.md §3.1, §3.3, §3.8).
func TestLaunchEventsAndPartnerWebhook(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	_, agent := m.newManaged()
	id := strings.TrimSuffix(agent[strings.LastIndexByte(agent, '/')+1:], "@rbm.goog")
	path := "/v1/" + agent

	m.do(400, "PATCH", "/v1/partners/openrbm", `{"productCapabilities":[{"rcsBusinessMessagingCapability":{"webhookUrl":"https://e.example"}}]}`, nil)
	first, second, own := listen(t, "partner token"), listen(t, "partner token"), listen(t, "own token")
	if err := s.Admin.SetPartnerWebhook(s.Context(), client.WebhookConfig{URI: first.url, ClientToken: "wrong token"}); rbm.CodeOf(err) != rbm.CodeFailedPrecondition {
		t.Errorf("a webhook that fails the handshake: %v", err)
	}
	m.do(200, "PATCH", path+"/launch", launch(demoRegion, bc.LaunchPending), nil) // waits for a webhook
	if err := s.Admin.SetPartnerWebhook(s.Context(), client.WebhookConfig{URI: first.url, ClientToken: "partner token"}); err != nil {
		t.Fatal(err)
	}
	var ev bc.AgentLaunchEvent
	e := first.next(s, t, isLaunch)
	if err := json.Unmarshal(e.Data, &ev); err != nil {
		t.Fatal(err)
	}
	if e.Type != "agent_callback" || e.Attributes["event_type"] != "PENDING" || e.Attributes["business_id"] != id+"@rbm.goog" || e.Attributes["product"] != "RBM" || e.Attributes["message_type"] != "" {
		t.Errorf("frame: %s %v", e.Type, e.Attributes)
	}
	if !strings.HasPrefix(ev.EventID, "agent/") || ev.AgentID != id+"@rbm.goog" || ev.BotDisplayName != "Growing Tree" || ev.BrandDisplayName != "B" ||
		ev.RegionID != demoRegion || ev.OldLaunchState != "UNSPECIFIED" || ev.NewLaunchState != "PENDING" || ev.ActingParty != "PARTNER" || ev.Comment != "why" {
		t.Errorf("event %+v", ev)
	}
	var p bc.Partner
	m.do(200, "PATCH", "/v1/partners/openrbm?updateMask=productCapabilities,company",
		`{"company":"C","productCapabilities":[{"product":"RCS_BUSINESS_MESSAGING","rcsBusinessMessagingCapability":{"webhookUrl":"`+second.url+`"}}]}`, &p)
	if p.Company != "C" || p.ProductCapabilities[0].RcsBusinessMessagingCapability.WebhookURL != second.url {
		t.Errorf("partner %+v", p)
	}
	m.do(200, "PATCH", path+"/launch?acting_party=SOMEBODY", launch(demoRegion, bc.LaunchLaunched), nil)
	if err := json.Unmarshal(second.next(s, t, isLaunch).Data, &ev); err != nil || ev.NewLaunchState != "LAUNCHED" || ev.ActingParty != "SOMEBODY" {
		t.Errorf("event %+v, %v", ev, err)
	}
	p1 := s.Dial()
	if _, err := p1.Text(s.Context(), id, "to the partner"); err != nil {
		t.Fatal(err)
	}
	second.next(s, t, func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.Text == "to the partner" })
	m.do(200, "POST", path+"/integrations", `{"agentWebhookIntegration":{"webhookUri":"`+own.url+`","verificationToken":"own token"}}`, nil)
	m.do(409, "POST", path+"/integrations", `{"agentWebhookIntegration":{"webhookUri":"`+own.url+`","verificationToken":"own token"}}`, nil)
	m.do(200, "PATCH", path+"/launch", launch(demoRegion, bc.LaunchSuspended), nil)
	if err := json.Unmarshal(own.next(s, t, isLaunch).Data, &ev); err != nil || ev.OldLaunchState != "LAUNCHED" || ev.NewLaunchState != "SUSPENDED" || ev.ActingParty != "CARRIER" {
		t.Errorf("event %+v, %v", ev, err)
	}
	if len(second.events) != 0 {
		t.Error("the partner's webhook still gets the events of an agent that has its own")
	}
	moved := listen(t, "own token")
	var i bc.Integration
	m.do(200, "PATCH", path+"/integrations/webhook?updateMask=agentWebhookIntegration.webhookUri", `{"agentWebhookIntegration":{"webhookUri":"`+moved.url+`"}}`, &i)
	if i.AgentWebhookIntegration.WebhookURI != moved.url {
		t.Errorf("moved webhook %+v", i)
	}
}

// Dialogflow integrations are kept, and open dialogflowMessages.
func TestDialogflowIntegrations(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	path := "/v1/brands/-/agents/" + s.Agent() + "/integrations"
	m.do(400, "POST", path, `{"dialogflowCxIntegration":{"dialogflowProjectId":"p"}}`, nil)
	var i bc.Integration
	m.do(200, "POST", path, `{"dialogflowCxIntegration":{"dialogflowProjectId":"p","dialogflowAgentId":"a","autoResponseStatus":"ENABLED"}}`, &i)
	if cx := i.DialogflowCxIntegration; cx == nil || cx.DialogflowServiceAccountEmail == "" || cx.OperationInfo.OperationState != bc.OperationCompleted {
		t.Errorf("integration %+v", i)
	}
	m.do(409, "POST", path, `{"dialogflowEsIntegration":{"dialogflowProjectId":"p"}}`, nil)
	m.do(200, "PATCH", "/v1/"+i.Name+"?updateMask=dialogflowCxIntegration.autoResponseStatus", `{"dialogflowCxIntegration":{"autoResponseStatus":"DISABLED"}}`, &i)
	if cx := i.DialogflowCxIntegration; cx.AutoResponseStatus != bc.AutoResponseDisabled || cx.DialogflowProjectID != "p" {
		t.Errorf("patched %+v", cx)
	}
	key, err := os.ReadFile(s.Ready.Agents[0].KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	a := manage(t, s, key, client.Scope)
	send := "/v1/phones/" + s.Number() + "/dialogflowMessages?agentId=" + s.Agent()
	a.do(501, "POST", send, `{"eventName":"E"}`, nil)
	m.do(200, "DELETE", "/v1/"+i.Name, "", nil)
	a.do(403, "POST", send, `{"eventName":"E"}`, nil)
}

// Testers are invited and asked; quotas and phones without RCS are refused.
func TestManagedTesters(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	s.NewAgent("new", false)
	p := s.Dial()
	var tester bc.Tester
	m.do(200, "POST", "/v1/testers", `{"agentId":"new@rbm.goog","phoneNumber":"`+s.Number()+`"}`, &tester)
	if tester.Name != "testers/"+s.Number() || tester.InviteStatus != bc.InviteStatusPending || tester.AgentID != "new@rbm.goog" {
		t.Errorf("tester %+v", tester)
	}
	if _, err := p.WaitMessage(s.Context(), func(*phone.Message) bool { return true }); err != nil {
		t.Errorf("nobody asked the user: %v", err)
	}
	_, fields := m.fails(400, "POST", "/v1/testers", `{"agentId":"new","phoneNumber":"+12225559999"}`)
	if fmt.Sprint(fields) != "[tester.phone_number]" {
		t.Errorf("a phone without RCS: %v", fields)
	}
	m.do(400, "POST", "/v1/testers", `{"phoneNumber":"`+s.Number()+`"}`, nil)
	var list bc.ListTestersResponse
	m.do(200, "GET", "/v1/testers?agentId=new", "", &list)
	if len(list.Testers) != 1 || list.Testers[0] != tester {
		t.Errorf("testers %+v", list)
	}
	m.do(200, "GET", "/v1/"+tester.Name+"?agentId=new", "", &tester)
	m.do(404, "GET", "/v1/"+tester.Name+"?agentId="+s.Agent(), "", nil)
	for range 19 {
		m.do(200, "POST", "/v1/testers", `{"agentId":"new","phoneNumber":"`+s.Number()+`"}`, nil)
	}
	m.do(429, "POST", "/v1/testers", `{"agentId":"new","phoneNumber":"`+s.Number()+`"}`, nil)
	m.do(200, "DELETE", "/v1/"+tester.Name+"?agentId=new", "", nil)
	m.do(404, "DELETE", "/v1/"+tester.Name+"?agentId=new", "", nil)
	var none bc.ListAgentPerformancesResponse
	m.do(200, "GET", "/v1/analytics/agentPerformances?pageSize=10", "", &none)
}

// An agent's own account manages its agent, and decides nothing.
func TestAgentsOwnAccountManages(t *testing.T) {
	s := servertest.New(t)
	boss := partner(t, s)
	s.NewAgent("own", false)
	key, err := s.Admin.CreateKey(s.Context(), "own")
	if err != nil {
		t.Fatal(err)
	}
	m := manage(t, s, key)
	var list bc.ListAgentsResponse
	m.do(200, "GET", "/v1/brands/-/agents", "", &list)
	if len(list.Agents) != 1 || list.Agents[0].Name != "brands/default/agents/own@rbm.goog" {
		t.Fatalf("agents %+v", list)
	}
	own := "/v1/brands/default/agents/own"
	m.do(200, "PATCH", own, `{"rcsBusinessMessagingAgent":{"description":"Mine"}}`, nil)
	m.do(200, "POST", own+":requestVerification", `{"agentVerificationContact":{}}`, nil)
	m.do(200, "POST", own+":requestLaunch", `{"agentLaunch":{"rcsBusinessMessaging":{"launchRegion":"/v1/regions/demo-carrier"}}}`, nil)
	for what, status := range map[string]int{
		"POST /v1/brands":                                    403,
		"DELETE /v1/brands/default":                          403,
		"POST /v1/brands/default/agents":                     403,
		"DELETE " + own:                                      403,
		"PATCH " + own + "/verification":                     403,
		"GET /v1/partners/openrbm":                           403,
		"GET /v1/brands/demo_brand":                          404,
		"GET /v1/brands/demo_brand/agents/demo_agent":        404,
		"GET /v1/brands/demo_brand/agents/demo_agent/launch": 404,
		"GET /v1/testers?agentId=demo_agent":                 404,
	} {
		method, path, _ := strings.Cut(what, " ")
		m.do(status, method, path, "", nil)
	}
	m.do(403, "PATCH", own+"/launch", launch(demoRegion, bc.LaunchLaunched), nil)
	boss.do(200, "PATCH", own+"/launch", launch(demoRegion, bc.LaunchLaunched), nil)

	manage(t, s, key, client.Scope).do(403, "GET", "/v1/brands", "", nil) // the other API's scope
	keys, err := s.Admin.PartnerKeys(s.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("partner keys %v, %v", keys, err)
	}
	if err := s.Admin.DeletePartnerKey(s.Context(), keys[0].KeyID); err != nil {
		t.Fatal(err)
	}
	boss.do(401, "GET", "/v1/brands", "", nil)
}

// A server that is opened again knows all that was managed.
func TestManagementSurvivesRestart(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	brand, agent := m.newManaged()
	path := "/v1/" + agent
	m.do(200, "POST", path+":requestVerification", `{"agentVerificationContact":{"partnerName":"P"}}`, nil)
	m.do(200, "POST", path+":requestLaunch", `{"agentLaunch":{"rcsBusinessMessaging":{"questionnaire":{"optinDescription":"o"},"launchDetails":{"/v1/regions/demo-carrier":{}}}}}`, nil)
	m.do(200, "POST", path+"/integrations", `{"dialogflowEsIntegration":{"dialogflowProjectId":"p"}}`, nil)
	m.do(200, "PATCH", "/v1/partners/-", `{"displayName":"Us","contactEmails":["a@e.example"]}`, nil)
	paths := []string{"/v1/" + brand, path, path + "/verification", path + "/launch", path + "/integrations", "/v1/partners/openrbm"}
	before := make(map[string]string)
	for _, p := range paths {
		var text string
		m.do(200, "GET", p, "", &text)
		before[p] = text
	}
	s.Restart()
	m = partner(t, s)
	for _, p := range paths {
		var text string
		if m.do(200, "GET", p, "", &text); text != before[p] {
			t.Errorf("%s: before\n%s\nafter\n%s", p, before[p], text)
		}
	}
}
