package registry

import (
	"testing"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// Agents that were stored before the management API are read as they were.
func TestAgentsOfBeforeTheManagementAPI(t *testing.T) {
	w := newWorld(t)
	l, err := ledger.Open(t.Context(), w.db, w.clock)
	w.ok(err)
	old := map[string]any{"id": "old", "displayName": "Old", "useCase": "OTP", "launched": true, "createTime": "2026-01-01T00:00:00Z"}
	w.ok(ledger.Agents[map[string]any](l).Create(t.Context(), "old", &old))
	w.reopen()
	a, err := w.Agent("old")
	w.ok(err)
	if a.DisplayName != "Old" || !a.Launched || a.Brand() != "default" || a.Verification.Verified() || w.HasDialogflow("old") {
		t.Errorf("%+v", a)
	}
	for region, r := range w.Launches(a) {
		if r.State != bc.LaunchLaunched {
			t.Errorf("%s: %s", region, r.State)
		}
	}
	b, err := w.Registry.Brand(t.Context(), "default")
	if err != nil || b.DisplayName != "default" {
		t.Errorf("its brand %+v, %v", b, err)
	}
	a, err = w.ChangeLaunch(t.Context(), "old", LaunchChange{Regions: map[string]RegionLaunch{"demo-carrier": {State: bc.LaunchSuspended}}})
	if err != nil || a.Launched || w.Launches(a)["demo-carrier-europe"].State != bc.LaunchLaunched {
		t.Errorf("suspended in one region: %+v, %v", a, err)
	}
}

// The longest prefix names the carrier; what the phone announces goes first.
func TestRegionOfPhone(t *testing.T) {
	w := newWorld(t)
	w.geography = Geography{
		Regions:  []Region{{ID: "a", Carriers: []string{"A"}}, {ID: "rest"}, {ID: "b", Carriers: []string{"B", "C"}}},
		Carriers: []Carrier{{Name: "A", Prefixes: []string{"+1", "+122"}}, {Name: "B", Prefixes: []string{"+12"}}},
	}
	for p, want := range map[[2]string]string{
		{"+12223334444", ""}: "a", {"+12323334444", ""}: "b", {"+13323334444", ""}: "a", {"+4915550000000", ""}: "rest",
		{"+12223334444", "C"}: "b", {"+12223334444", "Unknown"}: "rest",
	} {
		if got := w.RegionOfPhone(&Phone{Number: p[0], Carrier: p[1]}); got != want {
			t.Errorf("%v is in %q, want %q", p, got, want)
		}
	}
	w.geography.Regions = w.geography.Regions[:1]
	if got := w.RegionOfPhone(&Phone{Number: "+4915550000000"}); got != "" {
		t.Errorf("without a region for the rest: %q", got)
	}
}

// The administrator's change of launched is every region's.
func TestSetLaunched(t *testing.T) {
	w := newWorld(t)
	w.agent("a")
	a, err := w.UpdateAgent(t.Context(), "a", func(a *Agent) { a.Launched = true })
	if err != nil || !a.Launched || len(w.Launches(a)) != 2 {
		t.Fatalf("%+v, %v", a, err)
	}
	if a, err = w.SetLaunched(t.Context(), "a", false); err != nil || a.Launched {
		t.Fatalf("%+v, %v", a, err)
	}
	for region, r := range w.Launches(a) {
		if r.State != bc.LaunchUnlaunched {
			t.Errorf("%s: %s", region, r.State)
		}
	}
	_, err = w.ChangeLaunch(t.Context(), "a", LaunchChange{PartnerOnly: true, Regions: map[string]RegionLaunch{"demo-carrier": {State: bc.LaunchPending}}})
	w.ok(err)
	_, err = w.ChangeLaunch(t.Context(), "a", LaunchChange{PartnerOnly: true, Regions: map[string]RegionLaunch{"demo-carrier": {State: bc.LaunchLaunched}}})
	code(t, "a carrier's step", err, rbm.CodePermissionDenied)
}
