package console

import (
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// bench is a page with a phone, and the agent's webhook.
type bench struct {
	*tab
	hook  *servertest.Webhook
	files string
}

func newBench(t *testing.T) *bench {
	s := servertest.New(t)
	b := &bench{hook: s.Webhook(s.Agent()), files: files(t)}
	b.tab = open(t, s, desktop)
	b.see(".phone-state.online", "Online")
	return b
}

// tapped waits for the webhook to hear of a tap.
func (b *bench) tapped(postback string, kind rbm.SuggestionType) {
	b.t.Helper()
	b.hook.Wait(func(e client.Event) bool {
		return e.UserMessage != nil && e.UserMessage.SuggestionResponse != nil &&
			e.UserMessage.SuggestionResponse.PostbackData == postback && e.UserMessage.SuggestionResponse.Type == kind
	})
}

// Every action is tapped, does on the phone what it should, and is told to the agent.
func TestEveryActionWorks(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name, suggestion, label, postback string
		selector, text                    string // what opens
		check                             func()
	}{
		{"dial", dial, "Call us", "call", ".dialler .dialled", "+15556667777", nil},
		{"browser", browse, "Read more", "more", ".browser .address", "https://example.com/rates", nil},
		{"webview full", strings.ReplaceAll(webview, "MODE", "FULL"), "Calculator", "calc-FULL", ".sheet-body.full iframe", "", nil},
		{"webview tall", strings.ReplaceAll(webview, "MODE", "TALL"), "Calculator", "calc-TALL", ".sheet-body.tall iframe", "", nil},
		{"webview half", strings.ReplaceAll(webview, "MODE", "HALF"), "Calculator", "calc-HALF", ".sheet-body.half iframe", "", nil},
		{"map", seePlace, "Show on map", "map", ".maps-card", "37.42202° N", nil},
		{"search on the map", findIt, "Find a branch", "find", ".maps-card", "Growing Tree Bank", nil},
		{"calendar", date, "Save the date", "date", ".event", "2027", b.saveCalendar},
		{"location", share, "I am here", "here", ".picker .map", "", b.shareLocation},
	} {
		b.t.Run(c.name, func(t *testing.T) {
			outer := b.t
			b.t = t
			defer func() { b.t = outer }()
			id := "action-" + strings.ReplaceAll(c.name, " ", "-")
			send(t, b.s, b.files, id, text("Please tap: "+c.name, c.suggestion+","+reply))
			b.see(`.item[data-message="`+id+`"]`, "Please tap")
			b.see(".chip", "Sounds good")
			b.click(".chip", c.label)
			b.see(c.selector, c.text)
			b.settled()
			b.shot(id)
			if c.check != nil {
				c.check()
			}
			b.tapped(c.postback, rbm.SuggestionTypeAction)
			b.gone(".chip", "Sounds good") // the chips of Android vanish with a tap
			if eval[bool](b.tab, `document.querySelector('.overlays').children.length > 0`) {
				b.press(kb.Escape)
			}
			b.until(`document.querySelector('.overlays').children.length === 0`, "nothing open")
		})
	}
	if n := eval[int](b.tab, `document.querySelectorAll('.item.out .bubble.words').length`); n != 0 {
		t.Errorf("actions made %d bubbles of the user's: none of them may", n)
	}
}

// saveCalendar downloads the event.
func (b *bench) saveCalendar() {
	b.t.Helper()
	got := eval[string](b.tab, `(async () => { const { ics } = await import('/console/js/phone/actions.js');
		return ics({startTime: '2027-03-01T10:00:00Z', endTime: '2027-03-01T10:30:00Z', title: 'A, b; c', description: 'x\ny'}) })()`)
	for _, want := range []string{"BEGIN:VCALENDAR\r\n", "DTSTART:20270301T100000Z\r\n", "DTEND:20270301T103000Z\r\n", `SUMMARY:A\, b\; c` + "\r\n", `DESCRIPTION:x\ny` + "\r\n", "END:VCALENDAR\r\n"} {
		if !strings.Contains(got, want) {
			b.t.Errorf("the .ics has no %q: %q", want, got)
		}
	}
	b.do(`window.saved = ''; HTMLAnchorElement.prototype.click = function () { window.saved = this.download }`)
	b.click(".event button", "Save as .ics")
	b.until(`window.saved === 'event.ics'`, "a download")
}

