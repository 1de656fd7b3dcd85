package businesscommunications

import (
	"strings"

	"github.com/openrbm/openrbm/rbm"
)

// AgentLaunch is where an agent is launched.
type AgentLaunch struct {
	Name                 string                      `json:"name,omitzero" rbm:"out"` // brands/{brand}/agents/{agent}@rbm.goog/launch
	RcsBusinessMessaging *RcsBusinessMessagingLaunch `json:"rcsBusinessMessaging,omitzero"`
}

// RcsBusinessMessagingLaunch holds the launch in each region, by the region's
// name (/v1/regions/{region}). A carrier names its own region by "".
type RcsBusinessMessagingLaunch struct {
	Questionnaire *Questionnaire          `json:"questionnaire,omitzero"`
	LaunchDetails map[string]RegionLaunch `json:"launchDetails,omitempty"`
	LaunchRegion  string                  `json:"launchRegion,omitzero"` // deprecated: one region to launch in
}

// RegionLaunch is the launch of an agent in one region.
type RegionLaunch struct {
	LaunchState                 LaunchState    `json:"launchState,omitzero"`
	Comment                     string         `json:"comment,omitzero"`
	UpdateTime                  *rbm.Timestamp `json:"updateTime,omitzero" rbm:"out"`
	IsHidden                    bool           `json:"isHidden,omitzero"`
	AgentLaunchPartyDesignation string         `json:"agentLaunchPartyDesignation,omitzero"`
}

// LaunchState is how far a launch is; "" is unspecified: never asked for.
type LaunchState string

// The launch states; the last two are deprecated.
const (
	LaunchUnlaunched      LaunchState = "LAUNCH_STATE_UNLAUNCHED"
	LaunchPending         LaunchState = "LAUNCH_STATE_PENDING"
	LaunchLaunched        LaunchState = "LAUNCH_STATE_LAUNCHED"
	LaunchRejected        LaunchState = "LAUNCH_STATE_REJECTED"
	LaunchSuspended       LaunchState = "LAUNCH_STATE_SUSPENDED"
	LaunchPendingUnlaunch LaunchState = "LAUNCH_STATE_PENDING_UNLAUNCH"
	LaunchInvalidInGmb    LaunchState = "LAUNCH_STATE_INVALID_IN_GMB"
)

// Short is the state as launch events write it, such as PENDING
// (facts/rbm-api.md §3.8).
func (s LaunchState) Short() string {
	if s == "" {
		return "UNSPECIFIED"
	}
	return strings.TrimPrefix(string(s), "LAUNCH_STATE_")
}

// Questionnaire is what a carrier asks before a launch.
type Questionnaire struct {
	Contacts                []Contact `json:"contacts,omitempty"`
	OptinDescription        string    `json:"optinDescription,omitzero"`
	TriggerDescription      string    `json:"triggerDescription,omitzero"`
	InteractionsDescription string    `json:"interactionsDescription,omitzero"`
	OptoutDescription       string    `json:"optoutDescription,omitzero"`
	AgentAccessInstructions string    `json:"agentAccessInstructions,omitzero"`
	VideoURIs               []string  `json:"videoUris,omitempty"`
	ScreenshotURIs          []string  `json:"screenshotUris,omitempty"`
}

// Contact is a person to ask about an agent.
type Contact struct {
	Name  string `json:"name,omitzero"`
	Title string `json:"title,omitzero"`
	Email string `json:"email,omitzero"`
}

// RequestAgentLaunchRequest asks for the launch in regions.
type RequestAgentLaunchRequest struct {
	AgentLaunch *AgentLaunch `json:"agentLaunch,omitzero"`
}

// AgentLaunchEvent tells a webhook that a launch state changed; states are
// written short (facts/rbm-api.md §3.8).
type AgentLaunchEvent struct {
	EventID          string        `json:"eventId"` // agent/{uuid}
	AgentID          string        `json:"agentId"` // with @rbm.goog
	BotDisplayName   string        `json:"botDisplayName,omitzero"`
	BrandID          string        `json:"brandId,omitzero"`
	BrandDisplayName string        `json:"brandDisplayName,omitzero"`
	RegionID         string        `json:"regionId"` // /v1/regions/{region}
	OldLaunchState   string        `json:"oldLaunchState"`
	NewLaunchState   string        `json:"newLaunchState"`
	ActingParty      string        `json:"actingParty,omitzero"`
	Comment          string        `json:"comment,omitzero"`
	SendTime         rbm.Timestamp `json:"sendTime"`
}
