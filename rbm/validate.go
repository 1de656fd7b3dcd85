package rbm

import (
	"math"
	"strings"
	"time"
)

// Validate checks a message that an agent wants to send at the time now against
// every limit of facts/rbm-api.md §2. It fails with INVALID_ARGUMENT and all violations at
// once, each with the field's path from agent_message in snake_case.
func (m *AgentMessage) Validate(now time.Time) error {
	var v validator
	root := path{name: "agent_message", index: -1}
	v.expiration(m, &root, now)
	if m.ContentMessage == nil {
		v.missing(&root, "content_message")
	} else {
		p := root.field("content_message")
		v.content(m.ContentMessage, &p)
	}
	v.size(m)
	return v.err()
}

// size checks the message as JSON (facts/rbm-api.md §2.2). A string grows at most sixfold
// in JSON, and the rest of a message within the other limits is less than 64 kB.
func (v *validator) size(m *AgentMessage) {
	if 6*v.bytes+64<<10 <= MaxMessageBytes {
		return
	}
	if out, err := Marshal(m); err == nil && len(out) > MaxMessageBytes {
		v.violations = append(v.violations, tooBig("agent_message", len(out), MaxMessageBytes))
	}
}

func tooBig(field string, n, limit int) Violation {
	p := path{name: field, index: -1}
	var v validator
	v.fail(&p, "", "%d bytes, at most %d (%d KB) are allowed", n, limit, limit/1024)
	return v.violations[0]
}

// expiration: facts/rbm-api.md §2.10.
func (v *validator) expiration(m *AgentMessage, p *path, now time.Time) {
	if m.ExpireTime == nil && m.TTL == nil {
		return
	}
	x := m.expiration()
	v.union(p, "expiration", x[:])
	if m.TTL != nil {
		v.lifetime(p, "ttl", time.Duration(*m.TTL))
	}
	if m.ExpireTime != nil {
		v.lifetime(p, "expire_time", m.ExpireTime.Time().Sub(now))
	}
}

func (v *validator) lifetime(p *path, field string, d time.Duration) {
	switch {
	case d <= 0:
		v.fail(p, field, "must be in the future")
	case d > MaxExpiry:
		v.fail(p, field, "at most 15 days ahead are allowed")
	}
}

// content: facts/rbm-api.md §2.2.
func (v *validator) content(c *AgentContentMessage, p *path) {
	x := c.content()
	v.union(p, "content", x[:])
	v.chars(p, "text", c.Text, MaxTextChars)
	v.files(p, c.FileName, c.ContentInfo, c.UploadedRbmFile)
	if c.RichCard != nil {
		at := p.field("rich_card")
		v.richCard(c.RichCard, &at)
	}
	v.suggestions(c.Suggestions, p, MaxSuggestions)
}

// files: facts/rbm-api.md §2.3, §2.6.
func (v *validator) files(p *path, name string, info *ContentInfo, uploaded *UploadedRbmFile) {
	if name != "" {
		v.file(p, "file_name", name)
	}
	if info != nil {
		at := p.field("content_info")
		if info.FileURL == "" {
			v.missing(&at, "file_url")
		} else {
			v.uri(&at, "file_url", info.FileURL, true)
		}
		if info.ThumbnailURL != "" {
			v.uri(&at, "thumbnail_url", info.ThumbnailURL, true)
		}
	}
	if uploaded != nil {
		at := p.field("uploaded_rbm_file")
		v.file(&at, "file_name", uploaded.FileName)
		if uploaded.ThumbnailName != "" {
			v.file(&at, "thumbnail_name", uploaded.ThumbnailName)
		}
	}
}

// richCard: facts/rbm-api.md §2.4.
func (v *validator) richCard(r *RichCard, p *path) {
	x := r.card()
	v.union(p, "card", x[:])
	if r.StandaloneCard != nil {
		at := p.field("standalone_card")
		v.standaloneCard(r.StandaloneCard, &at)
	}
	if r.CarouselCard != nil {
		at := p.field("carousel_card")
		v.carouselCard(r.CarouselCard, &at)
	}
}

func (v *validator) standaloneCard(s *StandaloneCard, p *path) {
	c := s.CardContent
	if c == nil {
		v.missing(p, "card_content")
		return
	}
	at := p.field("card_content")
	v.card(c, &at)
	if s.CardOrientation == CardOrientationHorizontal && c.Media != nil &&
		c.Title == "" && c.Description == "" && len(c.Suggestions) == 0 {
		v.fail(&at, "", "a HORIZONTAL card with media needs a title, a description or suggestions")
	}
}

func (v *validator) carouselCard(c *CarouselCard, p *path) {
	v.count(p, "card_contents", len(c.CardContents), MinCarouselCards, MaxCarouselCards)
	for i := range c.CardContents {
		card := &c.CardContents[i]
		at := p.item("card_contents", i)
		v.card(card, &at)
		if c.CardWidth == CardWidthSmall && card.Media != nil && card.Media.Height == HeightTall {
			media := at.field("media")
			v.fail(&media, "height", "TALL media is not allowed in a carousel with SMALL cards")
		}
	}
}