// shareLocation moves the map and sends the place.
func (b *bench) shareLocation() {
	b.t.Helper()
	b.write(`input[aria-label="Latitude"]`, "52.5")
	b.write(`input[aria-label="Longitude"]`, "13.4")
	b.do(`document.querySelector('.picker .map').focus()`)
	b.press(kb.ArrowRight)
	b.click(".share button", "Send this location")
	e := b.hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.Location != nil })
	if l := e.UserMessage.Location; l.Latitude != 52.5 || l.Longitude < 13.3 || l.Longitude > 13.5 {
		b.t.Errorf("the location is %+v", l)
	}
	b.see(".item.out .bubble.place", "52.50000° N")
}

func TestUserSpeaks(t *testing.T) {
	b := newBench(t)
	send(t, b.s, b.files, "q", text("Is Tuesday fine?", reply))
	b.click(".chip", "Sounds good")
	b.tapped("good", rbm.SuggestionTypeReply)
	b.see(".item.out .bubble.words", "Sounds good")
	b.gone(".chip", "Sounds good")

	b.write(".write textarea", "Is there tea?")
	b.click(".write .send", "")
	e := b.hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.Text == "Is there tea?" })
	b.hook.Wait(func(e client.Event) bool { return e.UserEvent != nil && e.UserEvent.EventType == rbm.UserEventIsTyping })
	b.see(".receipt.delivered", "") // the webhook has it
	if _, err := b.s.Client().CreateAgentEvent(b.s.Context(), b.s.Number(), "seen", &rbm.AgentEvent{EventType: rbm.AgentEventRead, MessageID: e.UserMessage.MessageID}); err != nil {
		t.Fatal(err)
	}
	b.see(".receipt.read", "")
	if _, err := b.s.Client().CreateAgentEvent(b.s.Context(), b.s.Number(), "thinks", &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping}); err != nil {
		t.Fatal(err)
	}
	b.see(".typing", "")
	b.shot("typing")
	send(t, b.s, b.files, "a", text("There is. مرحبا بك", ""))
	b.gone(".typing", "")

	path := filepath.Join(t.TempDir(), "garden.png")
	if err := os.WriteFile(path, pngOf(scene(300, 200, color.RGBA{120, 190, 230, 255}, color.RGBA{20, 110, 60, 255}, .4)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.click(".write .plus", "")
	b.run(chromedp.SetUploadFiles(`.screen input[type=file]`, []string{path}))
	f := b.hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.UserFile != nil })
	if p := f.UserMessage.UserFile.Payload; p.MimeType != "image/png" || p.FileName != "garden.png" {
		t.Errorf("the file is %+v", p)
	}
	b.see(".item.out .bubble.picture img", "")
	b.settled()
	b.shot("user-speaks")

	b.click(".stop-pill", "Unsubscribe")
	b.click(".choice", "Too many messages")
	b.shot("unsubscribe")
	b.click(".stop .filled", "Unsubscribe")
	b.hook.Wait(func(e client.Event) bool {
		return e.UserEvent != nil && e.UserEvent.EventType == rbm.UserEventUnsubscribe
	})
	b.see(".remark", "Unsubscribe request sent")
	b.gone(".stop-pill", "Unsubscribe")
	b.click(".chat-head .round", "Menu")
	b.click(".menu-item", "Subscribe")
	b.hook.Wait(func(e client.Event) bool {
		return e.UserEvent != nil && e.UserEvent.EventType == rbm.UserEventSubscribe
	})
}

