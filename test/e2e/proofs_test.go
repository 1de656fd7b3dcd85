package e2e

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// A launch event says whose agent it is and when it was launched
// (facts/rbm-api.md §3.8).
func TestLaunchEventBrandAndTime(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	brand, agent := m.newManaged()
	hook := listen(t, "token")
	m.do(200, "POST", "/v1/"+agent+"/integrations", `{"agentWebhookIntegration":{"webhookUri":"`+hook.url+`","verificationToken":"token"}}`, nil)
	var l bc.AgentLaunch
	m.do(200, "PATCH", "/v1/"+agent+"/launch", launch(demoRegion, bc.LaunchPending), &l)
	var ev bc.AgentLaunchEvent
	if err := json.Unmarshal(hook.next(s, t, isLaunch).Data, &ev); err != nil {
		t.Fatal(err)
	}
	if "brands/"+ev.BrandID != brand {
		t.Errorf("brandId %q of %s", ev.BrandID, brand)
	}
	if at := l.RcsBusinessMessaging.LaunchDetails[demoRegion].UpdateTime; at == nil || ev.SendTime.String() != at.String() {
		t.Errorf("sendTime %v of a change at %v", ev.SendTime, at)
	}
}

const knowledgeBase = `{"displayName":"K","uris":["https://e.example/faq"]}`

// What is only kept is kept, also through a restart (facts/rbm-api.md §8.2).
func TestManagementKeepsEveryField(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	_, agent := m.newManaged()
	path := "/v1/" + agent
	m.do(200, "PATCH", "/v1/partners/openrbm", `{"name":"partners/other","displayName":"Us","company":"C","technicalContact":"t@e.example","dialogflowServiceAccountEmail":"x@e.example"}`, nil)
	m.do(200, "PATCH", path, `{"rcsBusinessMessagingAgent":{"indiaPrincipalEntityId":"1101","partner":{"partnerId":"other"}}}`, nil)
	const details = `{"rcsBusinessMessaging":{"questionnaire":{"contacts":[{"name":"N","title":"T","email":"e@e.example"}],"optinDescription":"a",
		"triggerDescription":"b","interactionsDescription":"c","optoutDescription":"d","agentAccessInstructions":"e","videoUris":["https://e.example/v"],
		"screenshotUris":["https://e.example/1","https://e.example/2"]},
		"launchDetails":{"/v1/regions/demo-carrier":{"launchState":"LAUNCH_STATE_PENDING","isHidden":true,"agentLaunchPartyDesignation":"DESIGNATION"}}}}`
	m.do(200, "POST", path+":requestLaunch", `{"agentLaunch":`+details+`}`, nil)
	m.do(200, "POST", path+"/integrations", `{"dialogflowEsIntegration":{"dialogflowProjectId":"p","dialogflowKnowledgeBases":[`+knowledgeBase+`]}}`, nil)
	var want bc.AgentLaunch
	if err := json.Unmarshal([]byte(details), &want); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		var p bc.Partner
		m.do(200, "GET", "/v1/partners/openrbm", "", &p)
		if p.Name != "partners/openrbm" || p.TechnicalContact != "t@e.example" || !strings.Contains(p.DialogflowServiceAccountEmail, "@") || p.DialogflowServiceAccountEmail == "x@e.example" {
			t.Errorf("partner %+v", p)
		}
		var a bc.Agent
		m.do(200, "GET", path, "", &a)
		if r := a.RcsBusinessMessagingAgent; r.IndiaPrincipalEntityID != "1101" || r.Partner == nil || *r.Partner != (bc.AgentPartner{PartnerID: "openrbm", DisplayName: "Us", Company: "C"}) {
			t.Errorf("agent %+v of %+v", r, r.Partner)
		}
		var l bc.AgentLaunch
		m.do(200, "GET", path+"/launch", "", &l)
		got := l.RcsBusinessMessaging
		if l.Name != agent+"/launch" || !reflect.DeepEqual(got.Questionnaire, want.RcsBusinessMessaging.Questionnaire) {
			t.Errorf("launch %s, questionnaire %+v", l.Name, got.Questionnaire)
		}
		if d := got.LaunchDetails[demoRegion]; !d.IsHidden || d.AgentLaunchPartyDesignation != "DESIGNATION" {
			t.Errorf("launch in %s: %+v", demoRegion, d)
		}
		var list bc.ListIntegrationsResponse
		m.do(200, "GET", path+"/integrations", "", &list)
		if text, err := json.Marshal(list.Integrations[0].DialogflowEsIntegration.DialogflowKnowledgeBases); err != nil || string(text) != "["+knowledgeBase+"]" {
			t.Errorf("knowledge bases %s, %v", text, err)
		}
	}
	check()
	s.Restart()
	m = partner(t, s)
	check()
}

