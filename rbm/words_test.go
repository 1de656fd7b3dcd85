package rbm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTimestamp(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-20T12:00:00Z":                "2026-11-20T12:00:00Z",
		"2026-11-20T12:00:00.5Z":              "2026-11-20T12:00:00.500Z",
		"2026-11-20T12:00:00.474764Z":         "2026-11-20T12:00:00.474764Z",
		"2026-11-20T12:00:00.0000001Z":        "2026-11-20T12:00:00.000000100Z",
		"2026-11-20T14:30:00.123456789+02:30": "2026-11-20T12:00:00.123456789Z",
		"0001-01-01T00:00:00Z":                "0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999999Z":      "9999-12-31T23:59:59.999999999Z",
		"0001-01-01T00:00:00+00:01":           "",
		"9999-12-31T23:59:59-00:01":           "",
		"2026-11-20T12:00:00.1234567891Z":     "",
		"2026-11-20T12:00:00":                 "",
		"2026-11-20 12:00:00Z":                "",
		"2026-11-20T12:00:00,5Z":              "",
		"2026-02-30T12:00:00Z":                "",
		"":                                    "",
	} {
		var ts Timestamp
		err := ts.UnmarshalText([]byte(in))
		if (err == nil) != (want != "") || err == nil && ts.String() != want {
			t.Errorf("%q: got %v, %v, want %q", in, ts, err, want)
		}
	}
	if _, err := Timestamp(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)).MarshalText(); err == nil {
		t.Error("the year 10000 was written")
	}
}

func TestDuration(t *testing.T) {
	for in, want := range map[string]string{
		"10s":            "10s",
		"3.5s":           "3.500s",
		"0.000001s":      "0.000001s",
		"-0.000000001s":  "-0.000000001s",
		"0s":             "0s",
		"007s":           "7s",
		"315576000000s":  "9223372036.854775807s", // the longest that Go has
		"-315576000000s": "-9223372036.854775807s",
		"315576000001s":  "",
		"1.1234567891s":  "",
		"10":             "",
		"s":              "",
		".5s":            "",
		"5.s":            "",
		"1e3s":           "",
		"+1s":            "",
		"1 s":            "",
	} {
		var d Duration
		err := d.UnmarshalText([]byte(in))
		if (err == nil) != (want != "") || err == nil && d.String() != want {
			t.Errorf("%q: got %v, %v, want %q", in, d, err, want)
		}
	}
}

func FuzzTimes(f *testing.F) {
	f.Add("2026-11-20T14:30:00.123456789+02:30")
	f.Add("-3.5s")
	f.Fuzz(func(t *testing.T, s string) {
		var ts, again Timestamp
		if ts.UnmarshalText([]byte(s)) == nil {
			text, err := ts.MarshalText()
			if err != nil || again.UnmarshalText(text) != nil || ts != again {
				t.Fatalf("%q → %q, %v", s, text, err)
			}
		}
		var d, twice Duration
		if d.UnmarshalText([]byte(s)) == nil && (twice.UnmarshalText([]byte(d.String())) != nil || d != twice) {
			t.Fatalf("%q → %q", s, d)
		}
	})
}

func TestExpiry(t *testing.T) {
	if _, ok := text().Expiry(now); ok {
		t.Error("no expiry was asked for")
	}
	if at, ok := ttl(10 * time.Second).Expiry(now); !ok || !at.Equal(now.Add(10*time.Second)) {
		t.Error("ttl:", at, ok)
	}
	if at, ok := expire(now.Add(time.Minute)).Expiry(now); !ok || !at.Equal(now.Add(time.Minute)) {
		t.Error("expireTime:", at, ok)
	}
}

func TestEnvelope(t *testing.T) { // facts/rbm-api.md §4.1, §4.3
	e := &Error{Code: CodePermissionDenied, Message: "No.\xff", Reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Domain: "googleapis.com",
		Metadata: map[string]string{"service": "s", "method": "m"}, Violations: []Violation{{"a.b", "c"}, {"", "d"}}}
	const want = `{
  "error": {
    "code": 403,
    "message": "No.` + "\uFFFD" + `",
    "errors": [
      {
        "message": "No.` + "\uFFFD" + `",
        "domain": "global",
        "reason": "forbidden"
      }
    ],
    "status": "PERMISSION_DENIED",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {
          "method": "m",
          "service": "s"
        }
      },
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
          {
            "field": "a.b",
            "description": "c"
          },
          {
            "description": "d"
          }
        ]
      }
    ]
  }
}
`
	got, err := MarshalPretty(e.Envelope(true))
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	back := ParseError(403, got)
	e.Message = valid(e.Message)
	if fmt.Sprint(back) != fmt.Sprint(e) || !slices.Equal(back.Violations, e.Violations) || back.Metadata["method"] != "m" || back.Reason != e.Reason {
		t.Errorf("read back as %+v", back)
	}
	got, _ = Marshal(NotFound().Envelope(false))
	if string(got) != `{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}` {
		t.Errorf("got %s", got)
	}
	missing := &Error{Code: CodeUnauthenticated, Reason: "CREDENTIALS_MISSING"}
	if r := missing.Envelope(true).Error.Errors[0].Reason; r != "required" {
		t.Errorf("reason %q", r)
	}
}

