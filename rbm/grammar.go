package rbm

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// canonicalize reads a body leniently and writes it as strict JSON that the
// struct of the schema takes, or fails with all that is wrong.
func canonicalize(m *MessageSchema, body []byte, field string) ([]byte, error) {
	n, err := parse(body)
	if err != nil {
		return nil, err
	}
	root := path{name: field, index: -1}
	var w writer
	switch n.kind {
	case '{':
		w.message(m, &n, &root)
	case 'n':
		w.out = []byte("{}")
	default:
		w.unknown(&path{}, "", "Root element must be a message.")
	}
	if w.unlisted > 0 {
		w.violations = append(w.violations, Violation{Description: fmt.Sprintf("%d more problems are not listed.", w.unlisted)})
	}
	if len(w.violations) > 0 {
		return nil, InvalidArgument(w.violations...)
	}
	return w.out, nil
}

// writer walks a tree by a schema. It writes canonical JSON, which is of no
// use once there is a violation.
type writer struct {
	out        []byte
	violations []Violation
	unlisted   int
}

func (w *writer) violate(at *path, description string) {
	if len(w.violations) == MaxViolations {
		w.unlisted++
		return
	}
	w.violations = append(w.violations, Violation{at.String(), description})
}

// unknown is the violation of a name in the message at that path.
func (w *writer) unknown(at *path, name, why string) {
	w.violate(at, fmt.Sprintf("Invalid JSON payload received. Unknown name \"%s\"%s: %s", name, at.at(), why))
}

// invalid is the violation of a value; kind is its proto type.
func (w *writer) invalid(at *path, kind, why string) {
	w.violate(at, "Invalid value"+at.at()+" ("+kind+"), "+why)
}

func (w *writer) message(m *MessageSchema, n *node, at *path) {
	set := make([]bool, len(m.Fields))
	oneofs := map[string]bool{}
	w.out = append(w.out, '{')
	for i, name := range n.names {
		kid := &n.kids[i]
		index, ok := m.byName[name]
		if !ok {
			w.unknown(at, name, "Cannot find field.")
			continue
		}
		f := &m.Fields[index]
		switch {
		case f.OutputOnly, kid.kind == 'n', f.Oneof != "" && kid.kind == '"' && f.Kind == KindString && kid.text == "":
			continue
		case f.Oneof != "" && oneofs[f.Oneof]:
			w.invalid(at, "oneof", fmt.Sprintf("oneof field '%s' is already set. Cannot set '%s'", f.Oneof, f.JSON))
		case set[index]:
			w.invalid(at, f.Name, "field is already set.")
		}
		set[index], oneofs[f.Oneof] = true, true
		w.name(f.JSON)
		w.field(f, kid, at, name)
	}
	w.out = append(w.out, '}')
}

// name begins a member of an object.
func (w *writer) name(name string) {
	if w.out[len(w.out)-1] != '{' {
		w.out = append(w.out, ',')
	}
	w.str(name)
	w.out = append(w.out, ':')
}

func (w *writer) str(s string) {
	w.out, _ = jsontext.AppendQuote(w.out, s) // the parser has seen to UTF-8
}

// field writes a field of the message at parent; name is as it was sent.
func (w *writer) field(f *FieldSchema, n *node, parent *path, name string) {
	if f.Map && n.kind == '{' {
		w.entries(f, n, parent)
		return
	}
	if !f.Repeated {
		at := parent.field(f.Name)
		w.element(f, n, &at, parent, name)
		return
	}
	w.out = append(w.out, '[')
	if n.kind != '[' { // one element in place of a list
		at := parent.field(f.Name)
		w.element(f, n, &at, parent, name)
	}
	for i := range n.kids {
		if n.kind != '[' {
			break
		}
		if i > 0 {
			w.out = append(w.out, ',')
		}
		at := parent.item(f.Name, i)
		w.element(f, &n.kids[i], &at, parent, name)
	}
	w.out = append(w.out, ']')
}

// entries writes a map, which in proto is a list of keys with values.
func (w *writer) entries(f *FieldSchema, n *node, parent *path) {
	w.out = append(w.out, '{')
	seen := make(map[string]bool, len(n.names))
	for i, key := range n.names {
		entry := parent.item(f.Name, i)
		at := entry.field("value")
		if seen[key] {
			w.invalid(&at, f.Name, "field is already set.")
		}
		seen[key] = true
		w.name(key)
		switch kid := &n.kids[i]; kid.kind {
		case '{':
			w.message(f.Message, kid, &at)
		case 'n':
			w.out = append(w.out, "{}"...)
		default:
			w.invalid(&at, f.TypeName(), kid.text)
		}
	}
	w.out = append(w.out, '}')
}

