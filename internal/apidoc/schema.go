package apidoc

import "strings"

// protoPackages are cut off the names of types; what is left is unique within
// one API. Those of the management API keep a word of it, as some of its
// messages have the names of others.
var protoPackages = []string{
	"google.communications.rcsbusinessmessaging.v1.richcards.",
	"google.communications.rcsbusinessmessaging.v1.",
	"google.communications.businesscommunications.v1.",
	"google.type.",
	"google.rpc.",
}

// shortName is the name of a type without its proto package: richcards.Media is Media.
func shortName(full string) string {
	for _, p := range protoPackages {
		if name, ok := strings.CutPrefix(full, p); ok {
			return name
		}
	}
	return full
}

// longName is the name of a type among those of all APIs.
func longName(full string) string {
	if name, ok := strings.CutPrefix(full, "google.communications.businesscommunications.v1."); ok {
		return "management." + name
	}
	return shortName(full)
}

// schemas writes types as JSON schemas, those with names once.
type schemas struct {
	name  func(full string) string
	ref   string            // before a name in a $ref
	forms map[Kind][]string // type and format of each scalar
	named object
}

// The forms of scalars: in discovery documents the formats are Google's.
var (
	discoveryForms = map[Kind][]string{
		String: {"string"}, Bool: {"boolean"}, Int32: {"integer", "int32"}, Int64: {"string", "int64"}, Double: {"number", "double"},
		Enum: {"string"}, Timestamp: {"string", "google-datetime"}, Duration: {"string", "google-duration"},
		FieldMask: {"string", "google-fieldmask"}, Any: {"any"},
	}
	openAPIForms = map[Kind][]string{
		String: {"string"}, Bool: {"boolean"}, Int32: {"integer", "int32"}, Int64: {"string", "int64"}, Double: {"number", "double"},
		Enum: {"string"}, Timestamp: {"string", "date-time"}, Duration: {"string"}, FieldMask: {"string"}, Any: {},
	}
)

// schema is t's schema, or a reference to it.
func (s *schemas) schema(t *Type) object {
	switch t.Kind {
	case Array:
		return object{"type": "array", "items": s.schema(t.Elem)}
	case Map:
		return object{"type": "object", "additionalProperties": s.schema(t.Elem)}
	case Object:
		if t.Name == "" {
			return s.object(t)
		}
		name := s.name(t.Name)
		if _, done := s.named[name]; !done {
			s.named[name] = nil // so that a type may have itself as a field
			s.named[name] = s.object(t)
		}
		return object{"$ref": s.ref + name}
	}
	return s.scalar(t)
}

func (s *schemas) scalar(t *Type) object {
	out := object{}
	for i, word := range s.forms[t.Kind] {
		out[[...]string{"type", "format"}[i]] = word
	}
	if t.Kind == Enum {
		out["enum"] = t.Values
	}
	return out
}

func (s *schemas) object(t *Type) object {
	properties := object{}
	for i := range t.Fields {
		f := &t.Fields[i]
		p := s.schema(f.Type)
		if f.OutputOnly {
			p["readOnly"] = true
		}
		if f.Union != "" {
			p["description"] = "At most one field of the union `" + f.Union + "` can be set."
		}
		properties[f.Name] = p
	}
	return object{"type": "object", "properties": properties}
}