func TestCodes(t *testing.T) {
	for c := CodeOK; c <= CodeUnauthenticated; c++ {
		if c.String() == "" || c.HTTPStatus() == 0 || c != CodeOK && codes[c].reason == "" {
			t.Errorf("code %d has gaps in the table", c)
		}
		if codeFor(c.String(), 0) != c {
			t.Errorf("%s is not found by its name", c)
		}
	}
	if c := Code(99); c.String() != "UNKNOWN" || c.HTTPStatus() != 500 {
		t.Errorf("%v %d", c, c.HTTPStatus())
	}
	for status, want := range map[int]Code{400: CodeInvalidArgument, 401: CodeUnauthenticated, 404: CodeNotFound, 409: CodeAlreadyExists,
		429: CodeResourceExhausted, 502: CodeUnavailable, 503: CodeUnavailable, 418: CodeUnknown} {
		if got := ParseError(status, []byte("<html>")); got.Code != want || !strings.Contains(got.Message, fmt.Sprint(status)) {
			t.Errorf("HTTP %d: %v", status, got)
		}
	}
}

func TestAsError(t *testing.T) {
	if AsError(nil) != nil || CodeOf(nil) != CodeOK {
		t.Error("nil is an error")
	}
	if e := AsError(fmt.Errorf("while sending: %w", NotFound())); e.Code != CodeNotFound {
		t.Error(e)
	}
	if e := AsError(errors.New("disk full")); e.Code != CodeInternal || strings.Contains(e.Message, "disk") {
		t.Error(e)
	}
}

// everyPlace is a message with suggestions wherever they can be.
func everyPlace(t *testing.T) (single, row *AgentMessage) {
	t.Helper()
	single = withCard(CardContent{Title: "T", Suggestions: []Suggestion{reply("s0"), reply("s1")}})
	single.ContentMessage.Suggestions = []Suggestion{reply("chip")}
	row = carousel(CardWidthMedium, CardContent{Title: "T", Suggestions: []Suggestion{reply("c0")}}, CardContent{Title: "T"},
		CardContent{Title: "T", Suggestions: []Suggestion{reply("c2"), dial("1").ContentMessage.Suggestions[0]}})
	row.ContentMessage.Suggestions = []Suggestion{reply("chip0"), reply("chip1")}
	return single, row
}

func TestSuggestions(t *testing.T) {
	single, row := everyPlace(t)
	want := [][]string{
		{"richCard.standaloneCard.cardContent.suggestions[0] s0", "richCard.standaloneCard.cardContent.suggestions[1] s1", "suggestions[0] chip"},
		{"richCard.carouselCard.cardContents[0].suggestions[0] c0", "richCard.carouselCard.cardContents[2].suggestions[0] c2",
			"richCard.carouselCard.cardContents[2].suggestions[1] Go", "suggestions[0] chip0", "suggestions[1] chip1"},
	}
	for i, m := range []*AgentMessage{single, row} {
		var got []string
		for path, s := range m.AllSuggestions() {
			got = append(got, path+" "+s.Text())
			for _, prefix := range []string{"", "contentMessage."} {
				if found, err := m.Suggestion(prefix + path); err != nil || found != s {
					t.Errorf("%s%s: %v, %v", prefix, path, found, err)
				}
			}
		}
		if !slices.Equal(got, want[i]) {
			t.Errorf("got  %q\nwant %q", got, want[i])
		}
	}
	for _, path := range []string{"", "suggestions", "suggestions[2]", "suggestions[-1]", "suggestions[x]", "suggestions[0", "suggestions[0].reply", "x.suggestions[0]",
		"richCard.carouselCard.cardContents[1].suggestions[0]", "richCard.carouselCard.cardContents[9].suggestions[0]",
		"richCard.carouselCard.cardContents[].suggestions[0]", "richCard.carouselCard.cardContents[0]", "richCard.standaloneCard.cardContent.suggestions[0]"} {
		if s, err := row.Suggestion(path); CodeOf(err) != CodeNotFound {
			t.Errorf("%q: %v, %v", path, s, err)
		}
	}
	for range (&AgentMessage{}).AllSuggestions() {
		t.Error("a suggestion of nothing")
	}
	if s := dial("1").ContentMessage.Suggestions[0]; s.PostbackData() != "p" || (&Suggestion{}).Text() != "" || (&Suggestion{}).PostbackData() != "" {
		t.Error("postback data")
	}
}

