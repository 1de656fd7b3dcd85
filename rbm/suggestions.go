package rbm

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Suggestion is exactly one of a reply and an action (facts/rbm-api.md §2.7).
type Suggestion struct {
	Reply  *SuggestedReply  `json:"reply,omitzero" rbm:"oneof=option"`
	Action *SuggestedAction `json:"action,omitzero" rbm:"oneof=option"`
}

// SuggestedReply sends its text back to the agent when tapped. PostbackData is
// opaque and returned byte for byte (facts/rbm-api.md §2.7).
type SuggestedReply struct {
	Text         string `json:"text,omitzero"`         // at most MaxSuggestionTextChars characters
	PostbackData string `json:"postbackData,omitzero"` // at most MaxPostbackChars characters
}

// SuggestedAction starts exactly one native action when tapped. A device that
// lacks the action opens FallbackURL in a browser instead (facts/rbm-api.md §2.7).
type SuggestedAction struct {
	Text                      string                     `json:"text,omitzero"`         // at most MaxSuggestionTextChars characters
	PostbackData              string                     `json:"postbackData,omitzero"` // at most MaxPostbackChars characters
	DialAction                *DialAction                `json:"dialAction,omitzero" rbm:"oneof=action"`
	ViewLocationAction        *ViewLocationAction        `json:"viewLocationAction,omitzero" rbm:"oneof=action"`
	CreateCalendarEventAction *CreateCalendarEventAction `json:"createCalendarEventAction,omitzero" rbm:"oneof=action"`
	OpenURLAction             *OpenURLAction             `json:"openUrlAction,omitzero" rbm:"oneof=action"`
	ShareLocationAction       *ShareLocationAction       `json:"shareLocationAction,omitzero" rbm:"oneof=action"`
	FallbackURL               string                     `json:"fallbackUrl,omitzero"` // at most MaxURLChars characters
}

// DialAction opens the dialler with a number filled in (facts/rbm-api.md §2.8).
type DialAction struct {
	PhoneNumber string `json:"phoneNumber,omitzero"`
}

// ViewLocationAction opens a map at LatLong, or searches for Query (facts/rbm-api.md §2.8).
type ViewLocationAction struct {
	LatLong *LatLng `json:"latLong,omitzero"`
	Label   string  `json:"label,omitzero"`
	Query   string  `json:"query,omitzero"`
}

// LatLng is a place in degrees, WGS84: latitude −90 to 90, longitude −180 to 180.
type LatLng struct {
	Latitude  float64 `json:"latitude,omitzero"`
	Longitude float64 `json:"longitude,omitzero"`
}

// CreateCalendarEventAction opens the calendar with an event filled in. Both
// times are required, and the end is after the start (facts/rbm-api.md §2.8).
type CreateCalendarEventAction struct {
	StartTime   Timestamp `json:"startTime,omitzero"`
	EndTime     Timestamp `json:"endTime,omitzero"`
	Title       string    `json:"title,omitzero"`       // at most MaxEventTitleChars characters
	Description string    `json:"description,omitzero"` // at most MaxEventDescriptionChars characters
}

// OpenURLAction opens an http or https address in a browser, or with
// OpenURLApplicationWebview in a web view of the given mode (facts/rbm-api.md §2.8).
type OpenURLAction struct {
	URL             string             `json:"url,omitzero"` // at most MaxURLChars characters
	Application     OpenURLApplication `json:"application,omitzero"`
	WebviewViewMode WebviewViewMode    `json:"webviewViewMode,omitzero"`
	Description     string             `json:"description,omitzero"` // for screen readers, with a web view
}

// ShareLocationAction opens the location picker.
type ShareLocationAction struct{}

// OpenURLApplication is where an address opens; "" is unspecified, a browser.
type OpenURLApplication string

// The applications (facts/rbm-api.md §2.8).
const (
	OpenURLApplicationBrowser OpenURLApplication = "BROWSER"
	OpenURLApplicationWebview OpenURLApplication = "WEBVIEW"
)

// WebviewViewMode is the part of the screen that a web view covers: all, a
// half, or three quarters; "" is unspecified.
type WebviewViewMode string

// The view modes (facts/rbm-api.md §2.8).
const (
	WebviewViewModeFull WebviewViewMode = "FULL"
	WebviewViewModeHalf WebviewViewMode = "HALF"
	WebviewViewModeTall WebviewViewMode = "TALL"
)

