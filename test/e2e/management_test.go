package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/oauth2/google"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

const managementScope = "https://www.googleapis.com/auth/businesscommunications"

// manager calls the management API as raw HTTP.
type manager struct {
	t     *testing.T
	s     *servertest.Server
	token string
}

// manage gets a token with the scopes for a key file, by the code of Google's Go
// library.
func manage(t *testing.T, s *servertest.Server, key []byte, scopes ...string) *manager {
	t.Helper()
	if len(scopes) == 0 {
		scopes = []string{managementScope}
	}
	cfg, err := google.JWTConfigFromJSON(key, scopes...)
	if err != nil {
		t.Fatal(err)
	}
	token, err := cfg.TokenSource(s.Context()).Token()
	if err != nil {
		t.Fatal(err)
	}
	return &manager{t, s, token.AccessToken}
}

// partner is a manager with a new key of the partner.
func partner(t *testing.T, s *servertest.Server) *manager {
	t.Helper()
	key, err := s.Admin.CreatePartnerKey(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	return manage(t, s, key)
}

// do makes a call and reads the answer into out; what is expected is its status.
func (m *manager) do(status int, method, path, body string, out any, header ...string) {
	m.t.Helper()
	req, err := http.NewRequestWithContext(m.s.Context(), method, m.s.Ready.APIURL+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	if resp.StatusCode != status {
		m.t.Fatalf("%s %s: status %d, want %d\n%s", method, path, resp.StatusCode, status, b)
	}
	switch v := out.(type) {
	case nil:
	case *string:
		*v = string(b)
	default:
		reflect.ValueOf(out).Elem().SetZero()
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(out); err != nil {
			m.t.Fatalf("%s %s: %v\n%s", method, path, err, b)
		}
	}
}

// fails makes a call and gives the violated fields.
func (m *manager) fails(status int, method, path, body string) (code rbm.Code, fields []string) {
	m.t.Helper()
	var text string
	m.do(status, method, path, body, &text)
	e := rbm.ParseError(status, []byte(text))
	for _, v := range e.Violations {
		fields = append(fields, v.Field)
	}
	return e.Code, fields
}

const goodAgent = `{"displayName":"Growing Tree","rcsBusinessMessagingAgent":{"description":"Trees","logoUri":"https://e.example/l.png",
	"heroUri":"https://e.example/h.png","color":"#1A6B3C","phoneNumbers":[{"phoneNumber":{"number":"+12225550000"},"label":"Call"}],
	"privacy":{"uri":"https://e.example/p","label":"Privacy"},"termsConditions":{"uri":"https://e.example/t","label":"Terms"},
	"billingConfig":{"billingCategory":"BASIC_MESSAGE"},"agentUseCase":"TRANSACTIONAL","hostingRegion":"EUROPE"}}`

// newManaged makes a brand and an agent in it.
func (m *manager) newManaged() (brand, agent string) {
	m.t.Helper()
	var b bc.Brand
	m.do(200, "POST", "/v1/brands", `{"displayName":"B"}`, &b)
	var a bc.Agent
	m.do(200, "POST", "/v1/"+b.Name+"/agents", goodAgent, &a)
	return b.Name, a.Name
}

// listener is a webhook that is set by hand.
type listener struct {
	url    string
	events chan client.Event
}

func listen(t *testing.T, token string) *listener {
	l := &listener{events: make(chan client.Event, 100)}
	s := httptest.NewServer(&client.Webhook{ClientToken: token, Handle: func(_ context.Context, e client.Event) error {
		l.events <- e
		return nil
	}})
	t.Cleanup(s.Close)
	l.url = s.URL
	return l
}

// next is the next event that matches.
func (l *listener) next(s *servertest.Server, t *testing.T, match func(client.Event) bool) client.Event {
	t.Helper()
	for {
		select {
		case e := <-l.events:
			if match(e) {
				return e
			}
		case <-s.Context().Done():
			t.Fatal("no such event")
		}
	}
}

func isLaunch(e client.Event) bool { return e.Attributes["type"] == "agent_launch_event" }

// Every call of the official Node helper, as it puts them on the wire
// (facts/rbm-api.md §9).
func TestManagementHelper(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	var brand bc.Brand
	m.do(200, "POST", "/v1/brands", `{"displayName":"B"}`, &brand)
	if brand.DisplayName != "B" || !strings.HasPrefix(brand.Name, "brands/") {
		t.Fatalf("brand %+v", brand)
	}
	b := "/v1/" + brand.Name
	m.do(200, "PATCH", b+"?updateMask=displayName", `{"displayName":"New"}`, &brand)
	m.do(200, "GET", b, "", &brand)
	if brand.DisplayName != "New" {
		t.Errorf("renamed brand %+v", brand)
	}
	var brands bc.ListBrandsResponse
	m.do(200, "GET", "/v1/brands", "", &brands)
	if len(brands.Brands) != 2 { // and the demo agent's
		t.Errorf("brands %+v", brands)
	}
	var regions bc.ListRegionsResponse
	m.do(200, "GET", "/v1/regions", "", &regions)
	if len(regions.Regions) != 2 || regions.Regions[0].Name != "/v1/regions/demo-carrier" {
		t.Errorf("regions %+v", regions)
	}
	var agent bc.Agent
	m.do(200, "POST", b+"/agents", goodAgent, &agent)
	if !strings.HasPrefix(agent.Name, brand.Name+"/agents/growing_tree_") || !strings.HasSuffix(agent.Name, "@rbm.goog") || agent.BrandName != "New" {
		t.Errorf("agent %+v", agent)
	}
	var agents bc.ListAgentsResponse
	m.do(200, "GET", b+"/agents", "", &agents)
	if len(agents.Agents) != 1 || agents.Agents[0].Name != agent.Name {
		t.Errorf("agents %+v", agents)
	}
	long := "/v1/" + agent.Name
	a := strings.TrimSuffix(long, "@rbm.goog")
	for _, path := range []string{a, long, a + "%40rbm.goog"} {
		var same bc.Agent
		m.do(200, "GET", path, "", &same)
		if same.Name != agent.Name || same.RcsBusinessMessagingAgent.HostingRegion != bc.HostingEurope {
			t.Errorf("%s: %+v", path, same)
		}
	}
	var v bc.AgentVerification
	m.do(200, "GET", a+"/verification", "", &v)
	if v.VerificationState != bc.Unverified || v.Name != agent.Name+"/verification" {
		t.Errorf("verification %+v", v)
	}
	m.do(200, "POST", a+":requestVerification", `{"agentVerificationContact":{"partnerName":"P","partnerEmailAddress":"p@e.example"}}`, &v)
	if v.VerificationState != bc.VerificationPending || v.AgentVerificationContact.PartnerName != "P" {
		t.Errorf("requested verification %+v", v)
	}
	var l bc.AgentLaunch
	m.do(200, "POST", a+":requestLaunch", `{"agentLaunch":{"rcsBusinessMessaging":{"questionnaire":{"contacts":[{"name":"N","title":"T","email":"e@e.example"}]},
		"launchDetails":{"/v1/regions/demo-carrier":{"launchState":"LAUNCH_STATE_PENDING"}}}}}`, &l)
	if d := l.RcsBusinessMessaging.LaunchDetails["/v1/regions/demo-carrier"]; d.LaunchState != bc.LaunchPending || d.UpdateTime == nil || len(l.RcsBusinessMessaging.LaunchDetails) != 1 {
		t.Errorf("requested launch %+v", l.RcsBusinessMessaging)
	}
	m.do(200, "PATCH", a+"/launch?updateMask=rcsBusinessMessaging.questionnaire", `{"rcsBusinessMessaging":{"questionnaire":{}}}`, &l)
	if q := l.RcsBusinessMessaging.Questionnaire; q == nil || len(q.Contacts) != 0 || len(l.RcsBusinessMessaging.LaunchDetails) != 1 {
		t.Errorf("emptied questionnaire %+v", l.RcsBusinessMessaging)
	}
	id := a[strings.LastIndexByte(a, '/')+1:]
	m.do(200, "PATCH", "/v1/brands/-/agents/"+id+"/launch", `{'rcsBusinessMessaging':{'launchDetails':{'':{'launchState':'LAUNCH_STATE_LAUNCHED'},}}}`, &l)
	m.do(200, "GET", a+"/launch", "", &l)
	if d := l.RcsBusinessMessaging.LaunchDetails["/v1/regions/demo-carrier"]; d.LaunchState != bc.LaunchLaunched {
		t.Errorf("launch %+v", l.RcsBusinessMessaging)
	}
	hook := listen(t, "secret token")
	var i bc.Integration
	m.do(200, "POST", a+"/integrations", `{"agentWebhookIntegration":{"webhookUri":"`+hook.url+`","verification_token":"secret token"}}`, &i)
	if i.AgentWebhookIntegration.WebhookURI != hook.url || i.AgentWebhookIntegration.VerificationToken != "" || i.Status != bc.IntegrationEnabled {
		t.Errorf("integration %+v", i.AgentWebhookIntegration)
	}
	var list bc.ListIntegrationsResponse
	m.do(200, "GET", a+"/integrations", "", &list)
	if len(list.Integrations) != 1 || list.Integrations[0].Name != i.Name {
		t.Errorf("integrations %+v", list)
	}
	m.do(200, "DELETE", "/v1/"+i.Name, "", nil)
	m.do(404, "GET", "/v1/"+i.Name, "", nil)
	if code, _ := m.fails(400, "DELETE", b, ""); code != rbm.CodeFailedPrecondition {
		t.Errorf("deleting a brand with agents: %v", code)
	}
	m.do(200, "DELETE", b+"?force=true", "", nil)
	m.do(404, "GET", b, "", nil)
	m.do(404, "GET", a, "", nil)
}

// What the limits refuse, they refuse all at once (facts/rbm-api.md §8.2).
func TestManagementRefusals(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	brand, agent := m.newManaged()
	_, fields := m.fails(400, "POST", "/v1/"+brand+"/agents", `{"displayName":"`+strings.Repeat("é", 41)+`","rcsBusinessMessagingAgent":{"color":"red",
		"websites":[{"uri":"https://1.example"},{"uri":"https://2.example"},{"uri":"https://3.example"},{"uri":"ftp://4.example"}]}}`)
	in := "agent.rcs_business_messaging_agent."
	want := []string{"agent.display_name", in + "description", in + "logo_uri", in + "hero_uri", in + "color", in + "privacy", in + "terms_conditions",
		in + "hosting_region", in + "websites[3].uri", in + "websites"}
	if fmt.Sprint(fields) != fmt.Sprint(want) {
		t.Errorf("violations of\n%v, want\n%v", fields, want)
	}
	for body, text := range map[string]string{
		`{"displayName":"x","foo":1}`: `Unknown name \"foo\" at 'agent': Cannot find field.`,
		`{"rcsBusinessMessagingAgent":{"agentUseCase":"BOGUS"}}`: `Invalid value at 'agent.rcs_business_messaging_agent.agent_use_case' ` +
			`(type.googleapis.com/google.communications.businesscommunications.v1.RcsBusinessMessagingAgent.AgentUseCase), \"BOGUS\"`,
	} {
		var got string
		if m.do(400, "POST", "/v1/"+brand+"/agents", body, &got); !strings.Contains(got, text) {
			t.Errorf("%s:\n%s", body, got)
		}
	}
	var got string
	m.do(400, "PATCH", "/v1/"+agent+"/launch", `{"rcsBusinessMessaging":{"launchDetails":{"/v1/regions/demo-carrier":{"launchState":"LAUNCHED"}}}}`, &got)
	if !strings.Contains(got, "agent_launch.rcs_business_messaging.launch_details[0].value.launch_state") {
		t.Errorf("a bad value in a map: %s", got)
	}
	m.do(400, "POST", "/v1/brands", `{"displayName":"`+strings.Repeat("x", 101)+`"}`, nil)
	m.do(400, "GET", "/v1/brands?bogus=1", "", nil)
	m.do(400, "GET", "/v1/brands?pageSize=-1", "", nil)
	m.do(400, "GET", "/v1/brands?pageToken=bogus", "", nil)
	m.do(400, "DELETE", "/v1/"+brand+"?force=perhaps", "", nil)
	m.do(400, "GET", "/v1/brands/-/agents?launchStateFilter=BOGUS", "", nil)
	m.do(404, "GET", "/v1/brands/none/agents", "", nil)
	m.do(404, "GET", strings.Replace("/v1/"+agent, brand, "brands/demo_brand", 1), "", nil)
	m.do(404, "PATCH", "/v1/partners/someone", `{}`, nil)
	m.do(400, "POST", "/v1/"+agent+"/integrations", `{}`, nil)
	code, _ := m.fails(400, "POST", "/v1/"+agent+"/integrations", `{"agentWebhookIntegration":{"webhookUri":"`+listen(t, "right").url+`","verificationToken":"wrong"}}`)
	if code != rbm.CodeFailedPrecondition {
		t.Errorf("a webhook that fails the handshake: %v", code)
	}
	m.do(400, "POST", "/v1/"+agent+":requestLaunch", `{"agentLaunch":{"rcsBusinessMessaging":{}}}`, &got)
	if !strings.Contains(got, "RCS Business Messaging launch requires at least one region.") {
		t.Error(got)
	}
	m.do(400, "POST", "/v1/"+agent+":requestLaunch", `{"agentLaunch":{"rcsBusinessMessaging":{"launchDetails":{"/v1/regions/atlantis":{}}}}}`, nil)
}

// Masks: paths in either spelling, an empty mask, frozen fields.
func TestManagementMasks(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	_, agent := m.newManaged()
	path := "/v1/" + agent
	var a bc.Agent
	m.do(200, "PATCH", path+"?updateMask=rcsBusinessMessagingAgent.description,rcs_business_messaging_agent.color",
		`{"displayName":"ignored","rcsBusinessMessagingAgent":{"description":"Other","color":"#000000"}}`, &a)
	if r := a.RcsBusinessMessagingAgent; a.DisplayName != "Growing Tree" || r.Description != "Other" || r.Color != "#000000" || r.LogoURI == "" {
		t.Errorf("two paths: %+v %+v", a, r)
	}
	m.do(200, "POST", path, `{"displayName":"Renamed","name":"brands/x/agents/y"}`, &a, "X-HTTP-Method-Override", "PATCH")
	if a.DisplayName != "Renamed" || a.Name != agent || a.RcsBusinessMessagingAgent.Description != "Other" {
		t.Errorf("no mask: %+v", a)
	}
	m.do(200, "PATCH", path+"?updateMask=", `{"rcsBusinessMessagingAgent":{"emails":[{"address":"a@e.example"}]}}`, &a)
	m.do(200, "PATCH", path+"?updateMask=rcsBusinessMessagingAgent.phoneNumbers", `{}`, &a)
	if r := a.RcsBusinessMessagingAgent; len(r.Emails) != 1 || len(r.PhoneNumbers) != 0 {
		t.Errorf("a list emptied: %+v", r)
	}
	_, fields := m.fails(400, "PATCH", path+"?updateMask=rcsBusinessMessagingAgent.emails,rcsBusinessMessagingAgent.description", `{}`)
	if len(fields) != 2 {
		t.Errorf("required fields emptied: %v", fields)
	}
	m.do(400, "PATCH", path+"?updateMask=bogus,displayName.x", `{}`, nil)
	m.do(400, "PATCH", path, `{"rcsBusinessMessagingAgent":{"hostingRegion":"ASIA_PACIFIC"}}`, nil)

	m.do(200, "PATCH", path+"/verification", `{"verificationState":"VERIFICATION_STATE_VERIFIED"}`, nil)
	_, fields = m.fails(400, "PATCH", path, `{"displayName":"Again","rcsBusinessMessagingAgent":{"logoUri":"https://e.example/2","heroUri":"https://e.example/3"}}`)
	if len(fields) != 3 {
		t.Errorf("frozen fields: %v", fields)
	}
	m.do(200, "PATCH", path, `{"displayName":"Renamed","isArchived":true,"rcsBusinessMessagingAgent":{"description":"Free"}}`, &a)
	if !a.IsArchived || a.RcsBusinessMessagingAgent.Description != "Free" {
		t.Errorf("after the verification: %+v", a)
	}
}

// Pages hold every brand once, with opaque tokens.
func TestManagementPages(t *testing.T) {
	s := servertest.New(t)
	m := partner(t, s)
	for range 4 {
		m.do(200, "POST", "/v1/brands", `{"displayName":"B"}`, nil)
	}
	seen, token := map[string]bool{}, ""
	for pages := 1; ; pages++ {
		var list bc.ListBrandsResponse
		m.do(200, "GET", "/v1/brands?pageSize=2&pageToken="+url.QueryEscape(token), "", &list)
		for _, b := range list.Brands {
			if seen[b.Name] {
				t.Errorf("%s twice", b.Name)
			}
			seen[b.Name] = true
		}
		if token = list.NextPageToken; token == "" {
			if pages != 3 || len(seen) != 5 {
				t.Errorf("%d pages, %d brands", pages, len(seen))
			}
			return
		}
		m.do(200, "POST", "/v1/"+list.Brands[0].Name+"/agents", goodAgent, nil)
	}
}
