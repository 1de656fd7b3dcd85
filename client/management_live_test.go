package client_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// partner manages a new server.
func partner(t *testing.T) (*servertest.Server, *client.Management) {
	t.Helper()
	s := servertest.New(t)
	key, err := s.Admin.CreatePartnerKey(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := client.NewManagement(client.ManagementOptions{BaseURL: s.Ready.APIURL, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

// must gives v, or ends the test.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused wants a refusal with that code.
func refused(t *testing.T, err error, code rbm.Code) {
	t.Helper()
	if err == nil || rbm.CodeOf(err) != code {
		t.Errorf("error %v, want %v", err, code)
	}
}

func managedAgent() *bc.Agent {
	return &bc.Agent{DisplayName: "Parcels", RcsBusinessMessagingAgent: &bc.RcsBusinessMessagingAgent{
		Description: "Where they are", LogoURI: "https://e.example/l.png", HeroURI: "https://e.example/h.png", Color: "#1A6B3C",
		Emails:  []bc.EmailEntry{{Address: "a@e.example"}},
		Privacy: &bc.WebEntry{URI: "https://e.example/p"}, TermsConditions: &bc.WebEntry{URI: "https://e.example/t"},
		HostingRegion: bc.HostingEurope,
	}}
}

// made is a new agent of a new brand.
func made(t *testing.T, s *servertest.Server, m *client.Management) (brand, agent string) {
	t.Helper()
	b := must(m.CreateBrand(s.Context(), "Post"))(t)
	return b.Name, must(m.CreateAgent(s.Context(), b.Name, managedAgent()))(t).Name
}

func TestManageBrands(t *testing.T) {
	s, m := partner(t)
	ctx := s.Context()
	_, err := m.CreateBrand(ctx, strings.Repeat("x", 101))
	refused(t, err, rbm.CodeInvalidArgument)
	brand, _ := made(t, s, m)
	must(m.UpdateBrand(ctx, brand, &bc.Brand{DisplayName: "Mail"}, "displayName"))(t)
	if b := must(m.Brand(ctx, brand))(t); b.DisplayName != "Mail" {
		t.Errorf("brand %+v", b)
	}
	_, err = m.UpdateBrand(ctx, brand, &bc.Brand{}, "colour")
	refused(t, err, rbm.CodeInvalidArgument)
	if all := must(m.Brands(ctx))(t); len(all) != 2 { // the demo's and this one
		t.Errorf("brands %+v", all)
	}
	refused(t, m.DeleteBrand(ctx, brand, false), rbm.CodeFailedPrecondition)
	if err := m.DeleteBrand(ctx, brand, true); err != nil {
		t.Error(err)
	}
	_, err = m.Brand(ctx, brand)
	refused(t, err, rbm.CodeNotFound)
}

func TestManageAgents(t *testing.T) {
	s, m := partner(t)
	ctx := s.Context()
	brand, agent := made(t, s, m)
	_, err := m.CreateAgent(ctx, brand, &bc.Agent{DisplayName: "Bare"})
	refused(t, err, rbm.CodeInvalidArgument)
	change := &bc.Agent{RcsBusinessMessagingAgent: &bc.RcsBusinessMessagingAgent{Description: "Here"}}
	must(m.UpdateAgent(ctx, agent, change, "rcsBusinessMessagingAgent.description"))(t)
	if a := must(m.Agent(ctx, agent))(t); a.RcsBusinessMessagingAgent.Description != "Here" || a.DisplayName != "Parcels" {
		t.Errorf("agent %+v", a)
	}
	_, err = m.UpdateAgent(ctx, agent, &bc.Agent{}, "displayName")
	refused(t, err, rbm.CodeInvalidArgument)
	if all := must(m.Agents(ctx, "brands/-", client.AgentFilter{}))(t); len(all) != 2 {
		t.Errorf("agents %+v", all)
	}
	_, err = m.Agents(ctx, "brands/nobody", client.AgentFilter{})
	refused(t, err, rbm.CodeNotFound)
	if err := m.DeleteAgent(ctx, agent); err != nil {
		t.Error(err)
	}
	refused(t, m.DeleteAgent(ctx, agent), rbm.CodeNotFound)
	_, err = m.Agent(ctx, agent)
	refused(t, err, rbm.CodeNotFound)
}

func TestManageVerificationAndLaunch(t *testing.T) {
	s, m := partner(t)
	ctx := s.Context()
	_, agent := made(t, s, m)

	_, err := m.RequestVerification(ctx, agent, nil)
	refused(t, err, rbm.CodeInvalidArgument)
	must(m.RequestVerification(ctx, agent, &bc.AgentVerificationContact{PartnerName: "P"}))(t)
	if v := must(m.Verification(ctx, agent))(t); v.VerificationState != bc.VerificationPending || v.AgentVerificationContact.PartnerName != "P" {
		t.Errorf("verification %+v", v)
	}
	if v := must(m.UpdateVerification(ctx, agent, &bc.AgentVerification{VerificationState: bc.Verified}, "verificationState"))(t); v.VerificationState != bc.Verified {
		t.Errorf("verification %+v", v)
	}
	_, err = m.UpdateVerification(ctx, agent, &bc.AgentVerification{}, "state")
	refused(t, err, rbm.CodeInvalidArgument)
	_, err = m.Verification(ctx, agent+"x")
	refused(t, err, rbm.CodeNotFound)

	regions := must(m.Regions(ctx))(t)
	if len(regions) != 2 {
		t.Fatalf("regions %+v", regions)
	}
	in := func(state bc.LaunchState) *bc.AgentLaunch {
		return &bc.AgentLaunch{RcsBusinessMessaging: &bc.RcsBusinessMessagingLaunch{
			LaunchDetails: map[string]bc.RegionLaunch{regions[0].Name: {LaunchState: state}}}}
	}
	_, err = m.RequestLaunch(ctx, agent, &bc.AgentLaunch{})
	refused(t, err, rbm.CodeInvalidArgument)
	_, err = m.UpdateLaunch(ctx, agent, "", in(bc.LaunchLaunched))
	refused(t, err, rbm.CodeFailedPrecondition)
	must(m.RequestLaunch(ctx, agent, in(bc.LaunchPending)))(t)
	must(m.UpdateLaunch(ctx, agent, "CARRIER", in(bc.LaunchLaunched)))(t)
	if l := must(m.Launch(ctx, agent))(t); l.RcsBusinessMessaging.LaunchDetails[regions[0].Name].LaunchState != bc.LaunchLaunched {
		t.Errorf("launch %+v", l.RcsBusinessMessaging)
	}
	_, err = m.Launch(ctx, agent+"x")
	refused(t, err, rbm.CodeNotFound)
	launched := must(m.Agents(ctx, "brands/-", client.AgentFilter{LaunchState: bc.LaunchLaunched, LaunchData: true}))(t)
	if len(launched) != 2 || len(launched[0].RcsBusinessMessagingAgent.LaunchDetails) == 0 {
		t.Errorf("launched %+v", launched)
	}
	if pending := must(m.Agents(ctx, "brands/-", client.AgentFilter{LaunchState: bc.LaunchPending}))(t); len(pending) != 0 {
		t.Errorf("pending %+v", pending)
	}
}

func TestManageIntegrations(t *testing.T) {
	s, m := partner(t)
	ctx := s.Context()
	_, agent := made(t, s, m)
	hook := httptest.NewServer(&client.Webhook{ClientToken: "secret"})
	t.Cleanup(hook.Close)
	integration := func(uri, token string) *bc.Integration {
		return &bc.Integration{AgentWebhookIntegration: &bc.AgentWebhookIntegration{WebhookURI: uri, VerificationToken: token}}
	}
	if _, err := m.CreateIntegration(ctx, agent, integration(hook.URL, "wrong")); err == nil {
		t.Error("a webhook was saved without its handshake")
	}
	i := must(m.CreateIntegration(ctx, agent, integration(hook.URL, "secret")))(t)
	if got := must(m.Integration(ctx, i.Name))(t); got.AgentWebhookIntegration.WebhookURI != hook.URL || got.Status != bc.IntegrationEnabled {
		t.Errorf("integration %+v", got)
	}
	must(m.UpdateIntegration(ctx, i.Name, integration(hook.URL+"/two", "secret")))(t)
	if all := must(m.Integrations(ctx, agent))(t); len(all) != 1 || all[0].AgentWebhookIntegration.WebhookURI != hook.URL+"/two" {
		t.Errorf("integrations %+v", all)
	}
	_, err := m.UpdateIntegration(ctx, i.Name, integration(hook.URL, "secret"), "uri")
	refused(t, err, rbm.CodeInvalidArgument)
	_, err = m.Integrations(ctx, agent+"x")
	refused(t, err, rbm.CodeNotFound)
	if err := m.DeleteIntegration(ctx, i.Name); err != nil {
		t.Error(err)
	}
	refused(t, m.DeleteIntegration(ctx, i.Name), rbm.CodeNotFound)
	_, err = m.Integration(ctx, i.Name)
	refused(t, err, rbm.CodeNotFound)
}

func TestManageTesters(t *testing.T) {
	s, m := partner(t)
	ctx := s.Context()
	_, err := m.CreateTester(ctx, s.Agent(), "12")
	refused(t, err, rbm.CodeInvalidArgument)
	if made := must(m.CreateTester(ctx, s.Agent(), s.Number()))(t); made.InviteStatus != bc.InviteStatusPending {
		t.Errorf("tester %+v", made)
	}
	if one := must(m.Tester(ctx, s.Agent(), s.Number()))(t); one.Name != "testers/"+s.Number() {
		t.Errorf("tester %+v", one)
	}
	if all := must(m.Testers(ctx, s.Agent()))(t); len(all) != 1 || all[0].PhoneNumber != s.Number() {
		t.Errorf("testers %+v", all)
	}
	_, err = m.Testers(ctx, "nobody")
	refused(t, err, rbm.CodeNotFound)
	if err := m.DeleteTester(ctx, s.Agent(), s.Number()); err != nil {
		t.Error(err)
	}
	refused(t, m.DeleteTester(ctx, s.Agent(), s.Number()), rbm.CodeNotFound)
	_, err = m.Tester(ctx, s.Agent(), s.Number())
	refused(t, err, rbm.CodeNotFound)
}

func TestManagePartner(t *testing.T) {
	s, m := partner(t)
	ctx := s.Context()
	p := must(m.Partner(ctx, "partners/-"))(t)
	must(m.UpdatePartner(ctx, p.Name, &bc.Partner{Company: "Ours"}, "company"))(t)
	if p = must(m.Partner(ctx, p.Name))(t); p.Company != "Ours" {
		t.Errorf("partner %+v", p)
	}
	_, err := m.UpdatePartner(ctx, p.Name, p, "size")
	refused(t, err, rbm.CodeInvalidArgument)
	_, err = m.Partner(ctx, "partners/others")
	refused(t, err, rbm.CodeNotFound)
	if all := must(m.AgentPerformances(ctx))(t); len(all) != 0 {
		t.Errorf("performances %+v", all)
	}
}

// An agent's own key manages that agent, and decides nothing.
func TestManageAsAnAgent(t *testing.T) {
	s := servertest.New(t)
	ctx := s.Context()
	m := must(client.NewManagement(client.ManagementOptions{KeyFile: s.Ready.Agents[0].KeyFile}))(t)
	if all := must(m.Agents(ctx, "brands/-", client.AgentFilter{}))(t); len(all) != 1 {
		t.Errorf("agents %+v", all)
	}
	_, err := m.CreateBrand(ctx, "Mine")
	refused(t, err, rbm.CodePermissionDenied)
	_, err = m.Partner(ctx, "partners/-")
	refused(t, err, rbm.CodePermissionDenied)
}

func TestManageWithADeletedKey(t *testing.T) {
	s, m := partner(t)
	if err := s.Admin.DeletePartnerKey(s.Context(), must(s.Admin.PartnerKeys(s.Context()))(t)[0].KeyID); err != nil {
		t.Fatal(err)
	}
	_, err := m.Regions(s.Context())
	if refusal, ok := errors.AsType[*client.TokenError](err); !ok || refusal.Code != "invalid_grant" {
		t.Errorf("error %v", err)
	}
}
