package console

import (
	"strings"
	"testing"

	"github.com/openrbm/openrbm/servertest"
)

// kind is one kind of message, and what a user sees of it.
type kind struct {
	name, json string
	// selector and text of something that must be on the phone.
	selector, text string
}

// Parts of messages.
const (
	reply    = `{"reply": {"text": "Sounds good", "postbackData": "good"}}`
	dial     = `{"action": {"text": "Call us", "postbackData": "call", "dialAction": {"phoneNumber": "+15556667777"}}}`
	browse   = `{"action": {"text": "Read more", "postbackData": "more", "openUrlAction": {"url": "https://example.com/rates"}}}`
	webview  = `{"action": {"text": "Calculator", "postbackData": "calc-MODE", "openUrlAction": {"url": "FILES/page.html", "application": "WEBVIEW", "webviewViewMode": "MODE", "description": "A calculator"}}}`
	seePlace = `{"action": {"text": "Show on map", "postbackData": "map", "viewLocationAction": {"latLong": {"latitude": 37.4220188, "longitude": -122.0844786}, "label": "Growing Tree Bank"}}}`
	findIt   = `{"action": {"text": "Find a branch", "postbackData": "find", "viewLocationAction": {"query": "Growing Tree Bank"}}}`
	share    = `{"action": {"text": "I am here", "postbackData": "here", "shareLocationAction": {}}}`
	date     = `{"action": {"text": "Save the date", "postbackData": "date", "createCalendarEventAction": {"startTime": "2027-03-01T10:00:00Z", "endTime": "2027-03-01T10:30:00Z", "title": "Your first home", "description": "With Kim; bring a pen, please"}}}`
	fallback = `{"action": {"text": "Call or write", "postbackData": "either", "fallbackUrl": "https://example.com/contact", "dialAction": {"phoneNumber": "+15556667777"}}}`
	picture  = `"media": {"height": "HEIGHT", "contentInfo": {"fileUrl": "FILES/forest.png", "thumbnailUrl": "FILES/small.png"}, "contentDescription": "Hills in the morning"}`
)

func text(t, suggestions string) string {
	return `{"contentMessage": {"text": "` + t + `", "suggestions": [` + suggestions + `]}, "messageTrafficType": "TRANSACTION"}`
}

func card(layout, content, suggestions string) string {
	return `{"contentMessage": {"richCard": {"standaloneCard": {` + layout + `, "cardContent": {` + content + `}}}, "suggestions": [` + suggestions + `]}}`
}

func upright(height, title string, inside ...string) string {
	return card(`"cardOrientation": "VERTICAL"`, `"title": "`+title+`", "description": "Open until 18:00 today. Coffee is on the house, and so is the advice.", `+
		strings.ReplaceAll(picture, "HEIGHT", height)+`, "suggestions": [`+strings.Join(inside, ",")+`]`, "")
}

func across(side, title string) string {
	return card(`"cardOrientation": "HORIZONTAL", "thumbnailImageAlignment": "`+side+`"`, `"title": "`+title+`", "description": "12 Garden Street, second floor. Ring twice.", `+
		`"media": {"contentInfo": {"fileUrl": "FILES/sand.png"}}, "suggestions": [`+seePlace+`]`, "")
}

func carousel(width string, cards ...string) string {
	return `{"contentMessage": {"richCard": {"carouselCard": {"cardWidth": "` + width + `", "cardContents": [` + strings.Join(cards, ",") + `]}}, "suggestions": [` + findIt + `,` + reply + `]}}`
}

func slide(title, file, height string, inside ...string) string {
	return `{"title": "` + title + `", "description": "A quiet place with a view, from 80 a night.", "media": {"height": "` + height + `", "contentInfo": {"fileUrl": "FILES/` + file + `"}}, "suggestions": [` + strings.Join(inside, ",") + `]}`
}

func file(name, thumbnail string) string {
	if thumbnail != "" {
		thumbnail = `, "thumbnailUrl": "FILES/` + thumbnail + `"`
	}
	return `{"contentMessage": {"contentInfo": {"fileUrl": "FILES/` + name + `"` + thumbnail + `}}}`
}

