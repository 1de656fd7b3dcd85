package httpapi

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/apidoc"
	"github.com/openrbm/openrbm/rbm"
)

// mask is the system parameter fields: which fields of an answer are wanted. The
// value of a name is what is wanted below it, nil for all of it; the name "*" is
// any (facts/rbm-api.md §7.1).
type mask map[string]mask

// The bounds of a mask. No answer is nested as deep.
const (
	maxMask      = 8192 // bytes
	maxMaskDepth = 32
)

// parseMask reads a list such as a,b/c,d(e,f),*. A '.' does for a '/', and names
// may be in snake_case. An empty list is no mask.
func parseMask(s string) (mask, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) > maxMask {
		return nil, badMask(s[:64]+"…", fmt.Sprintf("it is longer than %d bytes", maxMask))
	}
	p := maskParser{text: s, rest: s}
	m := mask{}
	if err := p.list(m, 1); err != nil {
		return nil, err
	}
	if p.rest != "" {
		return nil, p.unexpected()
	}
	return m, nil
}

func badMask(mask, why string) error {
	return rbm.InvalidArgument(rbm.Violation{Field: "fields", Description: fmt.Sprintf("Error parsing 'fields' parameter '%s': %s.", mask, why)})
}

type maskParser struct{ text, rest string }

func (p *maskParser) unexpected() error {
	if p.rest == "" {
		return badMask(p.text, "it ends too early")
	}
	return badMask(p.text, fmt.Sprintf("unexpected %q at position %d", []rune(p.rest)[0], len(p.text)-len(p.rest)))
}

// take takes the next byte if it is c.
func (p *maskParser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// list reads fields with commas between into m.
func (p *maskParser) list(m mask, depth int) error {
	for {
		if err := p.field(m, depth); err != nil {
			return err
		}
		if !p.take(',') {
			return nil
		}
	}
}

// field reads a path, and what is wanted below it, into m.
func (p *maskParser) field(m mask, depth int) error {
	if depth > maxMaskDepth {
		return badMask(p.text, fmt.Sprintf("it is nested deeper than %d", maxMaskDepth))
	}
	name := p.name()
	if name == "" {
		return p.unexpected()
	}
	path := p.take('/') || p.take('.')
	if !path && !p.take('(') {
		m[name] = nil
		return nil
	}
	below, known := m[name]
	if below == nil {
		below = mask{}
	}
	if !known {
		m[name] = below // and if all of it was wanted before, it still is
	}
	if path {
		return p.field(below, depth+1)
	}
	if err := p.list(below, depth+1); err != nil {
		return err
	}
	if !p.take(')') {
		return p.unexpected()
	}
	return nil
}

// name reads a field's name in camelCase, or "*".
func (p *maskParser) name() string {
	if p.take('*') {
		return "*"
	}
	n := 0
	for n < len(p.rest) && isNameByte(p.rest[n]) {
		n++
	}
	name := p.rest[:n]
	p.rest = p.rest[n:]
	return camel(name)
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '@'
}

// check says which fields of the mask answers of type t cannot have. What is
// below a "*" is not checked: it may be there in some of the fields.
func (m mask) check(t *apidoc.Type, path string) (wrong []rbm.Violation) {
	for t.Kind == apidoc.Array {
		t = t.Elem
	}
	if t.Kind == apidoc.Map || t.Kind == apidoc.Any {
		return nil
	}
	for name, below := range m {
		switch f := t.Field(name); {
		case name == "*":
		case f == nil:
			at := path + name
			wrong = append(wrong, rbm.Violation{Field: at, Description: fmt.Sprintf(
				"Error expanding 'fields' parameter. Cannot find matching fields for path '%s'.", at)})
		case below != nil:
			wrong = append(wrong, below.check(f.Type, path+name+".")...)
		}
	}
	slices.SortFunc(wrong, func(a, b rbm.Violation) int { return strings.Compare(a.Field, b.Field) })
	return wrong
}

// apply is what the mask leaves of raw, in compact form. A list is looked
// through, a set object stays though nothing of it is left.
func (m mask) apply(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	s := selection{dec: jsontext.NewDecoder(bytes.NewReader(raw)), enc: jsontext.NewEncoder(&out)}
	if err := s.value([]mask{m}); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

type selection struct {
	dec *jsontext.Decoder
	enc *jsontext.Encoder
}

// value copies the fields of the next value that one of wanted has.
func (s *selection) value(wanted []mask) error {
	kind := s.dec.PeekKind()
	if kind != '{' && kind != '[' {
		return s.copy()
	}
	if err := s.token(); err != nil {
		return err
	}
	for s.dec.PeekKind() != '}' && s.dec.PeekKind() != ']' {
		var err error
		if kind == '[' {
			err = s.value(wanted)
		} else {
			err = s.member(wanted)
		}
		if err != nil {
			return err
		}
	}
	return s.token()
}

func (s *selection) member(wanted []mask) error {
	token, err := s.dec.ReadToken()
	if err != nil {
		return err
	}
	name := token.String()
	below, all := under(wanted, name)
	if len(below) == 0 && !all {
		return s.dec.SkipValue()
	}
	if err := s.enc.WriteToken(jsontext.String(name)); err != nil {
		return err
	}
	if all {
		return s.copy()
	}
	return s.value(below)
}

// under is what is wanted below the field of that name; all is all of it.
func under(wanted []mask, name string) (below []mask, all bool) {
	for _, m := range wanted {
		for _, n := range [...]string{name, "*"} {
			if sub, has := m[n]; has {
				below, all = append(below, sub), all || sub == nil
			}
		}
	}
	return below, all
}

func (s *selection) token() error {
	t, err := s.dec.ReadToken()
	if err != nil {
		return err
	}
	return s.enc.WriteToken(t)
}

func (s *selection) copy() error {
	v, err := s.dec.ReadValue()
	if err != nil {
		return err
	}
	return s.enc.WriteValue(v)
}
