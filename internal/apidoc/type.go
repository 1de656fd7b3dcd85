package apidoc

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/rbm"
)

// Kind is the kind of a JSON value.
type Kind uint8

// The kinds. Int64 is a string of digits, as proto3 JSON has it.
const (
	String Kind = iota
	Bool
	Int32
	Int64
	Double
	Enum
	Timestamp
	Duration
	FieldMask
	Object
	Array
	Map // with any names
	Any
)

// Type is the type of a JSON value.
type Type struct {
	Kind   Kind
	Name   string   // of an Object or Enum, full; an Object without one is written out where it is used
	Fields []Field  // of an Object
	Elem   *Type    // of an Array or a Map
	Values []string // of an Enum, the unspecified one first
}

// Field is a field of an Object.
type Field struct {
	Name       string // in JSON
	Type       *Type
	OutputOnly bool   // set by the platform
	Union      string // the union that it belongs to, or ""
}

// Field is the field with that JSON name, or nil.
func (t *Type) Field(name string) *Field {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i]
		}
	}
	return nil
}

// scalars are the kinds that proto fields have.
var scalars = map[rbm.Kind]Kind{
	rbm.KindString: String, rbm.KindBool: Bool, rbm.KindInt32: Int32, rbm.KindInt64: Int64, rbm.KindDouble: Double,
	rbm.KindTimestamp: Timestamp, rbm.KindDuration: Duration,
}

// Message is the type of a proto message T of the API.
func Message[T any]() *Type { return message(rbm.Schema[T]()) }

func message(m *rbm.MessageSchema) *Type {
	t := &Type{Kind: Object, Name: m.Name}
	for i := range m.Fields {
		f := &m.Fields[i]
		field := Field{Name: f.JSON, Type: fieldType(f), OutputOnly: f.OutputOnly, Union: f.Oneof}
		if f.Repeated {
			field.Type = &Type{Kind: Array, Elem: field.Type}
		}
		t.Fields = append(t.Fields, field)
	}
	return t
}

func fieldType(f *rbm.FieldSchema) *Type {
	switch f.Kind {
	case rbm.KindEnum:
		return &Type{Kind: Enum, Name: f.Enum.Name, Values: f.Enum.Values}
	case rbm.KindMessage:
		if f.Map {
			return &Type{Kind: Map, Elem: message(f.Message)}
		}
		return message(f.Message)
	case rbm.KindStruct:
		return &Type{Kind: Map, Elem: &Type{Kind: Any}}
	}
	k, ok := scalars[f.Kind]
	if !ok {
		panic(fmt.Sprintf("apidoc: field %s is of kind %s", f.JSON, f.Kind))
	}
	return &Type{Kind: k}
}

var goTypes sync.Map // reflect.Type → *Type

// Of is the type of the JSON form of T, a Go type that is no proto message. A
// struct is named after the package's word for it: phoneJSON is admin.Phone. It
// panics when T has no JSON form that this package knows.
func Of[T any]() *Type { return of(reflect.TypeFor[T]()) }

func of(t reflect.Type) *Type {
	if known, ok := goTypes.Load(t); ok {
		return known.(*Type)
	}
	made := newType(t)
	goTypes.Store(t, made)
	return made
}

func newType(t reflect.Type) *Type {
	switch t {
	case reflect.TypeFor[rbm.Timestamp]():
		return &Type{Kind: Timestamp}
	case reflect.TypeFor[rbm.Duration]():
		return &Type{Kind: Duration}
	case reflect.TypeFor[jsontext.Value]():
		return &Type{Kind: Map, Elem: &Type{Kind: Any}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return of(t.Elem())
	case reflect.String:
		return &Type{Kind: String}
	case reflect.Bool:
		return &Type{Kind: Bool}
	case reflect.Int, reflect.Int32:
		return &Type{Kind: Int32}
	case reflect.Int64:
		return &Type{Kind: Int64}
	case reflect.Float64:
		return &Type{Kind: Double}
	case reflect.Interface:
		return &Type{Kind: Any}
	case reflect.Slice:
		return &Type{Kind: Array, Elem: of(t.Elem())}
	case reflect.Map:
		return &Type{Kind: Map, Elem: of(t.Elem())}
	case reflect.Struct:
		return structType(t)
	}
	panic(fmt.Sprintf("apidoc: %s has no JSON form", t))
}

func structType(t reflect.Type) *Type {
	made := &Type{Kind: Object}
	if word := strings.TrimSuffix(t.Name(), "JSON"); word != "" {
		made.Name = "admin." + strings.ToUpper(word[:1]) + word[1:]
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "-" {
			made.Fields = append(made.Fields, Field{Name: name, Type: of(t.Field(i).Type)})
		}
	}
	return made
}
