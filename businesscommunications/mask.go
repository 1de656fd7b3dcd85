package businesscommunications

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/openrbm/openrbm/rbm"
)

// Merge changes into as a patch with from and an updateMask asks. mask is a
// comma-separated list of paths in camelCase or snake_case, of which "*" stands
// for all; what a path names is replaced, also by nothing. Without paths, what
// from sets is taken over (facts/rbm-api.md §8.1). Fields that only the platform
// sets stay as they are. Merge fails with INVALID_ARGUMENT for paths that do not
// exist, and changes nothing then.
func Merge[T any](into, from *T, mask string) error {
	schema := rbm.Schema[T]()
	var changes []func()
	var wrong []rbm.Violation
	paths := slices.DeleteFunc(strings.Split(mask, ","), func(p string) bool { return strings.TrimSpace(p) == "" })
	for _, p := range paths {
		change, ok := pick(schema, reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem(), strings.TrimSpace(p))
		if !ok {
			wrong = append(wrong, rbm.Violation{Field: "update_mask", Description: fmt.Sprintf(
				"Invalid value at 'update_mask' (type.googleapis.com/google.protobuf.FieldMask), Field 'updateMask', Invalid path: %s", p)})
		}
		changes = append(changes, change)
	}
	if len(wrong) > 0 {
		return rbm.InvalidArgument(wrong...)
	}
	if len(paths) == 0 {
		overlay(schema, reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem())
	}
	for _, change := range changes {
		change()
	}
	return nil
}

// pick is the change that path asks for; false: there is no such field.
func pick(m *rbm.MessageSchema, into, from reflect.Value, path string) (func(), bool) {
	if path == "*" {
		return func() { replace(m, into, from) }, true
	}
	name, rest, deeper := strings.Cut(path, ".")
	i := slices.IndexFunc(m.Fields, func(f rbm.FieldSchema) bool { return name == f.JSON || name == f.Name })
	if i < 0 {
		return nil, false
	}
	f := &m.Fields[i]
	if !deeper {
		return func() {
			if !f.OutputOnly {
				choose(m, i, into)
				into.Field(i).Set(from.Field(i))
			}
		}, true
	}
	if f.Message == nil || f.Repeated || f.Map {
		return nil, false
	}
	source := reflect.New(from.Field(i).Type().Elem()).Elem() // of an absent message: nothing
	if !from.Field(i).IsNil() {
		source = from.Field(i).Elem()
	}
	scratch := reflect.New(source.Type()).Elem()
	if _, ok := pick(f.Message, scratch, source, rest); !ok {
		return nil, false
	}
	return func() {
		change, _ := pick(f.Message, unshare(into.Field(i)), source, rest)
		choose(m, i, into)
		change()
	}, true
}

// replace takes over every field that a caller may set.
func replace(m *rbm.MessageSchema, into, from reflect.Value) {
	for i := range m.Fields {
		if !m.Fields[i].OutputOnly {
			into.Field(i).Set(from.Field(i))
		}
	}
}

// overlay takes over what from sets.
func overlay(m *rbm.MessageSchema, into, from reflect.Value) {
	for i := range m.Fields {
		f := &m.Fields[i]
		given, field := from.Field(i), into.Field(i)
		if f.OutputOnly || given.IsZero() {
			continue
		}
		choose(m, i, into)
		switch {
		case f.Map:
			field.Set(united(field, given))
		case f.Message != nil && !f.Repeated:
			overlay(f.Message, unshare(field), given.Elem())
		default:
			field.Set(given)
		}
	}
}

// choose empties the other members of the union that field i belongs to.
func choose(m *rbm.MessageSchema, i int, into reflect.Value) {
	for j := range m.Fields {
		if j != i && m.Fields[i].Oneof != "" && m.Fields[j].Oneof == m.Fields[i].Oneof {
			into.Field(j).SetZero()
		}
	}
}

// unshare makes the message behind a pointer one's own, and is it.
func unshare(field reflect.Value) reflect.Value {
	own := reflect.New(field.Type().Elem())
	if !field.IsNil() {
		own.Elem().Set(field.Elem())
	}
	field.Set(own)
	return own.Elem()
}

// united is a map with the entries of both, given's going first.
func united(field, given reflect.Value) reflect.Value {
	all := reflect.MakeMap(field.Type())
	for _, from := range []reflect.Value{field, given} {
		for k, v := range maps.Collect(from.Seq2()) {
			all.SetMapIndex(k, v)
		}
	}
	return all
}
