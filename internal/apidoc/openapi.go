package apidoc

import (
	"slices"
	"strings"
)

// Group is a set of methods that ask for the same credential.
type Group struct {
	Tag     string // messaging
	About   string
	Bearer  string // what the bearer token of its methods is; "" for none
	Methods []Method
}

// OpenAPI is the OpenAPI 3.1 description of all groups for clients that reach
// them at base, a URL without a slash at the end.
func OpenAPI(title, version, base string, groups []Group) any {
	types := &schemas{name: longName, ref: "#/components/schemas/", forms: openAPIForms, named: object{"Error": errorSchema}}
	paths, tags, security := object{}, []object{}, object{}
	for _, g := range groups {
		tags = append(tags, object{"name": g.Tag, "description": g.About})
		if g.Bearer != "" {
			security[g.Tag] = object{"type": "http", "scheme": "bearer", "description": g.Bearer}
		}
		for i := range g.Methods {
			m := &g.Methods[i]
			child(paths, openPath(m.Path))[strings.ToLower(m.HTTP)] = g.operation(m, types)
		}
	}
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": title, "version": version},
		"servers": []object{{"url": base}},
		"tags":    tags, "paths": paths,
		"components": object{
			"schemas": types.named, "securitySchemes": security, "parameters": systemComponents(types),
			"responses": object{"Error": object{"description": "The call failed.", "content": jsonContent(object{"$ref": "#/components/schemas/Error"})}},
		},
	}
}

// errorSchema is Google's envelope (facts/rbm-api.md §4.1).
var errorSchema = object{"type": "object", "required": []string{"error"}, "properties": object{
	"error": object{"type": "object", "required": []string{"code", "message", "status"}, "properties": object{
		"code":    object{"type": "integer", "description": "The HTTP status."},
		"message": object{"type": "string"},
		"status":  object{"type": "string", "description": "The canonical code, such as NOT_FOUND."},
		"details": object{"type": "array", "items": object{"type": "object", "additionalProperties": object{}}},
		"errors":  object{"type": "array", "items": object{"type": "object", "additionalProperties": object{}}, "description": "Only with $.xgafv=1."},
	}},
}}

func jsonContent(schema object) object {
	return object{"application/json": object{"schema": schema}}
}

func systemComponents(types *schemas) object {
	out := object{}
	for _, p := range system {
		schema := types.scalar(&Type{Kind: p.kind})
		if p.values != nil {
			schema["enum"] = p.values
		}
		out[p.name] = object{"name": p.name, "in": "query", "description": p.about, "schema": schema}
	}
	return out
}

// openPath is a path with one segment for each of its variables, which is how
// OpenAPI reads them.
func openPath(path string) string { return replaceVariables(path, variable.flat) }

func (g *Group) operation(m *Method, types *schemas) object {
	out := object{
		"operationId": g.Tag + "." + m.ID, "summary": m.About, "tags": []string{g.Tag},
		"parameters": g.parameters(m, types),
		"responses":  responses(m, types),
	}
	if g.Bearer != "" {
		out["security"] = []object{{g.Tag: []string{}}}
	}
	if content := requestContent(m, types); content != nil {
		out["requestBody"] = object{"content": content}
	}
	return out
}

func responses(m *Method, types *schemas) object {
	out := object{"default": object{"$ref": "#/components/responses/Error"}}
	for status, about := range m.Extra {
		out[status] = object{"description": about}
	}
	if m.Response != nil || m.Extra == nil {
		out["200"] = object{"description": "OK", "content": jsonContent(answerSchema(m, types))}
	}
	return out
}

func answerSchema(m *Method, types *schemas) object {
	if m.Response == nil {
		return object{"type": "object", "maxProperties": 0}
	}
	return types.schema(m.Response)
}

func requestContent(m *Method, types *schemas) object {
	switch {
	case m.Media:
		return object{"*/*": object{}}
	case m.Request == nil:
		return nil
	case m.Form:
		return object{"application/x-www-form-urlencoded": object{"schema": types.schema(m.Request)}}
	}
	return jsonContent(types.schema(m.Request))
}

func (g *Group) parameters(m *Method, types *schemas) []object {
	out := []object{}
	for _, v := range variablesOf(openPath(m.Path)) {
		out = append(out, object{"name": v.name, "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, name := range m.Query {
		out = append(out, object{"name": name, "in": "query", "schema": types.scalar(queryType(name))})
	}
	if g.Bearer == "" {
		return out
	}
	for _, p := range system {
		if !slices.Contains(m.Query, p.name) {
			out = append(out, object{"$ref": "#/components/parameters/" + p.name})
		}
	}
	return out
}