func TestFeatures(t *testing.T) {
	webview := openURL(func(a *OpenURLAction) {
		a.Application, a.WebviewViewMode = OpenURLApplicationWebview, WebviewViewModeFull
	})
	chip := "agent_message.content_message.suggestions[0].action."
	_, row := everyPlace(t)
	rows := []struct {
		m     *AgentMessage
		needs []FeatureNeed
	}{
		{text(reply("a")), nil},
		{&AgentMessage{}, nil},
		{fallback("https://e.com"), nil},
		{dial("1"), []FeatureNeed{{FeatureActionDial, chip + "dial_action"}}},
		{location(0, 0), []FeatureNeed{{FeatureActionViewLocation, chip + "view_location_action"}}},
		{calendar(func(*CreateCalendarEventAction) {}), []FeatureNeed{{FeatureActionCreateCalendarEvent, chip + "create_calendar_event_action"}}},
		{openURL(func(*OpenURLAction) {}), []FeatureNeed{{FeatureActionOpenURL, chip + "open_url_action"}}},
		{webview, []FeatureNeed{{FeatureActionOpenURLInWebview, chip + "open_url_action"}}},
		{withAction(func(a *SuggestedAction) { a.ShareLocationAction = &ShareLocationAction{} }), []FeatureNeed{{FeatureActionShareLocation, chip + "share_location_action"}}},
		{withCard(CardContent{Title: "T"}), []FeatureNeed{{FeatureRichCardStandalone, "agent_message.content_message.rich_card.standalone_card"}}},
		{row, []FeatureNeed{{FeatureRichCardCarousel, "agent_message.content_message.rich_card.carousel_card"},
			{FeatureActionDial, "agent_message.content_message.rich_card.carousel_card.card_contents[2].suggestions[1].action.dial_action"}}},
	}
	for _, row := range rows {
		if got := RequiredFeatures(row.m); !slices.Equal(got, row.needs) {
			t.Errorf("got %v, want %v", got, row.needs)
		}
		if err := CheckFeatures(row.m, Features); err != nil {
			t.Error(err)
		}
		err := CheckFeatures(row.m, nil)
		for i, need := range row.needs {
			if v := AsError(err).Violations; len(v) != len(row.needs) || v[i].Field != need.Field || !strings.Contains(v[i].Description, string(need.Feature)) {
				t.Errorf("%v: %v", need, err)
			}
		}
		if len(row.needs) == 0 && err != nil {
			t.Error(err)
		}
	}
}

func TestClassify(t *testing.T) { // facts/rbm-api.md §2.12
	rich := func(n int32) RichMessageClassification {
		return RichMessageClassification{ClassificationRichMessage, n}
	}
	media := RichMessageClassification{ClassificationType: ClassificationRichMediaMessage}
	webview := openURL(func(a *OpenURLAction) { a.Application = OpenURLApplicationWebview })
	for i, row := range []struct {
		m    *AgentMessage
		want RichMessageClassification
	}{
		{content(&AgentContentMessage{Text: strings.Repeat("a", 160)}), rich(1)},
		{content(&AgentContentMessage{Text: strings.Repeat("a", 161)}), rich(2)},
		{content(&AgentContentMessage{Text: strings.Repeat("é", 150)}), rich(2)},
		{text(reply("a"), dial("1").ContentMessage.Suggestions[0]), rich(1)},
		{openURL(func(*OpenURLAction) {}), rich(1)},
		{webview, media}, {location(0, 0), media}, {withCard(CardContent{Title: "T"}), media},
		{file("https://e.com/a", ""), media}, {uploaded("files/a", ""), media}, {&AgentMessage{}, media},
	} {
		if got := Classify(row.m); got != row.want {
			t.Errorf("%d: got %+v, want %+v", i, got, row.want)
		}
	}
}

