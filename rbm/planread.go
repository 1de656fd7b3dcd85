package rbm

import (
	"encoding"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// readPlainly reads a message into v, a pointer to a struct, if its JSON is
// strict and has nothing but fields that v has, each once and not null. If it is
// not, v is left in any state. Strings of v lie in one copy of the body.
func readPlainly(body []byte, v reflect.Value) bool {
	p := planOf(v.Type().Elem())
	if p == nil {
		return false
	}
	r := reader{in: string(body)}
	if !p.read(&r, v.Elem()) {
		return false
	}
	r.space()
	return r.at == len(r.in)
}

// reader goes through a JSON text. Its methods are false for what is not plain.
type reader struct {
	in string
	at int
}

func (r *reader) space() {
	for r.at < len(r.in) {
		switch r.in[r.at] {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return
		}
	}
}

// mark passes c, and the white space before it.
func (r *reader) mark(c byte) bool {
	r.space()
	if r.at < len(r.in) && r.in[r.at] == c {
		r.at++
		return true
	}
	return false
}

// text reads a string.
func (r *reader) text() (string, bool) {
	if !r.mark('"') {
		return "", false
	}
	begin, escaped, ascii := r.at, false, true
	for ; r.at < len(r.in); r.at++ {
		switch c := r.in[r.at]; {
		case c == '"':
			s := r.in[begin:r.at]
			r.at++
			if escaped {
				unquoted, err := jsontext.AppendUnquote(nil, r.in[begin-1:r.at])
				return string(unquoted), err == nil
			}
			return s, ascii || utf8.ValidString(s)
		case c == '\\':
			escaped = true
			r.at++
		case c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", false
}

func (r *reader) object(v reflect.Value, members []planField) bool {
	if !r.mark('{') {
		return false
	}
	if r.mark('}') {
		return true
	}
	var seen uint64
	for next := 0; ; next++ {
		name, ok := r.text()
		if !ok || !r.mark(':') {
			return false
		}
		if next = find(members, name, next); next < 0 || seen&(1<<next) != 0 {
			return false
		}
		seen |= 1 << next
		if m := &members[next]; !m.read(r, v.Field(m.index)) {
			return false
		}
		if r.mark('}') {
			return true
		}
		if !r.mark(',') {
			return false
		}
	}
}

// find is the place of the field with that name, looked for from a place on, as
// most messages have their fields in order; -1 if there is none.
func find(members []planField, name string, from int) int {
	for i := range members {
		at := (from + i) % len(members)
		if members[at].name == name {
			return at
		}
	}
	return -1
}

func (r *reader) list(v reflect.Value, read func(*reader, reflect.Value) bool) bool {
	if !r.mark('[') {
		return false
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 4))
	if r.mark(']') {
		return true
	}
	for n := 0; ; n++ {
		v.Grow(1)
		v.SetLen(n + 1)
		e := v.Index(n)
		e.SetZero()
		if !read(r, e) {
			return false
		}
		if r.mark(']') {
			return true
		}
		if !r.mark(',') {
			return false
		}
	}
}

func readString(r *reader, v reflect.Value) bool {
	s, ok := r.text()
	v.SetString(s)
	return ok
}

func readText(r *reader, v reflect.Value) bool {
	s, ok := r.text()
	return ok && v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)) == nil
}

func readBool(r *reader, v reflect.Value) bool {
	word := r.word()
	v.SetBool(word == "true")
	return word == "true" || word == "false"
}

func readNumber(r *reader, v reflect.Value) bool {
	word := r.word()
	return word != "null" && json.Unmarshal([]byte(word), v.Addr().Interface()) == nil
}

// word reads up to what ends a number, true, false or null.
func (r *reader) word() string {
	r.space()
	n := strings.IndexAny(r.in[r.at:], ",]} \n\t\r")
	if n < 0 {
		return ""
	}
	word := r.in[r.at : r.at+n]
	r.at += n
	return word
}
