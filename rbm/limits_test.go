package rbm

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// nChars is n characters of two bytes each: limits count characters.
func nChars(n int) string { return strings.Repeat("é", n) }

func nURL(n int) string {
	const base = "https://example.com/"
	return base + strings.Repeat("a", n-len(base))
}

func reply(text string) Suggestion {
	return Suggestion{Reply: &SuggestedReply{Text: text, PostbackData: "p"}}
}

func action(set func(a *SuggestedAction)) Suggestion {
	a := &SuggestedAction{Text: "Go", PostbackData: "p"}
	set(a)
	return Suggestion{Action: a}
}

func content(c *AgentContentMessage) *AgentMessage { return &AgentMessage{ContentMessage: c} }

func text(suggestions ...Suggestion) *AgentMessage {
	return content(&AgentContentMessage{Text: "Hi", Suggestions: suggestions})
}

func withAction(set func(a *SuggestedAction)) *AgentMessage { return text(action(set)) }

func replies(n int) []Suggestion { return slices.Repeat([]Suggestion{reply("Yes")}, n) }

func withCard(c CardContent) *AgentMessage {
	return content(&AgentContentMessage{RichCard: &RichCard{StandaloneCard: &StandaloneCard{
		CardOrientation: CardOrientationVertical, CardContent: &c}}})
}

func horizontal(c CardContent) *AgentMessage {
	m := withCard(c)
	m.ContentMessage.RichCard.StandaloneCard.CardOrientation = CardOrientationHorizontal
	return m
}

func carousel(width CardWidth, cards ...CardContent) *AgentMessage {
	return content(&AgentContentMessage{RichCard: &RichCard{CarouselCard: &CarouselCard{CardWidth: width, CardContents: cards}}})
}

func media(set func(m *Media)) *Media {
	m := &Media{Height: HeightShort, ContentInfo: &ContentInfo{FileURL: "https://e.com/a.png"}}
	set(m)
	return m
}

func openURL(set func(a *OpenURLAction)) *AgentMessage {
	return withAction(func(a *SuggestedAction) {
		a.OpenURLAction = &OpenURLAction{URL: "https://e.com"}
		set(a.OpenURLAction)
	})
}

func location(lat, lng float64) *AgentMessage {
	return withAction(func(a *SuggestedAction) {
		a.ViewLocationAction = &ViewLocationAction{LatLong: &LatLng{lat, lng}}
	})
}

func calendar(set func(a *CreateCalendarEventAction)) *AgentMessage {
	return withAction(func(a *SuggestedAction) {
		a.CreateCalendarEventAction = &CreateCalendarEventAction{
			StartTime: Timestamp(now), EndTime: Timestamp(now.Add(time.Hour)), Title: "T", Description: "D"}
		set(a.CreateCalendarEventAction)
	})
}

func dial(number string) *AgentMessage {
	return withAction(func(a *SuggestedAction) { a.DialAction = &DialAction{number} })
}

func fallback(url string) *AgentMessage {
	return withAction(func(a *SuggestedAction) { a.DialAction, a.FallbackURL = &DialAction{"+12223334444"}, url })
}

func file(url, thumbnail string) *AgentMessage {
	return content(&AgentContentMessage{ContentInfo: &ContentInfo{FileURL: url, ThumbnailURL: thumbnail}})
}

func uploaded(name, thumbnail string) *AgentMessage {
	return content(&AgentContentMessage{UploadedRbmFile: &UploadedRbmFile{name, thumbnail}})
}

func ttl(d time.Duration) *AgentMessage {
	m := text()
	m.TTL = NewDuration(d)
	return m
}

func expire(at time.Time) *AgentMessage {
	m := text()
	m.ExpireTime = NewTimestamp(at)
	return m
}

// sized is a message of n bytes of JSON, within all other limits.
func sized(n int) *AgentMessage {
	m := withCard(CardContent{Title: "T", Media: media(func(*Media) {})})
	empty, err := Marshal(m)
	if err != nil {
		panic(err)
	}
	const member = len(`,"contentDescription":""`)
	m.ContentMessage.RichCard.StandaloneCard.CardContent.Media.ContentDescription = strings.Repeat("a", n-len(empty)-member)
	return m
}

