package console

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/openrbm/openrbm/servertest"
)

// installed makes node_modules what package-lock.json says, once.
var installed = sync.OnceValue(func() error {
	want, err := os.ReadFile("package-lock.json")
	if err != nil {
		return err
	}
	const mark = "node_modules/.openrbm-installed"
	if got, err := os.ReadFile(mark); err == nil && bytes.Equal(got, want) {
		return nil
	}
	cmd := exec.Command("npm", "ci", "--prefer-offline", "--ignore-scripts")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return os.WriteFile(mark, want, 0o644)
})

// checked is what the checker of types says. A run of all tests begins with it
// beside the browser, which mostly waits.
var checked = sync.OnceValues(func() (string, error) {
	if err := installed(); err != nil {
		return "", err
	}
	out, err := exec.Command("node", "node_modules/typescript/bin/tsc", "-p", "jsconfig.json").CombinedOutput()
	return string(out), err
})

// The types of the modules are checked as strictly as the checker can.
func TestTypes(t *testing.T) {
	if out, err := checked(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The pages are whole without anything from elsewhere, and without what the policy
// forbids.
func TestFilesAreSelfContained(t *testing.T) {
	root := filepath.Join("..", "..", "internal", "console", "web")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, forbidden := range []string{"innerHTML", "eval(", " style=\"", "@import", "url(http", "src=\"http", "href=\"http", "document.write"} {
			if bytes.Contains(b, []byte(forbidden)) {
				t.Errorf("%s has %q", path, forbidden)
			}
		}
		if lines := bytes.Count(b, []byte("\n")); strings.HasSuffix(path, ".js") && lines > 400 {
			t.Errorf("%s has %d lines", path, lines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// violation is what axe finds.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

// axe fails the test for what is serious or worse.
func (p *tab) axe(where string) {
	p.t.Helper()
	p.settled()
	for _, v := range eval[[]violation](p, `axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 3).map(n => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`) {
		if v.Impact == "serious" || v.Impact == "critical" {
			p.t.Errorf("%s: %s (%s): %s", where, v.ID, v.Impact, v.Help)
			for _, n := range v.Nodes {
				p.t.Logf("  %.300s\n  %s", n.HTML, n.FailureSummary)
			}
		}
	}
}

// pages are those of the console beside the first.
var pages = []string{"compose", "webhooks", "dashboard", "agents", "agents/demo_agent", "brands", "phones", "quotas", "audit"}

// show goes to a page and waits until it is read.
func (p *tab) show(page string) {
	p.t.Helper()
	p.goTo(page)
	p.see("main h1", "")
	p.until(`!document.querySelector('.form-grid:empty')`, "a page that is read")
}

// withAxe puts axe on the page.
func (p *tab) withAxe() {
	p.t.Helper()
	if err := installed(); err != nil {
		p.t.Fatal(err)
	}
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(string(source) + ";0")
}

func TestAccessibility(t *testing.T) {
	s := servertest.New(t)
	s.Webhook(s.Agent())
	url := files(t)
	p := open(t, s, desktop)
	p.see(".phone-state.online", "Online")
	for _, i := range []int{1, 5, 15, 16, 20, 21, 24, 25, 9} {
		send(t, s, url, "axe-"+string(rune('a'+i)), kinds[i].json)
	}
	p.write(".write textarea", "Hello")
	p.click(".write .send", "")
	p.see(".receipt.delivered", "")
	p.withAxe()
	for _, theme := range []string{"light", "dark"} {
		p.do(`void (document.documentElement.dataset.theme = ` + js(theme) + `)`)
		for _, look := range []string{"iOS", "Android"} {
			p.click(".segmented button", look)
			p.axe(theme + " " + look)
			p.shot("live-" + theme + "-" + look)
		}
		p.click(".chat-head .who", "")
		p.axe(theme + " profile")
		p.shot("profile-" + theme)
		p.press(kb.Escape)
		p.click(".row.message", "")
		p.see(".life", "")
		p.axe(theme + " detail")
		p.press(kb.Escape)
		for _, page := range pages {
			p.show(page)
			if theme == "light" { // the narrow ones are dark
				p.axe(theme + " " + page)
			}
			p.shot("page-" + theme + "-" + strings.ReplaceAll(page, "/", "-"))
		}
		p.goTo("")
		p.see(".phone-state.online", "Online")
	}
}

// Narrow screens, and the login.
func TestNarrowAndLogin(t *testing.T) {
	s := servertest.New(t)
	url := files(t)
	const wide = 390
	p := open(t, s, size{wide, 844})
	p.see(".phone-state.online", "Online")
	send(t, s, url, "narrow", kinds[15].json)
	p.see(".card-title", "in the green")
	p.settled()
	p.shot("narrow-phone")
	p.click(".halves button", "Log")
	p.see(".row", "in the green")
	p.shot("narrow-log")
	p.withAxe()
	p.do(`void (document.documentElement.dataset.theme = 'dark')`)
	p.axe("narrow log")
	p.click(".row.message", "in the green")
	p.see(".life li", "Delivered")
	p.axe("narrow detail")
	p.press(kb.Escape)
	for _, page := range slices.Backward(pages) { // compose is the last
		p.show(page)
		p.axe("narrow " + page)
		p.shot("narrow-" + strings.ReplaceAll(page, "/", "-"))
		if w := eval[int](p, `document.documentElement.scrollWidth + scrollX`); w > wide {
			t.Errorf("%s is %d px wide on a screen of %d", page, w, wide)
		}
	}
	p.see(".composer-preview .card", "")
	if got := eval[string](p, `location.hash + sessionStorage.getItem('openrbm-token').length`); strings.Contains(got, "token") {
		t.Errorf("the token is still in the address: %s", got)
	}
	p.do(`sessionStorage.clear()`)
	p.run(chromedp.Reload())
	p.see(".login-card", "Admin token")
	p.write("#token", "wrong")
	p.click(".login-card button", "Log in")
	p.see(".login-card .field-error", "wrong")
	p.shot("login")
	p.write("#token", s.Ready.AdminToken)
	p.click(".login-card button", "Log in")
	p.see(".page-head h1", "Compose")
}
