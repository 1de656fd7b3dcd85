package registry

import (
	"context"
	"maps"
	"slices"
	"time"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// Launch is where an agent is launched.
type Launch struct {
	Questionnaire *bc.Questionnaire       `json:"questionnaire,omitzero"` // as the management API spells it
	Regions       map[string]RegionLaunch `json:"regions,omitempty"`      // by the id of the region
}

// RegionLaunch is the launch in one region.
type RegionLaunch struct {
	State      bc.LaunchState `json:"state"`
	Comment    string         `json:"comment,omitzero"`
	Hidden     bool           `json:"hidden,omitzero"`
	Party      string         `json:"party,omitzero"` // agentLaunchPartyDesignation
	UpdateTime time.Time      `json:"updateTime"`
}

// Party is who takes a step in a launch.
type Party string

// The parties (facts/rbm-api.md §3.8).
const (
	PartyPartner Party = "PARTNER"
	PartyCarrier Party = "CARRIER"
)

type step struct{ from, to bc.LaunchState }

// steps are the changes of a launch that are allowed, and who decides them
// (facts/rbm-api.md §3.8). To stay in a state is always allowed.
var steps = map[step]Party{
	{"", bc.LaunchPending}:                          PartyPartner,
	{bc.LaunchUnlaunched, bc.LaunchPending}:         PartyPartner,
	{bc.LaunchRejected, bc.LaunchPending}:           PartyPartner,
	{bc.LaunchPending, bc.LaunchLaunched}:           PartyCarrier,
	{bc.LaunchPending, bc.LaunchRejected}:           PartyCarrier,
	{bc.LaunchLaunched, bc.LaunchSuspended}:         PartyCarrier,
	{bc.LaunchSuspended, bc.LaunchLaunched}:         PartyCarrier,
	{bc.LaunchSuspended, bc.LaunchUnlaunched}:       PartyCarrier,
	{bc.LaunchPendingUnlaunch, bc.LaunchUnlaunched}: PartyCarrier, // deprecated states are left only
}

// LaunchChange is what is asked for. Regions holds what each of them is to
// become; a State of "" leaves it in the state that it has.
type LaunchChange struct {
	Questionnaire func(*bc.Questionnaire) *bc.Questionnaire // nil: it stays
	Regions       map[string]RegionLaunch
	ActingParty   string // as the caller names it; "": as the step says
	PartnerOnly   bool   // the caller may not decide for a carrier
}

// Launches is the launch of a in every region where it was asked for.
func (r *Registry) Launches(a *Agent) map[string]RegionLaunch {
	all := maps.Clone(a.Launch.Regions)
	if all == nil {
		all = make(map[string]RegionLaunch)
	}
	for _, g := range r.geography.Regions {
		if _, known := all[g.ID]; a.Launched && !known {
			all[g.ID] = RegionLaunch{State: bc.LaunchLaunched, UpdateTime: a.CreateTime}
		}
	}
	return all
}

// ChangeLaunch takes the steps of a launch in all regions or in none, and tells
// the agent's webhook of each. It fails with INVALID_ARGUMENT for regions that do
// not exist, FAILED_PRECONDITION for steps that are not allowed, and
// PERMISSION_DENIED for those that are a carrier's.
func (r *Registry) ChangeLaunch(ctx context.Context, id string, c LaunchChange) (*Agent, error) {
	return r.changeAgent(ctx, id, func(a *Agent) ([]*ledger.Notice, error) {
		if c.Questionnaire != nil {
			a.Launch.Questionnaire = c.Questionnaire(a.Launch.Questionnaire)
		}
		if err := r.mayChange(a, &c); err != nil {
			return nil, err
		}
		return r.takeSteps(a, c.Regions, c.ActingParty)
	})
}

// mayChange says what is wrong with c.
func (r *Registry) mayChange(a *Agent, c *LaunchChange) error {
	before := r.Launches(a)
	var unknown, refused []rbm.Violation
	for _, id := range slices.Sorted(maps.Keys(c.Regions)) {
		at := "agent_launch.rcs_business_messaging.launch_details[" + regionName(id) + "]"
		if _, ok := r.Region(id); !ok {
			unknown = append(unknown, rbm.Violation{Field: at, Description: "The region \"" + id + "\" does not exist: regions.list has those that do."})
			continue
		}
		from, to := before[id].State, c.Regions[id].State
		party, allowed := steps[step{from, to}]
		switch {
		case to == "" || from == to:
		case !allowed:
			refused = append(refused, rbm.Violation{Field: at, Description: "In the region \"" + id + "\" a launch cannot change from " + from.Short() + " to " + to.Short() + "."})
		case party == PartyCarrier && c.PartnerOnly:
			return rbm.Errorf(rbm.CodePermissionDenied, "Only a carrier can change a launch from %s to %s.", from.Short(), to.Short())
		}
	}
	if len(unknown) > 0 {
		return rbm.InvalidArgument(unknown...)
	}
	if len(refused) > 0 {
		err := rbm.InvalidArgument(refused...)
		err.Code = rbm.CodeFailedPrecondition
		return err
	}
	return nil
}

// takeSteps changes a and makes the notices of it.
func (r *Registry) takeSteps(a *Agent, regions map[string]RegionLaunch, acting string) ([]*ledger.Notice, error) {
	all := r.Launches(a)
	var notices []*ledger.Notice
	for _, id := range slices.Sorted(maps.Keys(regions)) {
		old, next := all[id], regions[id]
		if next.State == "" {
			next.State = old.State
		}
		next.UpdateTime = r.clock.Now().Truncate(time.Microsecond)
		if all[id] = next; next.State == old.State {
			continue
		}
		n, err := r.launchNotice(a, id, old.State, next, acting)
		if err != nil {
			return nil, err
		}
		notices = append(notices, n)
	}
	a.Launch.Regions = all
	a.Launched = len(r.geography.Regions) > 0
	for _, g := range r.geography.Regions {
		a.Launched = a.Launched && all[g.ID].State == bc.LaunchLaunched
	}
	return notices, nil
}

// SetLaunched launches an agent in every region, or in none: the administrator
// decides at once what else takes steps.
func (r *Registry) SetLaunched(ctx context.Context, id string, launched bool) (*Agent, error) {
	return r.changeAgent(ctx, id, func(a *Agent) ([]*ledger.Notice, error) { return r.setLaunched(a, launched) })
}

// setLaunched makes every region follow launched.
func (r *Registry) setLaunched(a *Agent, launched bool) ([]*ledger.Notice, error) {
	regions, to := r.Launches(a), bc.LaunchUnlaunched
	if launched {
		to = bc.LaunchLaunched
		for _, g := range r.geography.Regions {
			if _, asked := regions[g.ID]; !asked {
				regions[g.ID] = RegionLaunch{}
			}
		}
	}
	for id, l := range regions {
		l.State, l.Comment = to, ""
		regions[id] = l
	}
	notices, err := r.takeSteps(a, regions, "ADMINISTRATOR")
	a.Launched = launched
	return notices, err
}

// launchNotice tells the webhook of a step (facts/rbm-api.md §3.8).
func (r *Registry) launchNotice(a *Agent, region string, from bc.LaunchState, l RegionLaunch, acting string) (*ledger.Notice, error) {
	if acting == "" {
		acting = string(steps[step{from, l.State}])
	}
	id := ledger.EventID("launch", a.ID, region, l.State.Short(), l.UpdateTime.Format(time.RFC3339Nano))
	data, err := rbm.MarshalPretty(&bc.AgentLaunchEvent{
		EventID: "agent/" + id, AgentID: ledger.FullAgentID(a.ID), BotDisplayName: a.DisplayName,
		BrandID: a.Brand(), BrandDisplayName: a.BrandDisplayName, RegionID: regionName(region),
		OldLaunchState: from.Short(), NewLaunchState: l.State.Short(), ActingParty: acting, Comment: l.Comment,
		SendTime: rbm.Timestamp(l.UpdateTime),
	})
	if err != nil {
		return nil, err
	}
	return &ledger.Notice{Agent: a.ID, EventID: id, Type: ledger.LaunchEvent + l.State.Short(), Data: data, Created: l.UpdateTime, Due: l.UpdateTime}, nil
}

// regionName is the name of a region in the API (facts/rbm-api.md §8.2).
func regionName(id string) string { return "/v1/regions/" + id }