// TestLimits has a row for each limit of facts/rbm-api.md §2: at the limit the message is
// accepted, one over it is refused with the path of the field, and nothing else.
func TestLimits(t *testing.T) {
	const (
		cm    = "agent_message.content_message"
		chip  = cm + ".suggestions[0]"
		card  = cm + ".rich_card.standalone_card.card_content"
		cards = cm + ".rich_card.carousel_card.card_contents"
	)
	nc := func(*CreateCalendarEventAction) {}
	rows := []struct {
		name     string
		at, over *AgentMessage
		field    string // of the violation
	}{
		{"content required", text(), &AgentMessage{}, cm},
		{"one content at least", text(), content(&AgentContentMessage{}), cm},
		{"one content at most", text(), content(&AgentContentMessage{Text: "a", UploadedRbmFile: &UploadedRbmFile{FileName: "files/a"}}), cm},
		{"text 3072", content(&AgentContentMessage{Text: nChars(3072)}), content(&AgentContentMessage{Text: nChars(3073)}), cm + ".text"},
		{"11 chips", text(replies(11)...), text(replies(12)...), cm + ".suggestions"},
		{"one option at least", text(reply("a")), text(Suggestion{}), chip},
		{"one option at most", text(reply("a")), text(Suggestion{Reply: &SuggestedReply{Text: "a"}, Action: action(func(a *SuggestedAction) { a.ShareLocationAction = &ShareLocationAction{} }).Action}), chip},
		{"reply text required", text(reply("a")), text(reply("")), chip + ".reply.text"},
		{"reply text 25", text(reply(nChars(25))), text(reply(nChars(26))), chip + ".reply.text"},
		{"reply postback 2048", text(Suggestion{Reply: &SuggestedReply{"a", nChars(2048)}}), text(Suggestion{Reply: &SuggestedReply{"a", nChars(2049)}}), chip + ".reply.postback_data"},
		{"fourth suggestion", text(append(replies(3), reply(nChars(25)))...), text(append(replies(3), reply(nChars(26)))...), cm + ".suggestions[3].reply.text"},
		{"one action at least", dial("1"), withAction(func(a *SuggestedAction) {}), chip + ".action"},
		{"one action at most", dial("1"), withAction(func(a *SuggestedAction) {
			a.DialAction, a.ShareLocationAction = &DialAction{"1"}, &ShareLocationAction{}
		}), chip + ".action"},
		{"action text required", dial("1"), text(Suggestion{Action: &SuggestedAction{ShareLocationAction: &ShareLocationAction{}}}), chip + ".action.text"},
		{"action text 25", text(Suggestion{Action: &SuggestedAction{Text: nChars(25), ShareLocationAction: &ShareLocationAction{}}}),
			text(Suggestion{Action: &SuggestedAction{Text: nChars(26), ShareLocationAction: &ShareLocationAction{}}}), chip + ".action.text"},
		{"action postback 2048", withAction(func(a *SuggestedAction) { a.PostbackData, a.DialAction = nChars(2048), &DialAction{"1"} }),
			withAction(func(a *SuggestedAction) { a.PostbackData, a.DialAction = nChars(2049), &DialAction{"1"} }), chip + ".action.postback_data"},
		{"fallback URL 2048", fallback(nURL(2048)), fallback(nURL(2049)), chip + ".action.fallback_url"},
		{"fallback URL is a URI", fallback("tel:+1222"), fallback("https://e.com/a b"), chip + ".action.fallback_url"},
		{"fallback URL is absolute", fallback("intent://x#Intent;end"), fallback("/path"), chip + ".action.fallback_url"},
		{"dial number required", dial("+12223334444"), dial(""), chip + ".action.dial_action.phone_number"},
		{"dial number", dial("*#06#"), dial("+1 222"), chip + ".action.dial_action.phone_number"},
		{"dial number has a digit", dial("#1"), dial("#"), chip + ".action.dial_action.phone_number"},
		{"URL required", openURL(func(a *OpenURLAction) {}), openURL(func(a *OpenURLAction) { a.URL = "" }), chip + ".action.open_url_action.url"},
		{"URL 2048", openURL(func(a *OpenURLAction) { a.URL = nURL(2048) }), openURL(func(a *OpenURLAction) { a.URL = nURL(2049) }), chip + ".action.open_url_action.url"},
		{"URL scheme", openURL(func(a *OpenURLAction) { a.URL = "HTTP://e.com" }), openURL(func(a *OpenURLAction) { a.URL = "mailto:a@e.com" }), chip + ".action.open_url_action.url"},
		{"URL characters", openURL(func(a *OpenURLAction) { a.URL = "https://e.com/%C3%A9?a[]=1#x" }), openURL(func(a *OpenURLAction) { a.URL = "https://e.com/é" }), chip + ".action.open_url_action.url"},
		{"URL escapes", openURL(func(a *OpenURLAction) { a.URL = "https://e.com/%41" }), openURL(func(a *OpenURLAction) { a.URL = "https://e.com/%4" }), chip + ".action.open_url_action.url"},
		{"URL fragments", openURL(func(a *OpenURLAction) { a.URL = "https://e.com/#a" }), openURL(func(a *OpenURLAction) { a.URL = "https://e.com/#a#b" }), chip + ".action.open_url_action.url"},
		{"URL host", openURL(func(a *OpenURLAction) { a.URL = "https://[::1]:8443" }), openURL(func(a *OpenURLAction) { a.URL = "https:///path" }), chip + ".action.open_url_action.url"},
		{"URL port", openURL(func(a *OpenURLAction) { a.URL = "https://e.com:8443" }), openURL(func(a *OpenURLAction) { a.URL = "https://e.com:port" }), chip + ".action.open_url_action.url"},
		{"webview mode", openURL(func(a *OpenURLAction) {
			a.Application, a.WebviewViewMode = OpenURLApplicationWebview, WebviewViewModeTall
		}), openURL(func(a *OpenURLAction) { a.Application = OpenURLApplicationWebview }), chip + ".action.open_url_action.webview_view_mode"},
		{"location or query", withAction(func(a *SuggestedAction) { a.ViewLocationAction = &ViewLocationAction{Query: "bank"} }),
			withAction(func(a *SuggestedAction) { a.ViewLocationAction = &ViewLocationAction{Label: "bank"} }), chip + ".action.view_location_action"},
		{"latitude 90", location(90, 0), location(math.Nextafter(90, 91), 0), chip + ".action.view_location_action.lat_long.latitude"},
		{"latitude -90", location(-90, 0), location(math.Nextafter(-90, -91), 0), chip + ".action.view_location_action.lat_long.latitude"},
		{"longitude 180", location(0, 180), location(0, math.Nextafter(180, 181)), chip + ".action.view_location_action.lat_long.longitude"},
		{"longitude -180", location(0, -180), location(0, math.Nextafter(-180, -181)), chip + ".action.view_location_action.lat_long.longitude"},
		{"calendar start", calendar(nc), calendar(func(a *CreateCalendarEventAction) { a.StartTime = Timestamp{} }), chip + ".action.create_calendar_event_action.start_time"},
		{"calendar end", calendar(nc), calendar(func(a *CreateCalendarEventAction) { a.EndTime = Timestamp{} }), chip + ".action.create_calendar_event_action.end_time"},
		{"calendar end after start", calendar(func(a *CreateCalendarEventAction) { a.EndTime = Timestamp(now.Add(1)) }),
			calendar(func(a *CreateCalendarEventAction) { a.EndTime = Timestamp(now) }), chip + ".action.create_calendar_event_action.end_time"},
		{"calendar title 100", calendar(func(a *CreateCalendarEventAction) { a.Title = nChars(100) }),
			calendar(func(a *CreateCalendarEventAction) { a.Title = nChars(101) }), chip + ".action.create_calendar_event_action.title"},
		{"calendar description 500", calendar(func(a *CreateCalendarEventAction) { a.Description = nChars(500) }),
			calendar(func(a *CreateCalendarEventAction) { a.Description = nChars(501) }), chip + ".action.create_calendar_event_action.description"},
		{"one card kind at least", withCard(CardContent{Title: "T"}), content(&AgentContentMessage{RichCard: &RichCard{}}), cm + ".rich_card"},
		{"one card kind at most", withCard(CardContent{Title: "T"}), content(&AgentContentMessage{RichCard: &RichCard{
			StandaloneCard: &StandaloneCard{CardContent: &CardContent{Title: "T"}}, CarouselCard: &CarouselCard{CardContents: []CardContent{{Title: "T"}, {Title: "T"}}}}}), cm + ".rich_card"},
		{"card content required", withCard(CardContent{Title: "T"}), content(&AgentContentMessage{RichCard: &RichCard{StandaloneCard: &StandaloneCard{}}}), cm + ".rich_card.standalone_card.card_content"},
		{"card has something", withCard(CardContent{Description: "D"}), withCard(CardContent{Suggestions: replies(1)}), card},
		{"title 200", withCard(CardContent{Title: nChars(200)}), withCard(CardContent{Title: nChars(201)}), card + ".title"},
		{"description 2000", withCard(CardContent{Description: nChars(2000)}), withCard(CardContent{Description: nChars(2001)}), card + ".description"},
		{"4 card suggestions", withCard(CardContent{Title: "T", Suggestions: replies(4)}), withCard(CardContent{Title: "T", Suggestions: replies(5)}), card + ".suggestions"},
		{"horizontal card with media", horizontal(CardContent{Suggestions: replies(1), Media: media(func(*Media) {})}),
			horizontal(CardContent{Media: media(func(*Media) {})}), card},
		{"one media content at least", withCard(CardContent{Media: media(func(*Media) {})}),
			withCard(CardContent{Media: media(func(m *Media) { m.ContentInfo = nil })}), card + ".media"},
		{"one media content at most", withCard(CardContent{Media: media(func(*Media) {})}),
			withCard(CardContent{Media: media(func(m *Media) { m.FileName = "files/a" })}), card + ".media"},
		{"media URL", withCard(CardContent{Media: media(func(m *Media) { m.ContentInfo.FileURL = nURL(2048) })}),
			withCard(CardContent{Media: media(func(m *Media) { m.ContentInfo.FileURL = nURL(2049) })}), card + ".media.content_info.file_url"},
		{"at least 2 cards", carousel(CardWidthMedium, CardContent{Title: "T"}, CardContent{Title: "T"}), carousel(CardWidthMedium, CardContent{Title: "T"}), cards},
		{"at most 10 cards", carousel(CardWidthMedium, slices.Repeat([]CardContent{{Title: "T"}}, 10)...), carousel(CardWidthMedium, slices.Repeat([]CardContent{{Title: "T"}}, 11)...), cards},
		{"no TALL in SMALL", carousel(CardWidthMedium, CardContent{Title: "T"}, CardContent{Media: media(func(m *Media) { m.Height = HeightTall })}),
			carousel(CardWidthSmall, CardContent{Title: "T"}, CardContent{Media: media(func(m *Media) { m.Height = HeightTall })}), cards + "[1].media.height"},
		{"carousel card suggestions", carousel("", CardContent{Title: "T"}, CardContent{Title: "T", Suggestions: replies(4)}),
			carousel("", CardContent{Title: "T"}, CardContent{Title: "T", Suggestions: replies(5)}), cards + "[1].suggestions"},
		{"file URL required", file("https://e.com/a", ""), file("", "https://e.com/a"), cm + ".content_info.file_url"},
		{"file URL is http", file("http://e.com/a", ""), file("ftp://e.com/a", ""), cm + ".content_info.file_url"},
		{"file URL is absolute", file("https://e.com/a", ""), file("//e.com/a", ""), cm + ".content_info.file_url"},
		{"thumbnail URL 2048", file("https://e.com/a", nURL(2048)), file("https://e.com/a", nURL(2049)), cm + ".content_info.thumbnail_url"},
		{"uploaded file name", uploaded("files/a_B-9", ""), uploaded("a", ""), cm + ".uploaded_rbm_file.file_name"},
		{"uploaded thumbnail name", uploaded("files/a", "files/b"), uploaded("files/a", "files/"), cm + ".uploaded_rbm_file.thumbnail_name"},
		{"deprecated file name", content(&AgentContentMessage{FileName: "files/a"}), content(&AgentContentMessage{FileName: "files/a/b"}), cm + ".file_name"},
		{"ttl 15 days", ttl(15 * 24 * time.Hour), ttl(15*24*time.Hour + 1), "agent_message.ttl"},
		{"ttl positive", ttl(1), ttl(0), "agent_message.ttl"},
		{"expireTime 15 days", expire(now.Add(15 * 24 * time.Hour)), expire(now.Add(15*24*time.Hour + 1)), "agent_message.expire_time"},
		{"expireTime in the future", expire(now.Add(1)), expire(now), "agent_message.expire_time"},
		{"ttl or expireTime", ttl(time.Hour), &AgentMessage{ContentMessage: text().ContentMessage, TTL: NewDuration(time.Hour), ExpireTime: NewTimestamp(now.Add(time.Hour))}, "agent_message"},
		{"250 kB", sized(256_000), sized(256_001), "agent_message"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if err := row.at.Validate(now); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			checkViolation(t, "validate", row.over.Validate(now), row.field)
			checkViolation(t, "over the wire", overTheWire(t, row.over), row.field)
			if err := overTheWire(t, row.at); err != nil {
				t.Errorf("at the limit, over the wire: %v", err)
			}
		})
	}
}

