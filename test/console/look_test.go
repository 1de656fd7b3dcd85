package console

import (
	"os"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/servertest"
)

func TestLook(t *testing.T) {
	if os.Getenv("LOOK") == "" {
		t.Skip("for eyes only")
	}
	s := servertest.New(t)
	s.Webhook(s.Agent())
	url := files(t)
	p := open(t, s, desktop)
	p.see(".phone-state.online", "Online")
	for i, k := range kinds[:12] {
		send(t, s, url, "m"+string(rune('a'+i)), k.json)
	}
	send(t, s, url, "m1", kinds[15].json)
	p.see(".row .chip-state.read", "Read")
	for _, page := range []string{"webhooks", "dashboard", "agents", "agents/demo_agent", "brands", "phones", "audit"} {
		p.goTo(page)
		p.see("main h1, main h2", "")
		p.do(`new Promise(r => setTimeout(r, 900))`)
		p.settled()
		p.shot("page-" + strings.ReplaceAll(page, "/", "-"))
	}
}