func TestTrafficType(t *testing.T) { // facts/rbm-api.md §2.11
	all := []MessageTrafficType{"", TrafficAuthentication, TrafficTransaction, TrafficPromotion, TrafficServiceRequest, TrafficAcknowledgement}
	for useCase, want := range map[AgentUseCase]string{
		UseCaseOTP:           "AUTHENTICATION AUTHENTICATION - - SERVICEREQUEST ACKNOWLEDGEMENT",
		UseCaseTransactional: "TRANSACTION - TRANSACTION - SERVICEREQUEST ACKNOWLEDGEMENT",
		UseCasePromotional:   "PROMOTION - - PROMOTION SERVICEREQUEST ACKNOWLEDGEMENT",
		"":                   "PROMOTION - - PROMOTION SERVICEREQUEST ACKNOWLEDGEMENT",
		UseCaseMultiUse:      "- - TRANSACTION PROMOTION SERVICEREQUEST ACKNOWLEDGEMENT",
	} {
		var got []string
		for _, in := range all {
			out, err := TrafficType(useCase, in)
			if err != nil {
				checkViolation(t, string(useCase), err, "agent_message.message_traffic_type")
				out = "-"
			}
			got = append(got, string(out))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", useCase, got, want)
		}
	}
}

func TestPhonesAndIDs(t *testing.T) {
	check := func(name string, f func(string) bool, yes, no []string) {
		for _, s := range yes {
			if !f(s) {
				t.Errorf("%s(%q) is false", name, s)
			}
		}
		for _, s := range no {
			if f(s) {
				t.Errorf("%s(%q) is true", name, s)
			}
		}
	}
	check("ValidPhone", ValidPhone, []string{"+12223334444", "+4912345", "+123456789012345"},
		[]string{"", "+", "12223334444", "+02223334444", "+123456", "+1234567890123456", "+1222333444a", "+1 2223334444", "++2223334444"})
	check("ValidMessageID", ValidMessageID, []string{"a", "6f1a7c52-8c3e-4c7e", "123456661", "1234566622a1", strings.Repeat("x", MaxMessageIDChars)},
		[]string{"", "a/b", "a b", "é", "a\n", strings.Repeat("x", MaxMessageIDChars+1)})
	check("IsUSPhone", IsUSPhone, []string{"+12223334444", "+12125551234", "+17875551234"},
		[]string{"", "+14165551234", "+18765551234", "+1222333444", "+122233344445", "+442071234567", "+11125551234", "12125551234", "+1212555123a"})
}

// TestSchema walks every schema, as a writer of an API description would.
func TestSchema(t *testing.T) {
	seen := map[string]bool{}
	var walk func(m *MessageSchema)
	walk = func(m *MessageSchema) {
		seen[m.Name] = true
		for _, f := range m.Fields {
			if f.JSON == "" || f.Name == "" || strings.ToLower(f.Name) != f.Name || f.TypeName() == "" {
				t.Errorf("%s: bad field %+v", m.Name, f)
			}
			if f.Message != nil {
				walk(f.Message)
			}
			if f.Enum != nil && len(f.Enum.Values) < 2 {
				t.Errorf("%s has no values", f.Enum.Name)
			}
		}
	}
	for _, m := range []*MessageSchema{Schema[AgentMessage](), Schema[AgentEvent](), Schema[Tester](), Schema[CreateFileRequest](), Schema[File](),
		Schema[BatchGetUsersRequest](), Schema[BatchGetUsersResponse](), Schema[DialogflowEvent](), Schema[CapabilityCallbackRequest](),
		Schema[CapabilityCallbackResponse](), Schema[Capabilities](), Schema[UserMessage](), Schema[UserEvent](), Schema[ServerEvent]()} {
		walk(m)
	}
	for _, name := range []string{"google.type.LatLng", protoPackage + "richcards.Media", protoPackage + "OpenUrlAction"} {
		if !seen[name] {
			t.Errorf("%s is not in the schema", name)
		}
	}
	var expiration []string
	for _, f := range Schema[AgentMessage]().Fields {
		if f.Oneof == "expiration" {
			expiration = append(expiration, f.Name)
		}
	}
	if !slices.Equal(expiration, []string{"expire_time", "ttl"}) {
		t.Errorf("union %q", expiration)
	}
}

func TestClassifyUser(t *testing.T) {
	for _, c := range []struct {
		name string
		m    UserMessage
		want RichMessageClassification
	}{
		{"text", UserMessage{Text: strings.Repeat("é", 81)}, RichMessageClassification{ClassificationRichMessage, 2}},
		{"reply", UserMessage{SuggestionResponse: &SuggestionResponse{Text: "Yes", Type: SuggestionTypeReply}}, RichMessageClassification{ClassificationRichMessage, 1}},
		{"action", UserMessage{SuggestionResponse: &SuggestionResponse{Text: "Call", Type: SuggestionTypeAction}}, RichMessageClassification{ClassificationType: ClassificationSuggestedActionClick}},
		{"file", UserMessage{UserFile: &UserFile{}}, RichMessageClassification{ClassificationType: ClassificationRichMediaMessage}},
		{"location", UserMessage{Location: &LatLng{}}, RichMessageClassification{ClassificationType: ClassificationRichMediaMessage}},
	} {
		if got := ClassifyUser(&c.m); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