// The switches of a phone do to deliveries what such a phone does.
func TestSwitches(t *testing.T) {
	b := newBench(t)
	state := func(id, want string) {
		t.Helper()
		m, err := b.s.Admin.Message(b.s.Context(), b.s.Agent(), id)
		if err != nil || m.State != want {
			t.Errorf("%s is %+v, %v, want %s", id, m, err, want)
		}
	}
	b.click(".stand-head summary", "How the phone behaves")
	b.click(".switch", "Offline")
	b.see(".phone-state.offline", "Offline")
	send(t, b.s, b.files, "waits", text("You were away", ""))
	b.see(".row", "You were away")
	b.see(".row .chip-state.queued", "Queued")
	state("waits", "QUEUED")
	b.shot("switches")
	b.click(".switch", "Offline")
	b.see(".phone-state.online", "Online")
	b.hook.Wait(servertest.Delivered("waits"))
	b.hook.Wait(servertest.Read("waits"))
	b.see(".row .chip-state.read", "Read")

	b.click(".switch", "acknowledge")
	send(t, b.s, b.files, "silent", text("Say nothing", ""))
	b.see(".bubble", "Say nothing")
	state("silent", "QUEUED")
	b.click(".switch", "acknowledge")
	b.hook.Wait(servertest.Delivered("silent"))

	b.click(".switch", "Read receipts")
	send(t, b.s, b.files, "unread", text("Keep it to yourself", ""))
	b.hook.Wait(servertest.Delivered("unread"))
	b.click(".switch", "Read receipts")

	b.click(".feature-list .tick", "Carousels")
	b.until(`fetch('/admin/v1/phones/`+b.s.Number()+`', {headers: {Authorization: 'Bearer ' + sessionStorage.getItem('openrbm-token')}}).then(r => r.json()).then(p => !p.features.includes('RICHCARD_CAROUSEL'))`, "a phone without carousels")
	body := strings.ReplaceAll(kinds[19].json, "FILES", b.files)
	if _, err := b.s.Client().CreateAgentMessageJSON(b.s.Context(), b.s.Number(), "too-much", []byte(body)); err == nil {
		t.Error("a phone without carousels got one")
	}
	b.press(kb.Escape)
	b.see(".row.bad", "Refused with 400")
	b.click(".stand-head summary", "How the phone behaves")
	b.click(".switch", "No RCS")
	b.see(".phone-state.offline", "Offline")
	b.until(`fetch('/admin/v1/phones/`+b.s.Number()+`', {headers: {Authorization: 'Bearer ' + sessionStorage.getItem('openrbm-token')}}).then(r => r.json()).then(p => !p.rcsEnabled)`, "a phone without RCS")
	if _, err := b.s.Client().CreateAgentMessageJSON(b.s.Context(), b.s.Number(), "no-rcs", []byte(text("Hello?", ""))); rbm.CodeOf(err) != rbm.CodeNotFound {
		t.Errorf("without RCS: %v", err)
	}
	b.press(kb.Escape)
	b.click(".row.bad", "Refused with 404")
	b.see(".finding.not", "It has no RCS.")
	b.settled()
	b.shot("why-404")
}

// A phone that cannot dial opens the fallback address, and the agent hears of the tap.
func TestFallback(t *testing.T) {
	b := newBench(t)
	b.click(".stand-head summary", "How the phone behaves")
	b.click(".feature-list .tick", "Dial")
	b.until(`fetch('/admin/v1/phones/`+b.s.Number()+`', {headers: {Authorization: 'Bearer ' + sessionStorage.getItem('openrbm-token')}}).then(r => r.json()).then(p => !p.features.includes('ACTION_DIAL'))`, "a phone that cannot dial")
	b.press(kb.Escape)
	send(t, b.s, b.files, "either", text("Reach us", fallback))
	b.click(".chip", "Call or write")
	b.see(".browser .address", "https://example.com/contact")
	b.tapped("either", rbm.SuggestionTypeAction)
}

// A user is asked before he becomes a tester.
func TestTesterConsent(t *testing.T) {
	b := newBench(t)
	agent := b.s.NewAgent("not_launched", false)
	if _, err := agent.CreateTester(b.s.Context(), b.s.Number()); err != nil {
		t.Fatal(err)
	}
	b.see(".chat-head", "Tester invitations")
	b.settled()
	b.shot("tester")
	first := eval[string](b.tab, `document.querySelector('.chip').textContent`)
	b.click(".chip", first)
	b.until(`fetch('/admin/v1/agents/not_launched/testers', {headers: {Authorization: 'Bearer ' + sessionStorage.getItem('openrbm-token')}}).then(r => r.json()).then(l => l.testers[0].inviteStatus === 'ACCEPTED')`, "an accepted invitation")
}
