package registry

import (
	"context"
	"slices"
	"strings"

	bc "github.com/openrbm/openrbm/businesscommunications"

	"github.com/openrbm/openrbm/rbm"
)

// Region is where agents are launched: one carrier or several.
type Region struct {
	ID             string // demo-carrier
	DisplayName    string
	ManagementType string
	// Carriers are the names of the carriers whose phones are in the region; a
	// region without any takes the phones that are in no other.
	Carriers []string
}

// Carrier is a carrier with the beginnings of its numbers, for phones that do
// not say who their carrier is. The longest beginning counts.
type Carrier struct {
	Name     string
	Prefixes []string // +4915
}

// Geography says which region a phone is in.
type Geography struct {
	Regions  []Region
	Carriers []Carrier
}

// DefaultGeography has two regions for tests: every phone is in demo-carrier,
// unless its carrier is named "Demo Mobile Europe".
func DefaultGeography() Geography {
	return Geography{Regions: []Region{
		{ID: "demo-carrier", DisplayName: "Demo Carrier", ManagementType: "CARRIER_MANAGED"},
		{ID: "demo-carrier-europe", DisplayName: "Demo Carrier Europe", ManagementType: "CARRIER_MANAGED", Carriers: []string{"Demo Mobile Europe"}},
	}}
}

// Regions are the regions where agents can be launched.
func (r *Registry) Regions() []Region { return r.geography.Regions }

// Region is the region of that id, if there is one.
func (r *Registry) Region(id string) (Region, bool) {
	i := slices.IndexFunc(r.geography.Regions, func(g Region) bool { return g.ID == id })
	if i < 0 {
		return Region{}, false
	}
	return r.geography.Regions[i], true
}

// Carrier is the carrier of the phone of number; "" for a number that is no
// phone, or whose carrier is not known.
func (r *Registry) Carrier(ctx context.Context, number string) (string, error) {
	p, err := r.Phone(ctx, number)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return r.CarrierOf(p), nil
}

// CarrierOf is the carrier of a phone: the one that it announced, else the one
// that its number begins like, else "".
func (r *Registry) CarrierOf(p *Phone) string {
	if p.Carrier != "" {
		return p.Carrier
	}
	name, length := "", 0
	for _, c := range r.geography.Carriers {
		for _, prefix := range c.Prefixes {
			if len(prefix) > length && strings.HasPrefix(p.Number, prefix) {
				name, length = c.Name, len(prefix)
			}
		}
	}
	return name
}

// RegionOfPhone is the id of the region that a phone is in, or "".
func (r *Registry) RegionOfPhone(p *Phone) string {
	carrier, rest := r.CarrierOf(p), ""
	for _, g := range r.geography.Regions {
		switch {
		case slices.Contains(g.Carriers, carrier):
			return g.ID
		case len(g.Carriers) == 0 && rest == "":
			rest = g.ID
		}
	}
	return rest
}

// launchedFor says that agent reaches p without p being its tester.
func (r *Registry) launchedFor(agent *Agent, p *Phone) bool {
	return agent.Launched || agent.Launch.Regions[r.RegionOfPhone(p)].State == bc.LaunchLaunched
}