// An agent's description has up to 100 characters, however many bytes they have.
func TestAgentDescriptionLimit(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	_, agent := m.newManaged()
	body := func(n int) string {
		return `{"rcsBusinessMessagingAgent":{"description":"` + strings.Repeat("é", n) + `"}}`
	}
	m.do(200, "PATCH", "/v1/"+agent, body(100), nil)
	_, fields := m.fails(400, "PATCH", "/v1/"+agent, body(101))
	if fmt.Sprint(fields) != "[agent.rcs_business_messaging_agent.description]" {
		t.Errorf("101 characters: violations of %v", fields)
	}
}

// The deprecated launch states are names that are known, and no launch enters them.
func TestDeprecatedLaunchStates(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	_, agent := m.newManaged()
	m.do(200, "PATCH", "/v1/"+agent+"/launch", launch(demoRegion, bc.LaunchPending), nil)
	m.do(200, "PATCH", "/v1/"+agent+"/launch", launch(demoRegion, bc.LaunchLaunched), nil)
	for _, state := range []bc.LaunchState{bc.LaunchPendingUnlaunch, bc.LaunchInvalidInGmb} {
		if code, _ := m.fails(400, "PATCH", "/v1/"+agent+"/launch", launch(demoRegion, state)); code != rbm.CodeFailedPrecondition {
			t.Errorf("%s: %v", state, code)
		}
	}
	if code, _ := m.fails(400, "PATCH", "/v1/"+agent+"/launch", launch(demoRegion, "LAUNCH_STATE_BOGUS")); code != rbm.CodeInvalidArgument {
		t.Errorf("an unknown state: %v", code)
	}
}

// Screen readers need the description of a card's picture: the phone gets it.
func TestContentDescriptionReachesThePhone(t *testing.T) {
	s := servertest.New(t)
	p := s.Dial()
	site, _ := picturesAt(t, pngOf(90, 60))
	const text = "Une colline, très verte"
	m := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{RichCard: &rbm.RichCard{StandaloneCard: &rbm.StandaloneCard{
		CardOrientation: rbm.CardOrientationVertical, CardContent: &rbm.CardContent{Title: "T", Media: &rbm.Media{
			Height: rbm.HeightShort, ContentDescription: text, ContentInfo: &rbm.ContentInfo{FileURL: site.URL + "/a.png"}}}}}}}
	if _, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), "described", m); err != nil {
		t.Fatal(err)
	}
	got, err := p.WaitMessage(s.Context(), func(m *phone.Message) bool { return m.MessageID == "described" })
	if err != nil {
		t.Fatal(err)
	}
	if d := got.Content.ContentMessage.RichCard.StandaloneCard.CardContent.Media.ContentDescription; d != text {
		t.Errorf("contentDescription %q", d)
	}
}

// What Google has and this platform does not is 404, not something else.
func TestMethodsThatAreNotThere(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	for _, call := range []string{"POST /batch", "POST /v1/phones/" + s.Number() + "/agentMessagesSigned", "GET /v1/criticalAgents",
		"GET /v1/subscriberProfiles/x", "GET /v1/surveyQuestions"} {
		method, path, _ := strings.Cut(call, " ")
		m.do(404, method, path, "", nil)
	}
}