// overTheWire is what a server says to the message.
func overTheWire(t *testing.T, m *AgentMessage) error {
	t.Helper()
	body, err := Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeAgentMessage(body)
	if err != nil {
		return err
	}
	return got.Validate(now)
}

func checkViolation(t *testing.T, what string, err error, field string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != CodeInvalidArgument {
		t.Errorf("%s: got %v, want INVALID_ARGUMENT", what, err)
		return
	}
	if len(e.Violations) != 1 || e.Violations[0].Field != field {
		t.Errorf("%s: got %+v, want one violation of %s", what, e.Violations, field)
	}
	if e.Message == "" || e.Message != e.Violations[0].Description {
		t.Errorf("%s: message %q does not repeat the description", what, e.Message)
	}
}

func TestNaNDegreesAreRefused(t *testing.T) {
	checkViolation(t, "latitude", location(math.NaN(), 0).Validate(now), "agent_message.content_message.suggestions[0].action.view_location_action.lat_long.latitude")
	checkViolation(t, "longitude", location(0, math.Inf(1)).Validate(now), "agent_message.content_message.suggestions[0].action.view_location_action.lat_long.longitude")
}

func TestKnownTexts(t *testing.T) { // facts/rbm-api.md §4.2
	m := text(reply(nChars(26)), Suggestion{Action: &SuggestedAction{Text: nChars(26), DialAction: &DialAction{"1"}}})
	want := "Within suggested reply, the provided text exceeds the maximum allowed length.\n" +
		"Within suggested action, the provided text exceeds the maximum allowed length."
	if e := AsError(m.Validate(now)); e.Message != want {
		t.Errorf("got %q, want %q", e.Message, want)
	}
}

