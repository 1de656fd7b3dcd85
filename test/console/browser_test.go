// Package console tests the console and the phone in the browser, in a real
// Chromium without a window: what is sent through the API is seen on the page, and
// what is tapped on the page arrives at the agent's webhook. The pictures that it
// takes are in the directory shots.
package console

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/openrbm/openrbm/servertest"
)

// patience bounds every wait for something on a page.
const patience = 15 * time.Second

// tab is one page of a browser.
type tab struct {
	t   *testing.T
	ctx context.Context
	s   *servertest.Server
}

// browser is one Chromium for the whole run.
var browser = sync.OnceValues(func() (context.Context, error) {
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return nil, fmt.Errorf("there is no Chromium on this machine: `make deps` installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("force-color-profile", "srgb"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	atEnd = append(atEnd, stop)
	ctx, stop = chromedp.NewContext(ctx)
	atEnd = append(atEnd, stop)
	return ctx, chromedp.Do(ctx)
})

// atEnd ends the browser.
var atEnd []func()

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.run").Value.String() == "" {
		go func() { _, _ = checked() }() // TestTypes tells of it
	}
	code := m.Run()
	for _, stop := range slices.Backward(atEnd) {
		stop()
	}
	os.Exit(code)
}

// size of a window in CSS px.
type size struct{ w, h int64 }

var desktop = size{1440, 900}

// open starts a page of its own memory at the console of s. What the page says on
// its console is a failure: errors of scripts, and what the policy has refused.
func open(t *testing.T, s *servertest.Server, window size) *tab {
	t.Helper()
	root, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	p := &tab{t: t, ctx: ctx, s: s}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(window.w, window.h)); err != nil {
		t.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	var listening sync.WaitGroup
	listening.Go(func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleException || m.Type == "error" && !expected(m.Text) {
				t.Errorf("the page says: %s (%s:%d)", m.Text, m.URL, m.Line)
			}
		}
	})
	t.Cleanup(func() { cancel(); listening.Wait() })
	p.run(chromedp.Navigate(s.Ready.ConsoleURL))
	return p
}

// expected are messages of the browser itself about answers that a test wants.
func expected(text string) bool {
	return strings.Contains(text, "the server responded with a status of 4")
}

func (p *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%v", err)
	}
}

// js is v as JavaScript.
func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// eval is the value of an expression, which may be a promise.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// do runs an expression for what it does.
func (p *tab) do(expression string) {
	p.t.Helper()
	eval[chromedp.Void](p, expression)
}

// find is an expression for the first visible element of the selector that has
// the text, or null.
func find(selector, text string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(%s)].filter(e => e.checkVisibility() && (e.textContent + ' ' + (e.getAttribute('aria-label') ?? '') + ' ' + (e.value ?? '')).includes(%s)).at(-1)`, js(selector), js(text))
}

// see waits until an element of the selector with the text is visible.
func (p *tab) see(selector, text string) {
	p.t.Helper()
	p.until(find(selector, text)+" !== undefined", "%s with the text %q", selector, text)
}

// gone waits until no such element is visible.
func (p *tab) gone(selector, text string) {
	p.t.Helper()
	p.until(find(selector, text)+" === undefined", "no %s with the text %q", selector, text)
}

// until waits for an expression to be true.
func (p *tab) until(expression, format string, args ...any) {
	p.t.Helper()
	if eval[bool](p, fmt.Sprintf(`(async () => { for (const end = Date.now() + %d; Date.now() < end; await new Promise(r => setTimeout(r, 20))) if (await (%s)) return true; return false })()`,
		(patience-time.Second).Milliseconds(), expression)) {
		return
	}
	p.shot("failed-" + strings.ReplaceAll(p.t.Name(), "/", "-"))
	p.t.Fatalf("the page has not come to "+format, args...)
}

// click clicks the element as a mouse does.
func (p *tab) click(selector, text string) {
	p.t.Helper()
	p.see(selector, text)
	at := eval[struct{ X, Y float64 }](p, `(async () => { const e = `+find(selector, text)+`; e.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
		for (let last = '';;) { await new Promise(requestAnimationFrame); const r = e.getBoundingClientRect(); const now = r.x + ' ' + r.y;
		if (now === last) return {X: r.x + r.width / 2, Y: r.y + r.height / 2}; last = now; } })()`)
	p.run(chromedp.MouseClickXY(at.X, at.Y))
}

// activate does what a click does, wherever the element is just now: what stands
// below a list that grows moves between a look and a click.
func (p *tab) activate(selector, text string) {
	p.t.Helper()
	p.see(selector, text)
	p.do(find(selector, text) + ".click()")
}

// write types text into the field of the selector.
func (p *tab) write(selector, text string) {
	p.t.Helper()
	p.see(selector, "")
	p.do(fmt.Sprintf(`(() => { const e = %s; e.focus(); e.value = ''; e.value = %s; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})) })()`, find(selector, ""), js(text)))
}

func (p *tab) press(key string) {
	p.t.Helper()
	p.run(chromedp.KeyEvent(key))
}

// goTo shows a page of the console.
func (p *tab) goTo(path string) {
	p.t.Helper()
	p.do("void (location.hash = " + js("#/"+path) + ")")
}

// shot keeps a picture of the page.
func (p *tab) shot(name string) []byte {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.MkdirAll("shots", 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("shots", name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return png
}

// settled waits until the pictures that are in view are loaded and animations over.
func (p *tab) settled() {
	p.t.Helper()
	p.until(`[...document.images].every(i => { const r = i.getBoundingClientRect(), o = (i.closest('.thread') ?? document.body).getBoundingClientRect();
		return i.complete || i.loading === 'lazy' && (r.bottom <= o.top || r.top >= o.bottom) }) &&
		document.getAnimations().every(a => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)`, "pictures and animations")
}