// card: facts/rbm-api.md §2.5.
func (v *validator) card(c *CardContent, p *path) {
	if c.Title == "" && c.Description == "" && c.Media == nil {
		v.fail(p, "", "one of media, title, description is required")
	}
	v.chars(p, "title", c.Title, MaxTitleChars)
	v.chars(p, "description", c.Description, MaxDescriptionChars)
	if c.Media != nil {
		at := p.field("media")
		x := c.Media.content()
		v.union(&at, "content", x[:])
		v.files(&at, c.Media.FileName, c.Media.ContentInfo, c.Media.UploadedRbmFile)
		v.free(c.Media.ContentDescription)
	}
	v.suggestions(c.Suggestions, p, MaxCardSuggestions)
}

// suggestions: facts/rbm-api.md §2.7.
func (v *validator) suggestions(list []Suggestion, p *path, limit int) {
	v.count(p, "suggestions", len(list), 0, limit)
	for i := range list {
		at := p.item("suggestions", i)
		v.suggestion(&list[i], &at)
	}
}

func (v *validator) suggestion(s *Suggestion, p *path) {
	x := s.option()
	v.union(p, "option", x[:])
	if s.Reply != nil {
		at := p.field("reply")
		v.label(&at, s.Reply.Text, replyTextTooLong)
		v.chars(&at, "postback_data", s.Reply.PostbackData, MaxPostbackChars)
	}
	if s.Action != nil {
		at := p.field("action")
		v.action(s.Action, &at)
	}
}

// label checks the text of a reply or an action.
func (v *validator) label(p *path, text, tooLong string) {
	v.free(text)
	if text == "" {
		v.missing(p, "text")
	}
	if _, over := charsOver(text, MaxSuggestionTextChars); over {
		at := p.field("text")
		v.violations = append(v.violations, Violation{at.String(), tooLong})
	}
}

func (v *validator) action(a *SuggestedAction, p *path) {
	x := a.action()
	v.union(p, "action", x[:])
	v.label(p, a.Text, actionTextTooLong)
	v.chars(p, "postback_data", a.PostbackData, MaxPostbackChars)
	if a.FallbackURL != "" {
		v.uri(p, "fallback_url", a.FallbackURL, false)
	}
	if a.DialAction != nil {
		at := p.field("dial_action")
		v.dial(a.DialAction, &at)
	}
	if a.ViewLocationAction != nil {
		at := p.field("view_location_action")
		v.viewLocation(a.ViewLocationAction, &at)
	}
	if a.CreateCalendarEventAction != nil {
		at := p.field("create_calendar_event_action")
		v.calendarEvent(a.CreateCalendarEventAction, &at)
	}
	if a.OpenURLAction != nil {
		at := p.field("open_url_action")
		v.openURL(a.OpenURLAction, &at)
	}
}

// dial: facts/rbm-api.md §2.8; the guide's form includes E.164.
func (v *validator) dial(a *DialAction, p *path) {
	v.free(a.PhoneNumber)
	if a.PhoneNumber == "" {
		v.missing(p, "phone_number")
	} else if strings.Trim(a.PhoneNumber, "0123456789+*#") != "" || strings.Trim(a.PhoneNumber, "+*#") == "" {
		v.fail(p, "phone_number", "not a phone number of digits, +, * and #")
	}
}

// viewLocation: facts/rbm-api.md §2.8.
func (v *validator) viewLocation(a *ViewLocationAction, p *path) {
	v.free(a.Label)
	v.free(a.Query)
	if a.LatLong == nil {
		if a.Query == "" {
			v.fail(p, "", "one of lat_long, query is required")
		}
		return
	}
	at := p.field("lat_long")
	v.degrees(&at, "latitude", a.LatLong.Latitude, MaxLatitude)
	v.degrees(&at, "longitude", a.LatLong.Longitude, MaxLongitude)
}

func (v *validator) degrees(p *path, field string, d, limit float64) {
	if !(math.Abs(d) <= limit) { // also refuses NaN
		v.fail(p, field, "must be between -%g and %g degrees", limit, limit)
	}
}

// calendarEvent: facts/rbm-api.md §2.8.
func (v *validator) calendarEvent(a *CreateCalendarEventAction, p *path) {
	v.chars(p, "title", a.Title, MaxEventTitleChars)
	v.chars(p, "description", a.Description, MaxEventDescriptionChars)
	switch {
	case a.StartTime.IsZero():
		v.missing(p, "start_time")
	case !a.EndTime.IsZero() && !a.EndTime.Time().After(a.StartTime.Time()):
		v.fail(p, "end_time", "must be after the start time")
	}
	if a.EndTime.IsZero() {
		v.missing(p, "end_time")
	}
}

// openURL: facts/rbm-api.md §2.8.
func (v *validator) openURL(a *OpenURLAction, p *path) {
	if a.URL == "" {
		v.missing(p, "url")
	} else {
		v.uri(p, "url", a.URL, true)
	}
	if a.Application == OpenURLApplicationWebview && a.WebviewViewMode == "" {
		v.fail(p, "webview_view_mode", "required with the application WEBVIEW")
	}
	v.free(a.Description)
}
