package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// matcher compares an answer with what is expected of it.
type matcher struct {
	vars  vars
	wrong []string
	later []func() // checks of what is kept, for when all of it is
}

func (m *matcher) differ(at, format string, args ...any) {
	m.wrong = append(m.wrong, strings.TrimPrefix(at, ".")+": "+fmt.Sprintf(format, args...))
}

// patterns are the texts that <any> and the others stand for.
var patterns = map[string]string{
	"any":  `(?s:.*)`,
	"time": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}(?:\d{3}){0,2})?Z`, // facts/rbm-api.md §7.5
	"uuid": `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
}

// special is a variable, a pattern that may be kept, or a sum.
var special = regexp.MustCompile(variable.String() +
	`|<(any|time|uuid)(?:=([A-Z]+[0-9]*))?>|<time ([A-Z]+[0-9]*)\+([0-9.]+s)>`)

// text compares a text with one that has variables and patterns in it.
func (m *matcher) text(at, want, got string) bool {
	refs, expr := special.FindAllStringSubmatch(want, -1), ""
	for i, literal := range special.Split(want, -1) {
		expr += quote(literal)
		if i < len(refs) {
			expr += "(" + m.pattern(at, refs[i]) + ")"
		}
	}
	found := regexp.MustCompile("^" + expr + "$").FindStringSubmatch(got)
	if found == nil {
		return false
	}
	for i, ref := range refs {
		if keep := ref[3]; keep != "" {
			m.vars[keep] = found[i+1]
		}
		if base, plus := ref[4], ref[5]; base != "" {
			m.later = append(m.later, func() { m.sum(at, base, plus, found[i+1]) })
		}
	}
	return true
}

func (m *matcher) pattern(at string, ref []string) string {
	if ref[1] == "" {
		return patterns[cmp.Or(ref[2], "time")]
	}
	value, err := m.vars.get(ref[1])
	if err != nil {
		m.differ(at, "%v", err)
	}
	return quote(value)
}

// quote is the expression for a text; expressions must be UTF-8.
func quote(s string) string { return regexp.QuoteMeta(strings.ToValidUTF8(s, "\uFFFD")) }

// sum checks that got is the time that was kept as base, and so much more.
func (m *matcher) sum(at, base, plus, got string) {
	from, err := time.Parse(time.RFC3339, m.vars[base])
	to, err2 := time.Parse(time.RFC3339, got)
	more, err3 := time.ParseDuration(plus)
	if err != nil || err2 != nil || err3 != nil || !to.Equal(from.Add(more)) {
		m.differ(at, "got %s, want %s and %s more", got, m.vars[base], plus)
	}
}

// json compares JSON values.
func (m *matcher) json(at string, want, got any) {
	switch w := want.(type) {
	case string:
		if m.value(at, w, got) {
			return
		}
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			m.object(at, w, g)
			return
		}
	case []any:
		if g, ok := got.([]any); ok {
			m.list(at, w, g)
			return
		}
	default: // a number, true, false, null
		if want == got {
			return
		}
	}
	m.differ(at, "got %s, want %s", show(got), show(want))
}

// value compares with a string, which may be the pattern for any value.
func (m *matcher) value(at, want string, got any) bool {
	s, ok := got.(string)
	if !ok && strings.HasPrefix(want, "<any") {
		s, ok = show(got), true
	}
	return ok && m.text(at, want, s)
}

func (m *matcher) object(at string, want, got map[string]any) {
	known := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		plain, optional := strings.CutSuffix(name, "?")
		plain = m.name(at, plain)
		known[plain] = true
		if g, there := got[plain]; there {
			m.json(at+"."+plain, want[name], g)
		} else if !optional {
			m.differ(at+"."+plain, "missing, want %s", show(want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if !known[name] {
			m.differ(at+"."+name, "not expected: %s", show(got[name]))
		}
	}
}

// name puts the variables into the name of a member, as maps have them.
func (m *matcher) name(at, name string) string {
	return variable.ReplaceAllStringFunc(name, func(ref string) string {
		value, err := m.vars.get(ref[2 : len(ref)-1])
		if err != nil {
			m.differ(at, "%v", err)
		}
		return value
	})
}

func (m *matcher) list(at string, want, got []any) {
	if n := len(want); n > 0 && want[n-1] == "<more>" {
		m.among(at, want[:n-1], got)
		return
	}
	if len(want) != len(got) {
		m.differ(at, "%d elements, want %d: %s", len(got), len(want), show(got))
		return
	}
	for i := range want {
		m.json(fmt.Sprintf("%s[%d]", at, i), want[i], got[i])
	}
}

// among checks that each wanted element is somewhere in a list.
func (m *matcher) among(at string, want, got []any) {
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g any) bool {
			try := &matcher{vars: m.vars}
			try.json("", w, g)
			return len(try.wrong) == 0
		}) {
			m.differ(at, "no element %s in %s", show(w), show(got))
		}
	}
}

// show is a value that was read from JSON as compact JSON.
func show(v any) string {
	b, _ := json.Marshal(v, json.Deterministic(true)) // what was JSON can be
	return string(b)
}
