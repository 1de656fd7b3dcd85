package apidoc

import "strings"

// Service is an API as its discovery document introduces it.
type Service struct {
	Name       string // rcsbusinessmessaging
	Title      string
	About      string
	Scope      string // the OAuth scope of every method
	ScopeAbout string
	Methods    []Method
}

// Discovery is the discovery document of s for clients that reach it at base, a
// URL without a slash at the end.
func (s *Service) Discovery(base string) any {
	types := &schemas{name: shortName, ref: "", forms: discoveryForms, named: object{}}
	root := object{}
	for i := range s.Methods {
		if m := &s.Methods[i]; !m.Media { // which is the MediaPath of another
			s.place(root, m, types)
		}
	}
	types.named["Empty"] = object{"type": "object", "properties": object{}}
	for name, schema := range types.named {
		schema.(object)["id"] = name
	}
	return object{
		"kind": "discovery#restDescription", "discoveryVersion": "v1", "protocol": "rest",
		"id": s.Name + ":v1", "name": s.Name, "version": "v1", "title": s.Title, "description": s.About,
		"ownerDomain": "openrbm.org", "ownerName": "OpenRBM",
		"rootUrl": base + "/", "baseUrl": base + "/", "servicePath": "", "basePath": "",
		"auth":       object{"oauth2": object{"scopes": object{s.Scope: object{"description": s.ScopeAbout}}}},
		"parameters": systemParameters(),
		"resources":  root["resources"],
		"schemas":    types.named,
	}
}

func systemParameters() object {
	out := object{}
	for _, p := range system {
		one := object{"type": discoveryForms[p.kind][0], "location": "query", "description": p.about}
		if p.value != "" {
			one["default"] = p.value
		}
		if p.values != nil {
			one["enum"] = p.values
		}
		out[p.name] = one
	}
	return out
}

// place puts a method where its id says: phones.agentMessages.create is the
// method create of the resource agentMessages of the resource phones.
func (s *Service) place(root object, m *Method, types *schemas) {
	words := strings.Split(m.ID, ".")
	last := len(words) - 1
	at := root
	for _, resource := range words[:last] {
		at = child(child(at, "resources"), resource)
	}
	child(at, "methods")[words[last]] = s.method(m, types)
}

// child is the object of that name in o, made if need be.
func child(o object, name string) object {
	c, ok := o[name].(object)
	if !ok {
		c = object{}
		o[name] = c
	}
	return c
}

func (s *Service) method(m *Method, types *schemas) object {
	order := []string{}
	parameters := object{}
	for _, v := range variablesOf(m.Path) {
		order = append(order, v.name)
		parameters[v.name] = object{"type": "string", "location": "path", "required": true, "pattern": v.regexp()}
	}
	for _, name := range m.Query {
		p := types.scalar(queryType(name))
		p["location"] = "query"
		parameters[name] = p
	}
	out := object{
		"id": s.Name + "." + m.ID, "httpMethod": m.HTTP, "description": m.About, "scopes": []string{s.Scope},
		"path":           strings.TrimPrefix(replaceVariables(m.Path, func(v variable) string { return "{+" + v.name + "}" }), "/"),
		"flatPath":       strings.TrimPrefix(replaceVariables(m.Path, variable.flat), "/"),
		"parameterOrder": order, "parameters": parameters,
		"response": object{"$ref": "Empty"},
	}
	if m.Request != nil {
		out["request"] = types.schema(m.Request)
	}
	if m.Response != nil {
		out["response"] = types.schema(m.Response)
	}
	if m.MediaPath != "" {
		out["supportsMediaUpload"] = true
		out["mediaUpload"] = object{
			"accept": []string{"*/*"}, "maxSize": "104857600", // facts/rbm-api.md §6.1
			"protocols": object{
				"simple":    object{"multipart": true, "path": m.MediaPath},
				"resumable": object{"multipart": true, "path": "/resumable" + m.MediaPath},
			},
		}
	}
	return out
}
