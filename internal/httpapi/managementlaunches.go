package httpapi

import (
	"fmt"
	"slices"
	"strings"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

func regionName(id string) string { return "/v1/regions/" + id }

// regionID is the id in a region's name, in each of its spellings.
func regionID(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(name, "/"), "v1/"), "regions/")
}

func (a *API) launchDetails(agent *registry.Agent) map[string]bc.RegionLaunch {
	out := make(map[string]bc.RegionLaunch)
	for id, l := range a.Registry.Launches(agent) {
		out[regionName(id)] = bc.RegionLaunch{
			LaunchState: l.State, Comment: l.Comment, UpdateTime: rbm.NewTimestamp(l.UpdateTime), IsHidden: l.Hidden,
			AgentLaunchPartyDesignation: l.Party,
		}
	}
	return out
}

func (a *API) showLaunch(agent *registry.Agent, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return &bc.AgentLaunch{Name: agentName(agent) + "/launch", RcsBusinessMessaging: &bc.RcsBusinessMessagingLaunch{
		Questionnaire: agent.Launch.Questionnaire, LaunchDetails: a.launchDetails(agent),
	}}, nil
}

func (a *API) getLaunch(c *call) (any, error) {
	return a.showLaunch(a.managedAgent(c))
}

// requestLaunch asks for the launch in the regions that are named: they become
// PENDING (facts/rbm-api.md §8.1).
func (a *API) requestLaunch(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	in, err := input[bc.RequestAgentLaunchRequest](c, "")
	if err != nil {
		return nil, err
	}
	if in.AgentLaunch == nil || in.AgentLaunch.RcsBusinessMessaging == nil {
		return nil, required("agent_launch.rcs_business_messaging")
	}
	l := in.AgentLaunch.RcsBusinessMessaging
	regions, err := a.askedRegions(agent, l)
	if err != nil {
		return nil, err
	}
	if len(regions) == 0 { // facts/rbm-api.md §4.2
		return nil, rbm.Errorf(rbm.CodeInvalidArgument, "RCS Business Messaging launch requires at least one region.")
	}
	for id, r := range regions {
		if r.State != "" && r.State != bc.LaunchPending {
			return nil, rbm.InvalidArgument(rbm.Violation{Field: "agent_launch.rcs_business_messaging.launch_details",
				Description: fmt.Sprintf("A launch is requested with the state LAUNCH_STATE_PENDING, not %s.", r.State)})
		}
		r.State = bc.LaunchPending
		regions[id] = r
	}
	change := registry.LaunchChange{Regions: regions, PartnerOnly: !c.caller.AllAgents}
	if l.Questionnaire != nil {
		change.Questionnaire = func(*bc.Questionnaire) *bc.Questionnaire { return l.Questionnaire }
	}
	return a.showLaunch(a.told(a.Registry.ChangeLaunch(c.r.Context(), agent.ID, change)))
}

// askedRegions are the regions that l names. "" is the caller's own region, as
// carriers write it (facts/rbm-api.md §8.2): for a partner, which speaks for every
// carrier, each region where the launch was asked for.
func (a *API) askedRegions(agent *registry.Agent, l *bc.RcsBusinessMessagingLaunch) (map[string]registry.RegionLaunch, error) {
	out := make(map[string]registry.RegionLaunch)
	set := func(id string, r bc.RegionLaunch) {
		out[id] = registry.RegionLaunch{State: r.LaunchState, Comment: r.Comment, Hidden: r.IsHidden, Party: r.AgentLaunchPartyDesignation}
	}
	if own, ok := l.LaunchDetails[""]; ok {
		all := a.Registry.Launches(agent)
		if len(all) == 0 {
			return nil, rbm.Errorf(rbm.CodeFailedPrecondition, "No launch of the agent was requested in any region.")
		}
		for id := range all {
			set(id, own)
		}
	}
	if l.LaunchRegion != "" {
		set(regionID(l.LaunchRegion), bc.RegionLaunch{LaunchState: bc.LaunchPending})
	}
	for name, r := range l.LaunchDetails {
		if name != "" {
			set(regionID(name), r)
		}
	}
	return out, nil
}

// updateLaunch changes the questionnaire and takes the steps of the launch in
// the regions that are named; regions that are not named stay.
func (a *API) updateLaunch(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	in, err := input[bc.AgentLaunch](c, "agent_launch")
	if err != nil {
		return nil, err
	}
	mask := c.query.Get("updateMask")
	var asked bc.AgentLaunch
	if err := bc.Merge(&asked, in, mask); err != nil {
		return nil, err
	}
	change := registry.LaunchChange{ActingParty: c.query.Get("actingParty"), PartnerOnly: !c.caller.AllAgents}
	if asked.RcsBusinessMessaging != nil {
		if change.Regions, err = a.askedRegions(agent, asked.RcsBusinessMessaging); err != nil {
			return nil, err
		}
	}
	change.Questionnaire = func(q *bc.Questionnaire) *bc.Questionnaire {
		now := bc.AgentLaunch{RcsBusinessMessaging: &bc.RcsBusinessMessagingLaunch{Questionnaire: q}}
		_ = bc.Merge(&now, in, mask) // the mask was good above
		if now.RcsBusinessMessaging == nil {
			return nil
		}
		return now.RcsBusinessMessaging.Questionnaire
	}
	return a.showLaunch(a.told(a.Registry.ChangeLaunch(c.r.Context(), agent.ID, change)))
}

// launchFilter is the launch state that launchStateFilter asks for, or "".
func (c *call) launchFilter() (bc.LaunchState, error) {
	v := c.query.Get("launchStateFilter")
	if v == "" || v == launchStates.Values[0] {
		return "", nil
	}
	if !slices.Contains(launchStates.Values, v) {
		return "", rbm.InvalidArgument(rbm.Violation{Field: "launch_state_filter",
			Description: fmt.Sprintf("Invalid value at 'launch_state_filter' (type.googleapis.com/%s), %q", launchStates.Name, v)})
	}
	return bc.LaunchState(v), nil
}

// launchStates describes the launch states.
var launchStates = rbm.Schema[bc.RegionLaunch]().Fields[0].Enum

// isIn says whether agent is in that state in some region; "": in any state.
func (a *API) isIn(agent *registry.Agent, state bc.LaunchState) bool {
	if state == "" {
		return true
	}
	for _, l := range a.Registry.Launches(agent) {
		if l.State == state {
			return true
		}
	}
	return false
}