// Text is the label of the suggestion.
func (s *Suggestion) Text() string {
	switch {
	case s.Reply != nil:
		return s.Reply.Text
	case s.Action != nil:
		return s.Action.Text
	}
	return ""
}

// PostbackData is what the agent gets when the suggestion is tapped.
func (s *Suggestion) PostbackData() string {
	switch {
	case s.Reply != nil:
		return s.Reply.PostbackData
	case s.Action != nil:
		return s.Action.PostbackData
	}
	return ""
}

func (s *Suggestion) option() [2]member {
	return [...]member{{"reply", s.Reply != nil}, {"action", s.Action != nil}}
}

func (a *SuggestedAction) action() [5]member {
	return [...]member{
		{"dialAction", a.DialAction != nil},
		{"viewLocationAction", a.ViewLocationAction != nil},
		{"createCalendarEventAction", a.CreateCalendarEventAction != nil},
		{"openUrlAction", a.OpenURLAction != nil},
		{"shareLocationAction", a.ShareLocationAction != nil},
	}
}

func (s *Suggestion) canonical() bool {
	x := s.option()
	if s.Action == nil {
		return atMostOne(x[:])
	}
	y, o := s.Action.action(), s.Action.OpenURLAction
	return atMostOne(x[:]) && atMostOne(y[:]) &&
		(o == nil || openURLApplications.has(o.Application) && webviewViewModes.has(o.WebviewViewMode))
}

// place is where a list of suggestions is: a card of the message, or the chips.
type place int

const (
	chips      place = -2
	standalone place = -1
	// 0 and up: that card of the carousel
)

// path is the JSON path of suggestion i of the list, relative to contentMessage.
func (p place) path(i int) string {
	prefix := ""
	switch {
	case p == standalone:
		prefix = standalonePrefix
	case p >= 0:
		prefix = carouselPrefix + strconv.Itoa(int(p)) + "]."
	}
	return prefix + "suggestions[" + strconv.Itoa(i) + "]"
}

const (
	standalonePrefix = "richCard.standaloneCard.cardContent."
	carouselPrefix   = "richCard.carouselCard.cardContents["
)

// suggestionLists yields every list of suggestions in display order: those of
// the cards, then the chips below the message.
func (m *AgentMessage) suggestionLists() iter.Seq2[place, []Suggestion] {
	return func(yield func(place, []Suggestion) bool) {
		for place, card := range m.cards() {
			if !yield(place, card.Suggestions) {
				return
			}
		}
		if m.ContentMessage != nil {
			yield(chips, m.ContentMessage.Suggestions)
		}
	}
}

// AllSuggestions yields every suggestion of the message in display order, with
// its JSON path relative to contentMessage, which [AgentMessage.Suggestion] takes.
func (m *AgentMessage) AllSuggestions() iter.Seq2[string, *Suggestion] {
	return func(yield func(string, *Suggestion) bool) {
		for place, list := range m.suggestionLists() {
			for i := range list {
				if !yield(place.path(i), &list[i]) {
					return
				}
			}
		}
	}
}

// Suggestion finds a suggestion by its JSON path relative to contentMessage,
// such as "suggestions[0]", "richCard.standaloneCard.cardContent.suggestions[1]"
// or "richCard.carouselCard.cardContents[2].suggestions[0]"; a leading
// "contentMessage." is accepted. It fails with NOT_FOUND.
func (m *AgentMessage) Suggestion(path string) (*Suggestion, error) {
	want, index, ok := parseSuggestionPath(strings.TrimPrefix(path, "contentMessage."))
	if ok {
		for place, list := range m.suggestionLists() {
			if place == want && index < len(list) {
				return &list[index], nil
			}
		}
	}
	return nil, &Error{Code: CodeNotFound, Message: fmt.Sprintf("The message has no suggestion at %q.", path)}
}

func parseSuggestionPath(path string) (p place, index int, ok bool) {
	p = chips
	if rest, found := strings.CutPrefix(path, standalonePrefix); found {
		p, path = standalone, rest
	} else if rest, found := strings.CutPrefix(path, carouselPrefix); found {
		number, tail, _ := strings.Cut(rest, "].")
		card, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return 0, 0, false
		}
		p, path = place(card), tail
	}
	number, found := strings.CutPrefix(path, "suggestions[")
	number, closed := strings.CutSuffix(number, "]")
	i, err := strconv.ParseUint(number, 10, 16)
	return p, int(i), found && closed && err == nil
}
