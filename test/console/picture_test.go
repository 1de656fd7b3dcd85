package console

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/servertest"
)

// The picture of the README. With OPENRBM_PICTURE=1 it takes the place of the one
// that is there.
func TestPicture(t *testing.T) {
	s := servertest.New(t)
	s.Webhook(s.Agent())
	url := files(t)
	logo, hero := url+"/logo.png", url+"/sea.png"
	if _, err := s.Admin.UpdateAgent(s.Context(), s.Agent(), client.AgentPatch{LogoURI: &logo, HeroURI: &hero}); err != nil {
		t.Fatal(err)
	}
	const second = "+15550100200"
	s.NewPhone(second)
	p := open(t, s, size{1640, 920})
	p.see(".phone-state.online", "Online")
	p.do(`localStorage.setItem('openrbm-bench', ` + js(`[{"number":"`+s.Number()+`","look":"android"},{"number":"`+second+`","look":"ios"}]`) + `)`)
	p.run(chromedp.Reload())
	p.until(`document.querySelectorAll('.phone-state.online').length === 2`, "two phones")
	for i, m := range []string{
		text("Good morning, Kim. Your tree is one year old today 🌱", ""),
		carousel("MEDIUM", slide("Hut in the forest", "forest.png", "MEDIUM", reply, browse), slide("House by the sea", "sea.png", "MEDIUM", reply, browse), slide("Evening on the hill", "dusk.png", "MEDIUM", reply, browse)),
	} {
		for _, number := range []string{s.Number(), second} {
			body := strings.ReplaceAll(m, "FILES", url)
			if _, err := s.Client().CreateAgentMessageJSON(s.Context(), number, "tree-"+string(rune('a'+i))+number[1:], []byte(body)); err != nil {
				t.Fatal(err)
			}
		}
		if i == 0 {
			p.until(`document.querySelectorAll('.item.in').length === 2`, "the greeting")
			p.write(".phone[data-look=android] .write textarea", "Wonderful! Can I visit it?")
			p.click(".phone[data-look=android] .write .send", "")
			p.see(".receipt.delivered", "")
		}
	}
	// Nobody is at this number: it is in the log, with the reason.
	if _, err := s.Client().CreateAgentMessageJSON(s.Context(), "+15550100999", "nobody", []byte(text("Are you there?", ""))); err == nil {
		t.Error("a phone that does not exist was reached")
	}
	p.see(".row.bad", "Refused with 404")
	p.until(`document.querySelectorAll('.row .chip-state.read').length === 4`, "four messages that were read")
	p.until(`document.querySelectorAll('.phone .avatar img').length === 2`, "logos")
	p.settled()
	p.do(`document.activeElement.blur()`)
	png := p.shot("console")
	if len(png) > 300_000 {
		t.Errorf("the picture has %d bytes", len(png))
	}
	if os.Getenv("OPENRBM_PICTURE") != "" {
		if err := os.WriteFile(filepath.Join("..", "..", "docs", "console.png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
