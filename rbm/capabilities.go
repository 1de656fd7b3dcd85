package rbm

import (
	"fmt"
	"iter"
	"slices"
)

// Capabilities is what a user's device can show; Carrier is output for US
// numbers only (facts/rbm-api.md §1.4).
type Capabilities struct {
	Features []Feature `json:"features,omitempty"`
	Carrier  string    `json:"carrier,omitzero"`
}

// Feature is something that a device can or cannot show.
type Feature string

// The features (facts/rbm-api.md §1.4). REVOCATION is no longer listed and ACTION_COMPOSE
// is withdrawn; devices may still announce them.
const (
	FeatureRevocation                Feature = "REVOCATION"
	FeatureRichCardStandalone        Feature = "RICHCARD_STANDALONE"
	FeatureRichCardCarousel          Feature = "RICHCARD_CAROUSEL"
	FeatureActionCreateCalendarEvent Feature = "ACTION_CREATE_CALENDAR_EVENT"
	FeatureActionDial                Feature = "ACTION_DIAL"
	FeatureActionOpenURL             Feature = "ACTION_OPEN_URL"
	FeatureActionShareLocation       Feature = "ACTION_SHARE_LOCATION"
	FeatureActionViewLocation        Feature = "ACTION_VIEW_LOCATION"
	FeatureActionOpenURLInWebview    Feature = "ACTION_OPEN_URL_IN_WEBVIEW"
	FeaturePDFInRichCards            Feature = "PDF_IN_RICH_CARDS"
	FeatureActionCompose             Feature = "ACTION_COMPOSE"
)

// Features are all features that OpenRBM knows how to use, in the order of
// their proto numbers.
var Features = []Feature{
	FeatureRichCardStandalone, FeatureRichCardCarousel, FeatureActionCreateCalendarEvent, FeatureActionDial,
	FeatureActionOpenURL, FeatureActionShareLocation, FeatureActionViewLocation, FeatureActionOpenURLInWebview,
	FeaturePDFInRichCards,
}

// FeatureNeed is a feature that a message needs and the first field, as a path
// from agent_message in snake_case, that needs it.
type FeatureNeed struct {
	Feature Feature
	Field   string
}

// RequiredFeatures lists every feature that the device must have to show the
// message, each once. Chips and replies need none, and neither does an action
// that has a fallback URL.
func RequiredFeatures(m *AgentMessage) []FeatureNeed {
	var needs []FeatureNeed
	for f, field := range m.featureNeeds() {
		if !slices.ContainsFunc(needs, func(n FeatureNeed) bool { return n.Feature == f }) {
			needs = append(needs, FeatureNeed{f, field()})
		}
	}
	return needs
}

// CheckFeatures fails with INVALID_ARGUMENT when the message needs a feature
// that have lacks, with one violation for each field that needs it (facts/rbm-api.md §1.1).
func CheckFeatures(m *AgentMessage, have []Feature) error {
	var v validator
	for f, field := range m.featureNeeds() {
		if !slices.Contains(have, f) {
			at := field()
			v.violations = append(v.violations, Violation{at, fmt.Sprintf(
				"Invalid value at '%s': the user's device does not support the feature %s.", at, f)})
		}
	}
	return v.err()
}

// featureNeeds yields each need with a function that names its field, as the
// name is seldom wanted.
func (m *AgentMessage) featureNeeds() iter.Seq2[Feature, func() string] {
	return func(yield func(Feature, func() string) bool) {
		if m.ContentMessage == nil {
			return
		}
		if r := m.ContentMessage.RichCard; r != nil {
			if r.StandaloneCard != nil && !yield(FeatureRichCardStandalone, snakePath("richCard.standaloneCard")) ||
				r.CarouselCard != nil && !yield(FeatureRichCardCarousel, snakePath("richCard.carouselCard")) {
				return
			}
		}
		for place, list := range m.suggestionLists() {
			for i := range list {
				f, member := list[i].need()
				field := func() string { return snakePath(place.path(i) + ".action." + member)() }
				if f != "" && !yield(f, field) {
					return
				}
			}
		}
	}
}

func snakePath(path string) func() string {
	return func() string { return "agent_message.content_message." + snake(path) }
}

// need is the feature of the suggestion's action, and the action's JSON name.
func (s *Suggestion) need() (f Feature, member string) {
	a := s.Action
	switch {
	case a == nil || a.FallbackURL != "":
		return "", ""
	case a.DialAction != nil:
		return FeatureActionDial, "dialAction"
	case a.ViewLocationAction != nil:
		return FeatureActionViewLocation, "viewLocationAction"
	case a.CreateCalendarEventAction != nil:
		return FeatureActionCreateCalendarEvent, "createCalendarEventAction"
	case a.ShareLocationAction != nil:
		return FeatureActionShareLocation, "shareLocationAction"
	case a.OpenURLAction == nil:
		return "", ""
	case a.OpenURLAction.Application == OpenURLApplicationWebview:
		return FeatureActionOpenURLInWebview, "openUrlAction"
	}
	return FeatureActionOpenURL, "openUrlAction"
}
