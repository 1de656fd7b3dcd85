package rbm

import (
	"encoding"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// plan is how the values of one type are read and written without the general
// machinery of the JSON package, which takes four times as long
// (docs/performance.md). It does exactly what that package does, or nothing: read
// is false for whatever is not plain, and types that are not plain have no plan.
type plan struct {
	write func([]byte, reflect.Value) ([]byte, error)
	read  func(*reader, reflect.Value) bool
}

// planField is a field of a struct.
type planField struct {
	plan
	index int
	name  string
	intro string // the name as it is written, with its colon
	omit  func(reflect.Value) bool
}

// zeroer is a value that says itself whether it is not set.
type zeroer interface{ IsZero() bool }

var plans sync.Map // reflect.Type → *plan, nil for types that have none

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := newPlan(t)
	plans.Store(t, p)
	return p
}

func newPlan(t reflect.Type) *plan {
	switch p := reflect.PointerTo(t); {
	case t == reflect.TypeFor[Timestamp](), t == reflect.TypeFor[Duration]():
		return &plan{writeText, readText}
	case isMarshaler(p):
		return nil
	}
	switch t.Kind() {
	case reflect.String:
		return &plan{writeString, readString}
	case reflect.Bool:
		return &plan{writeBool, readBool}
	case reflect.Int32, reflect.Int64, reflect.Float64:
		return &plan{writeNumber, readNumber}
	case reflect.Pointer:
		return pointerPlan(t.Elem())
	case reflect.Slice:
		return slicePlan(t.Elem())
	case reflect.Struct:
		return structPlan(t)
	}
	return nil
}

// isMarshaler says that t has its own idea of its JSON.
func isMarshaler(t reflect.Type) bool {
	for _, i := range []reflect.Type{
		reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.MarshalerTo](), reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextAppender](),
		reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[encoding.TextUnmarshaler](),
	} {
		if t.Implements(i) {
			return true
		}
	}
	return false
}

func structPlan(t reflect.Type) *plan {
	members := make([]planField, t.NumField())
	for i := range members {
		m, ok := newMember(t.Field(i))
		if !ok || i >= 64 {
			return nil
		}
		m.index = i
		members[i] = m
	}
	return &plan{
		write: func(b []byte, v reflect.Value) ([]byte, error) { return writeObject(b, v, members) },
		read:  func(r *reader, v reflect.Value) bool { return r.object(v, members) },
	}
}

func newMember(f reflect.StructField) (m planField, ok bool) {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	p := planOf(f.Type)
	if p == nil || f.Anonymous || !f.IsExported() || name == "" || name == "-" {
		return m, false
	}
	quoted, err := jsontext.AppendQuote(nil, name)
	m = planField{plan: *p, name: name, intro: string(quoted) + ":", omit: func(reflect.Value) bool { return false }}
	for option := range strings.SplitSeq(options, ",") {
		switch {
		case option == "":
		case option == "omitzero":
			m.omit = reflect.Value.IsZero
			if f.Type.Implements(reflect.TypeFor[zeroer]()) {
				m.omit = func(v reflect.Value) bool { return v.IsZero() || v.Interface().(zeroer).IsZero() }
			}
		case option == "omitempty" && f.Type.Kind() == reflect.Slice:
			m.omit = func(v reflect.Value) bool { return v.Len() == 0 }
		case option == "string" && f.Type.Kind() == reflect.Int64:
			m.plan = plan{writeQuotedNumber, func(*reader, reflect.Value) bool { return false }}
		default:
			return m, false
		}
	}
	return m, err == nil
}

func pointerPlan(elem reflect.Type) *plan {
	p := planOf(elem)
	if p == nil {
		return nil
	}
	return &plan{
		write: func(b []byte, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return append(b, "null"...), nil
			}
			return p.write(b, v.Elem())
		},
		read: func(r *reader, v reflect.Value) bool {
			n := reflect.New(elem)
			v.Set(n)
			return p.read(r, n.Elem())
		},
	}
}

func slicePlan(elem reflect.Type) *plan {
	p := planOf(elem)
	if p == nil || elem.Kind() == reflect.Uint8 {
		return nil
	}
	return &plan{
		write: func(b []byte, v reflect.Value) (_ []byte, err error) {
			b = append(b, '[')
			for i := range v.Len() {
				if i > 0 {
					b = append(b, ',')
				}
				if b, err = p.write(b, v.Index(i)); err != nil {
					return b, err
				}
			}
			return append(b, ']'), nil
		},
		read: func(r *reader, v reflect.Value) bool { return r.list(v, p.read) },
	}
}
