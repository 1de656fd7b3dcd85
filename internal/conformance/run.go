package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/openrbm/openrbm/rbm"
)

// Target is a server and who calls it.
type Target struct {
	// URL is the base URL, http or https, without a path.
	URL string
	// Vars are what scripts know from the beginning: TOKEN, AGENT, PHONE and, if
	// known, ADMIN, WEBHOOK and WHTOKEN. The phone should not be connected: its
	// messages must wait.
	Vars map[string]string
	// Key is the key file of the agent's service account. ${ASSERTION} signs with
	// it: by default for the messaging scope, the audience ${URL}/token and the
	// hour from now on. Its arguments set a claim (iss, sub, scope with commas
	// between, aud, target_audience; iat and exp in seconds from now) or a header
	// (kid, typ), an empty value leaves it out; signature=wrong spoils it.
	Key []byte
	// PartnerKey is the key file of the partner's service account, if known:
	// ${ASSERTION key=partner} signs with it, and ${PARTNER} is its client_email.
	PartnerKey []byte
}

// Result is how a step ended.
type Result struct {
	Step *Step
	// Wrong says what is wrong with the answer, a line for each; none: all is as it
	// should be.
	Wrong []string
}

// Missing lists the variables that the script needs and the target lacks.
func (t *Target) Missing(s *Script) []string {
	v := t.vars()
	return slices.DeleteFunc(slices.Clone(s.Needs), func(name string) bool { return v[name] != "" })
}

// Run runs the steps of a script, one after the other, each whatever became of
// those before. It ends early only with ctx.
func (t *Target) Run(ctx context.Context, s *Script) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		v := t.vars()
		for i := range s.Steps {
			r := Result{Step: &s.Steps[i]}
			if got, err := t.send(ctx, r.Step, v); err != nil {
				r.Wrong = strings.Split(err.Error(), "\n")
			} else {
				r.Wrong = r.Step.check(got, v)
			}
			if !yield(r) || ctx.Err() != nil {
				return
			}
		}
	}
}

func (t *Target) base() string { return strings.TrimSuffix(t.URL, "/") }

// vars are the variables at the beginning of a script.
func (t *Target) vars() vars {
	v := vars(maps.Clone(t.Vars))
	v["URL"], v["DIGITS"] = t.base(), strings.TrimPrefix(v["PHONE"], "+")
	_, v["HOST"], _ = strings.Cut(t.base(), "://")
	if rbm.IsUSPhone(v["PHONE"]) {
		v["USPHONE"] = v["PHONE"]
	}
	if t.PartnerKey != nil {
		partner, _ := readKey(t.PartnerKey) // what is wrong with it, the first JWT says
		v["PARTNER"] = cmp.Or(partner.Email, "unknown")
	}
	return v
}

// send makes one step and returns the answer.
func (t *Target) send(ctx context.Context, s *Step, v vars) (*response, error) {
	u, err := url.Parse(t.base())
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Host != v["HOST"] {
		return nil, errors.New("the base URL must be http://HOST or https://HOST, with or without a port")
	}
	request, err := t.request(s, v, time.Now())
	if err != nil {
		return nil, err
	}
	return exchange(ctx, u, request)
}

// check compares an answer with what the step expects, and keeps what it says to.
func (s *Step) check(got *response, v vars) []string {
	if got.status != s.status {
		return append([]string{fmt.Sprintf("status: got %d, want %d", got.status, s.status)},
			strings.Split(strings.TrimSpace(string(got.body)), "\n")...)
	}
	m := &matcher{vars: v}
	for _, h := range s.header {
		m.header(h[0], h[1], got.header.Values(h[0]))
	}
	if s.raw {
		m.raw(s.text, string(got.body))
	} else {
		m.body(s.want, got)
	}
	for _, check := range m.later {
		check()
	}
	return m.wrong
}

func (m *matcher) header(name, want string, got []string) {
	ok := slices.ContainsFunc(got, func(value string) bool { return m.text(name, want, value) })
	if !ok && (want != "<none>" || len(got) > 0) {
		m.differ(name, "got %q, want %q", got, want)
	}
}

// body compares JSON, which must say that it is; nil is no body.
func (m *matcher) body(want any, got *response) {
	if want == nil && len(got.body) == 0 {
		return
	}
	if kind, _, err := mime.ParseMediaType(got.header.Get("Content-Type")); err != nil || kind != "application/json" {
		m.differ("Content-Type", "got %q, want application/json", got.header.Get("Content-Type"))
	}
	var v any
	if err := json.Unmarshal(got.body, &v); err != nil {
		m.differ("body", "not JSON: %v", err)
		return
	}
	m.json("", want, v)
}

// raw compares a text and shows both from the first line that differs on.
func (m *matcher) raw(want, got string) {
	if m.text("body", want, got) {
		return
	}
	w, g := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	at := 0
	for at < min(len(w), len(g))-1 && m.text("body", w[at], g[at]) {
		at++
	}
	m.differ("body", "differs from line %d on", at+1)
	for _, line := range w[at:] {
		m.wrong = append(m.wrong, fmt.Sprintf("- %q", line))
	}
	for _, line := range g[at:] {
		m.wrong = append(m.wrong, fmt.Sprintf("+ %q", line))
	}
}