func (w *writer) element(f *FieldSchema, n *node, at, parent *path, name string) {
	switch {
	case n.kind == 'n':
		w.out = append(w.out, "null"...) // a list element: an empty one
	case n.kind == '[':
		w.unknown(parent, name, "Proto field is not repeating, cannot start list.")
	case f.Kind == KindMessage && n.kind == '{':
		w.message(f.Message, n, at)
	case f.Kind == KindStruct && n.kind == '{':
		w.free(n, at)
	case n.kind == '{':
		w.invalid(parent, f.Name, "Starting an object on a scalar field")
	default:
		if why, ok := w.scalar(f, n, name); !ok {
			w.invalid(at, f.TypeName(), why)
		}
	}
}

// scalar writes a value that is no object or list, or says why it does not fit.
func (w *writer) scalar(f *FieldSchema, n *node, name string) (why string, ok bool) {
	why = n.text
	if n.kind == '"' {
		why = `"` + n.text + `"`
	}
	quoted, numeric := n.kind == '"', n.kind == '"' || n.kind == '0'
	switch f.Kind {
	case KindString:
		if ok = quoted; ok {
			w.str(n.text)
		}
	case KindBool:
		if ok = n.text == "true" || n.text == "false"; ok {
			w.out = append(w.out, n.text...)
		}
	case KindInt32, KindInt64:
		ok = numeric && w.integer(f, n.text)
	case KindDouble:
		ok = numeric && w.double(n.text)
	case KindEnum:
		ok = numeric && w.enum(f.Enum, n.text)
	case KindTimestamp:
		if quoted {
			var t Timestamp
			ok = t.UnmarshalText([]byte(n.text)) == nil
			why = "Field '" + name + "', Invalid time format: " + n.text
			w.str(n.text)
		}
	case KindDuration:
		if quoted {
			var d Duration
			err := d.UnmarshalText([]byte(n.text))
			if ok = err == nil; !ok {
				why = "Field '" + name + "', Illegal duration format; " + err.Error()
			}
			w.str(n.text)
		}
	}
	return why, ok
}

func (w *writer) integer(f *FieldSchema, text string) bool {
	i, err := strconv.ParseInt(text, 10, 64)
	if err != nil { // 3.0 and 1e3 are integers too
		d, err := strconv.ParseFloat(text, 64)
		if err != nil || !isNumber(text) || d != math.Trunc(d) || math.Abs(d) >= 1<<53 {
			return false
		}
		i = int64(d)
	}
	if f.Kind == KindInt32 {
		w.out = strconv.AppendInt(w.out, i, 10)
		return i == int64(int32(i))
	}
	w.str(strconv.FormatInt(i, 10))
	return true
}

func (w *writer) double(text string) bool {
	d, err := strconv.ParseFloat(text, 64)
	if err != nil || !isNumber(text) {
		return false
	}
	w.out = strconv.AppendFloat(w.out, d, 'g', -1, 64)
	return true
}

// enum writes the value with that name or number; the unspecified one as "".
func (w *writer) enum(e *EnumSchema, text string) bool {
	i := slices.Index(e.Values, text)
	if number, err := strconv.Atoi(text); err == nil && number < len(e.Values) {
		i = number
	}
	switch {
	case i == 0 || text == "":
		w.str("")
	case i > 0:
		w.str(e.Values[i])
	default:
		return false
	}
	return true
}

// free writes a value of a google.protobuf.Struct as it is.
func (w *writer) free(n *node, at *path) {
	switch n.kind {
	case '{':
		w.out = append(w.out, '{')
		seen := make(map[string]bool, len(n.names))
		for i, name := range n.names {
			if seen[name] {
				w.invalid(at, name, "field is already set.")
			}
			seen[name] = true
			w.name(name)
			w.free(&n.kids[i], at)
		}
		w.out = append(w.out, '}')
	case '[':
		w.out = append(w.out, '[')
		for i := range n.kids {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.free(&n.kids[i], at)
		}
		w.out = append(w.out, ']')
	case '"':
		w.str(n.text)
	case '0':
		if !w.double(n.text) {
			w.invalid(at, "TYPE_DOUBLE", n.text)
		}
	default:
		w.out = append(w.out, n.text...)
	}
}
