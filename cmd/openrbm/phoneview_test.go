package main

import (
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func reply(text string) rbm.Suggestion {
	return rbm.Suggestion{Reply: &rbm.SuggestedReply{Text: text, PostbackData: text}}
}

func action(text string, a rbm.SuggestedAction) rbm.Suggestion {
	a.Text = text
	return rbm.Suggestion{Action: &a}
}

// everyKind is a carousel with suggestions of all kinds, on the cards and below.
func everyKind() *rbm.AgentMessage {
	start := rbm.Timestamp(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	end := rbm.Timestamp(start.Time().Add(48 * time.Hour))
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{
		RichCard: &rbm.RichCard{CarouselCard: &rbm.CarouselCard{CardWidth: rbm.CardWidthMedium, CardContents: []rbm.CardContent{
			{
				Title: "Lisbon", Description: "Three nights near the river, with breakfast.",
				Media: &rbm.Media{ContentInfo: &rbm.ContentInfo{FileURL: "https://example.com/lisbon.jpg"}, ContentDescription: "A yellow tram"},
				Suggestions: []rbm.Suggestion{
					reply("Book"),
					action("Call the hotel", rbm.SuggestedAction{DialAction: &rbm.DialAction{PhoneNumber: "+351210000000"}}),
					action("On the map", rbm.SuggestedAction{ViewLocationAction: &rbm.ViewLocationAction{LatLong: &rbm.LatLng{Latitude: 38.71, Longitude: -9.14}, Label: "Hotel"}}),
					action("Save the date", rbm.SuggestedAction{CreateCalendarEventAction: &rbm.CreateCalendarEventAction{StartTime: start, EndTime: end, Title: "Lisbon"}}),
				},
			},
			{Title: "京都", Description: "Two nights.", Suggestions: []rbm.Suggestion{
				action("Web page", rbm.SuggestedAction{OpenURLAction: &rbm.OpenURLAction{URL: "https://example.com/kyoto"}}),
				action("Gallery", rbm.SuggestedAction{OpenURLAction: &rbm.OpenURLAction{
					URL: "https://example.com/g", Application: rbm.OpenURLApplicationWebview, WebviewViewMode: rbm.WebviewViewModeTall}}),
			}},
			{Title: "Oslo", Media: &rbm.Media{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: "files/1"}}},
		}}},
		Suggestions: []rbm.Suggestion{
			action("Nearby", rbm.SuggestedAction{ViewLocationAction: &rbm.ViewLocationAction{Query: "hotels"}}),
			action("Share where I am", rbm.SuggestedAction{ShareLocationAction: &rbm.ShareLocationAction{}}),
			reply("None of these"),
		},
	}}
}

const everyKindDrawn = `
  ┌────────────────────────────────────┐ ┌────────────────────────────────────┐
  │ [media]                            │ │ 京都                               │
  │ https://example.com/lisbon.jpg     │ │ ────                               │
  │ (A yellow tram)                    │ │ Two nights.                        │
  │ Lisbon                             │ │ [5] Web page · link                │
  │ ──────                             │ │ [6] Gallery · link                 │
  │ Three nights near the river, with  │ │                                    │
  │ breakfast.                         │ │                                    │
  │ [1] Book                           │ │                                    │
  │ [2] Call the hotel · call          │ │                                    │
  │ [3] On the map · map               │ │                                    │
  │ [4] Save the date · date           │ │                                    │
  └────────────────────────────────────┘ └────────────────────────────────────┘
  ┌────────────────────────────────────┐
  │ [media] files/1                    │
  │ Oslo                               │
  │ ────                               │
  └────────────────────────────────────┘
  [7] Nearby · map   [8] Share where I am · where   [9] None of these
`

func TestViewOfACarousel(t *testing.T) {
	if got := "\n" + view(everyKind(), 80); got != everyKindDrawn {
		t.Errorf("got:\n%s", got)
	}
	// In a narrow terminal the cards are stacked, and chips wrap.
	narrow := view(everyKind(), 10)
	if strings.Contains(narrow, "┐ ┌") || strings.Count(narrow, "┌") != 3 || !strings.Contains(narrow, "where\n  [9]") {
		t.Errorf("got:\n%s", narrow)
	}
}

func TestEffects(t *testing.T) {
	want := []string{
		"", "opens the dialler with +351210000000", "opens the map at 38.71, -9.14 (Hotel)",
		`opens the calendar with "Lisbon", 2026-11-20T10:00:00Z to 2026-11-22T10:00:00Z`,
		"opens the browser at https://example.com/kyoto", "opens https://example.com/g in a tall web view",
		`opens the map and searches for "hotels"`, "opens the location picker", "",
	}
	i := 0
	for at, s := range everyKind().AllSuggestions() {
		if got := effect(s); got != want[i] {
			t.Errorf("%s: got %q, want %q", at, got, want[i])
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d suggestions", i)
	}
}

func TestViewOfTheRest(t *testing.T) {
	card := &rbm.CardContent{Title: "One", Suggestions: []rbm.Suggestion{reply("OK")}}
	rows := map[string]struct {
		content *rbm.AgentContentMessage
		want    string
	}{
		"text":     {&rbm.AgentContentMessage{Text: "one\ntwo"}, "  one\n  two\n"},
		"long":     {&rbm.AgentContentMessage{Text: strings.Repeat("a", 80)}, "  " + strings.Repeat("a", 78) + "\n  aa\n"},
		"control":  {&rbm.AgentContentMessage{Text: "\x1b[2Jgone\r"}, "  \uFFFD[2Jgone\uFFFD\n"},
		"file":     {&rbm.AgentContentMessage{ContentInfo: &rbm.ContentInfo{FileURL: "https://example.com/a.pdf"}}, "  [file] https://example.com/a.pdf\n"},
		"uploaded": {&rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: "files/7"}}, "  [file] files/7\n"},
		"old":      {&rbm.AgentContentMessage{FileName: "files/8"}, "  [file] files/8\n"},
		"card":     {&rbm.AgentContentMessage{RichCard: &rbm.RichCard{StandaloneCard: &rbm.StandaloneCard{CardContent: card}}}, "[1] OK"},
		"nothing":  {nil, "(an empty message)\n"},
	}
	for name, row := range rows {
		got := view(&rbm.AgentMessage{ContentMessage: row.content}, 80)
		if got != row.want && (name != "card" || !strings.Contains(got, row.want)) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("a word and 京都 and \x1b and more", 5)
	f.Add("\xff  two  spaces ", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = 2 + n&63
		for _, l := range wrap(s, n) {
			if width(l) > n || strings.ContainsAny(l, "\n\r\x1b") {
				t.Errorf("%q is %d wide, %d allowed", l, width(l), n)
			}
		}
	})
}
