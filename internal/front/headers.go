package front

import (
	"net/http"
	"net/url"
	"strings"
)

// Headers are what every answer tells browsers. They are values that all answers
// share: no answer makes its own.
type Headers struct {
	api, console, hsts []string
}

var (
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
)

// ConsolePath is where the console is served, with a policy of its own.
const ConsolePath = "/console/"

// NewHeaders returns the headers of a server whose API is at base, such as
// https://rcs.example.com. If that is HTTPS, browsers are told to stay with it for
// two years.
func NewHeaders(base string) *Headers {
	h := &Headers{
		api:     []string{"default-src 'none'; frame-ancestors 'none'"},
		console: []string{consolePolicy(base)},
	}
	if strings.HasPrefix(base, "https://") {
		h.hsts = []string{"max-age=63072000"}
	}
	return h
}

// consolePolicy lets the console run scripts and styles from its own files only,
// never inline, and speak with the API, which may be at another address than the
// console, and show files from there. Frames are for the web views of messages: the
// page that a user has tapped, in a sandbox.
func consolePolicy(base string) string {
	origin := ""
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		origin = " " + u.Scheme + "://" + u.Host
	}
	sockets := strings.Replace(origin, " http", " ws", 1)
	return "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; " +
		"connect-src 'self'" + origin + sockets + "; img-src 'self' data: blob:" + origin + "; media-src 'self' blob:" + origin + "; frame-src http: https:" +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// Wrap sets the headers before next answers; next may change them.
func (h *Headers) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		set := w.Header()
		set["X-Content-Type-Options"] = nosniff
		set["Referrer-Policy"] = noReferrer
		set["Content-Security-Policy"] = h.api
		if strings.HasPrefix(r.URL.Path, ConsolePath) {
			set["Content-Security-Policy"] = h.console
		}
		if h.hsts != nil {
			set["Strict-Transport-Security"] = h.hsts
		}
		next.ServeHTTP(w, r)
	})
}