func TestAllViolationsAtOnce(t *testing.T) {
	m := carousel(CardWidthSmall, CardContent{Title: nChars(201), Media: &Media{Height: HeightTall}})
	m.TTL = NewDuration(-1)
	m.ContentMessage.Suggestions = []Suggestion{{}, dial("").ContentMessage.Suggestions[0]}
	const cm = "agent_message.content_message"
	want := []string{"agent_message.ttl", cm + ".rich_card.carousel_card.card_contents", cm + ".rich_card.carousel_card.card_contents[0].title",
		cm + ".rich_card.carousel_card.card_contents[0].media", cm + ".rich_card.carousel_card.card_contents[0].media.height",
		cm + ".suggestions[0]", cm + ".suggestions[1].action.dial_action.phone_number"}
	var got []string
	for _, v := range AsError(m.Validate(now)).Violations {
		got = append(got, v.Field)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestAgentEventValidate(t *testing.T) {
	for body, field := range map[string]string{
		`{"eventType":"IS_TYPING"}`:                "",
		`{"eventType":"READ","messageId":"MsgId"}`: "",
		`{}`:                               "agent_event.event_type",
		`{"eventType":"TYPE_UNSPECIFIED"}`: "agent_event.event_type",
		`{"eventType":"READ"}`:             "agent_event.message_id",
		`{"eventType":"IS_TYPING","messageId":"a"}`: "agent_event.message_id",
	} {
		e, err := DecodeAgentEvent([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if err := e.Validate(); field == "" && err != nil {
			t.Errorf("%s: %v", body, err)
		} else if field != "" {
			checkViolation(t, body, err, field)
		}
	}
}