// kinds are all kinds of messages that the API has.
var kinds = []kind{
	{"text", text("Your parcel is on its way.", ""), ".bubble.words", "Your parcel is on its way."},
	{"text with a link", text("Follow it at https://example.com/parcel", ""), ".bubble.words a", "https://example.com/parcel"},
	{"text from right to left", text("مرحبا! طردك في الطريق إليك.", ""), ".bubble.words", "مرحبا"},
	{"text with emoji", text("Delivered 🎉 Enjoy your tea ☕️", ""), ".bubble.words", "🎉"},
	{"long text", text(strings.Repeat("The kettle is on and the garden is calm. ", 12), ""), ".bubble.words", "the garden is calm"},
	{"text with replies", text("Is Tuesday fine?", reply+`,{"reply": {"text": "Another day", "postbackData": "other"}}`), ".chip", "Another day"},
	{"text with a call", text("Questions?", dial), ".chip", "Call us"},
	{"text with a browser link", text("The rates of the week", browse), ".chip", "Read more"},
	{"text with a web view", text("How much can you borrow?", strings.ReplaceAll(webview, "MODE", "TALL")), ".chip", "Calculator"},
	{"text with a map", text("We are here", seePlace+","+findIt), ".chip", "Find a branch"},
	{"text with a location request", text("Where are you?", share), ".chip", "I am here"},
	{"text with a date", text("Shall we meet?", date), ".chip", "Save the date"},
	{"card without media", card(`"cardOrientation": "VERTICAL"`, `"title": "A card of words", "description": "Nothing but words.", "suggestions": [`+reply+`]`, ""), ".card-title", "A card of words"},
	{"short card", upright("SHORT", "Short", reply), ".card .media img", ""},
	{"medium card", upright("MEDIUM", "Medium", reply, dial), ".card-title", "Medium"},
	{"tall card", upright("TALL", "Your branch in the green", seePlace, dial, date), ".card-title", "in the green"},
	{"card with media on the left", across("LEFT", "Pick it up"), ".card.media-left", "Pick it up"},
	{"card with media on the right", across("RIGHT", "Bring it back"), ".card.media-right", "Bring it back"},
	{"card with a video", strings.ReplaceAll(upright("MEDIUM", "A film"), "forest.png", "film.mp4"), ".card .play", ""},
	{"small carousel", carousel("SMALL", slide("Forest", "forest.png", "SHORT", reply), slide("Sea", "sea.png", "SHORT", browse), slide("Dusk", "dusk.png", "SHORT")), ".carousel.small .card-title", "Dusk"},
	{"medium carousel", carousel("MEDIUM", slide("Hut in the forest", "forest.png", "MEDIUM", reply, dial), slide("House by the sea", "sea.png", "MEDIUM", browse), slide("Evening on the hill", "dusk.png", "MEDIUM", date)), ".carousel.medium .card-title", "Evening on the hill"},
	{"picture", file("dusk.png", "small.png"), ".bubble.picture img", ""},
	{"animated picture", file("ball.gif", ""), ".bubble.picture .gif", ""},
	{"video", file("film.mp4", "small.png"), ".bubble.picture .play", ""},
	{"sound", file("tone.mp3", ""), ".sound", ""},
	{"document", file("terms.pdf", "small.png"), ".document", "terms.pdf"},
}

// send sends a message as the agent does.
func send(t *testing.T, s *servertest.Server, files, id, json string) {
	t.Helper()
	body := strings.ReplaceAll(json, "FILES", files)
	if _, err := s.Client().CreateAgentMessageJSON(s.Context(), s.Number(), id, []byte(body)); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
}

func TestEveryKindIsSeen(t *testing.T) {
	s := servertest.New(t)
	url := files(t)
	p := open(t, s, desktop)
	p.see(".phone-state.online", "Online")
	for i, k := range kinds {
		id := "kind-" + strings.ReplaceAll(k.name, " ", "-")
		send(t, s, url, id, k.json)
		node := `.item[data-message="` + id + `"]`
		p.see(node, "")
		selector := node + " " + k.selector
		if strings.HasPrefix(k.selector, ".chip") {
			selector = ".thread " + k.selector
		}
		p.see(selector, k.text)
		p.until(`document.querySelectorAll('.row.message').length > 0`, "a row of the log")
		if i%6 == 5 || i == len(kinds)-1 || strings.Contains(k.name, "carousel") || strings.Contains(k.name, "card") {
			p.settled()
			p.shot("kind-" + strings.ReplaceAll(k.name, " ", "-"))
		}
	}
	for _, look := range []string{"iOS", "Android"} {
		p.click(".segmented button", look)
		p.settled()
		p.shot("look-" + look)
	}
}
