package httpapi

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/apidoc"
)

// tables are the routes with what describes them.
var tables = []struct {
	name    string
	routes  []route
	methods func(*descriptions) []apidoc.Method
}{
	{"messaging", messagingRoutes, func(d *descriptions) []apidoc.Method { return d.messaging }},
	{"file", fileRoutes, func(d *descriptions) []apidoc.Method { return d.files }},
	{"management", managementRoutes, func(d *descriptions) []apidoc.Method { return d.management }},
	{"token", tokenRoutes, func(d *descriptions) []apidoc.Method { return d.token }},
	{"admin", adminRoutes, func(d *descriptions) []apidoc.Method { return d.admin }},
}

var variable = regexp.MustCompile(`\{[^{}]*\}`)

// Every route is described, and every path that is described leads to the route
// that it describes.
func TestEveryRouteIsDescribed(t *testing.T) {
	d := newDescriptions()
	router := newRouter(messagingRoutes, fileRoutes, managementRoutes, tokenRoutes, adminRoutes, docRoutes)
	for _, table := range tables {
		ids := map[string]bool{}
		for i := range table.routes {
			r := &table.routes[i]
			m := d.byRoute[r]
			if m == nil {
				t.Errorf("%s %s has no row in %sMethods", r.method, r.path, table.name)
				continue
			}
			if m.About == "" || m.ID == "" || ids[m.ID] {
				t.Errorf("%s %s: its row has no text, or no name of its own: %q", r.method, r.path, m.ID)
			}
			ids[m.ID] = true
			path := variable.ReplaceAllString(apidoc.Anonymous(m.Path), "x")
			if found, _ := router.find(m.HTTP, path); found != r {
				t.Errorf("%s %s leads to %+v, not to the route that it describes", m.HTTP, path, found)
			}
		}
		if n := len(table.methods(d)); n != len(table.routes) {
			t.Errorf("%s: %d methods for %d routes", table.name, n, len(table.routes))
		}
	}
}

// A row without a route describes what is not there.
func TestEveryRowHasItsRoute(t *testing.T) {
	d := newDescriptions()
	for name, rows := range map[string]int{"messaging": len(messagingMethods), "file": len(fileMethods), "management": len(managementMethods), "token": len(tokenMethods), "admin": len(adminMethods)} {
		for _, table := range tables {
			if table.name == name && len(table.methods(d)) != rows {
				t.Errorf("%s: %d rows, %d routes", name, rows, len(table.methods(d)))
			}
		}
	}
}

// parsed is a description as a client reads it.
func parsed(t *testing.T, description any) map[string]any {
	t.Helper()
	b, err := apidoc.Write(description)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// each visits every object within v.
func each(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(v)
		for _, kid := range v {
			each(kid, visit)
		}
	case []any:
		for _, kid := range v {
			each(kid, visit)
		}
	}
}

func TestDiscoveryDocuments(t *testing.T) {
	d := newDescriptions()
	for _, name := range []string{"rcsbusinessmessaging", "businesscommunications"} {
		s := d.service(name)
		doc := parsed(t, s.Discovery("https://rbm.example"))
		schemas := doc["schemas"].(map[string]any)
		methods := map[string]map[string]any{}
		each(doc, func(o map[string]any) {
			if ref, ok := o["$ref"].(string); ok && schemas[ref] == nil {
				t.Errorf("%s: $ref %s leads nowhere", name, ref)
			}
			if id, ok := o["id"].(string); ok && o["httpMethod"] != nil {
				methods[strings.TrimPrefix(id, name+".")] = o
			}
		})
		for id, schema := range schemas {
			if got := schema.(map[string]any)["id"]; got != id {
				t.Errorf("%s: schema %s has the id %v", name, id, got)
			}
		}
		want := 0
		for _, m := range s.Methods {
			if m.Media {
				continue
			}
			want++
			checkDiscoveryMethod(t, m, methods[m.ID])
		}
		if len(methods) != want {
			t.Errorf("%s: %d methods, want %d", name, len(methods), want)
		}
		for key, value := range map[string]any{"rootUrl": "https://rbm.example/", "servicePath": "", "version": "v1", "name": name} {
			if doc[key] != value {
				t.Errorf("%s: %s is %v", name, key, doc[key])
			}
		}
	}
}

func checkDiscoveryMethod(t *testing.T, m apidoc.Method, doc map[string]any) {
	t.Helper()
	if doc == nil {
		t.Errorf("%s is missing", m.ID)
		return
	}
	parameters := doc["parameters"].(map[string]any)
	for _, name := range doc["parameterOrder"].([]any) {
		p := parameters[name.(string)].(map[string]any)
		if p["location"] != "path" || p["required"] != true || !strings.Contains(doc["path"].(string), "{+"+name.(string)+"}") {
			t.Errorf("%s: parameter %v is %v in %v", m.ID, name, p, doc["path"])
		}
		regexp.MustCompile(p["pattern"].(string))
	}
	for _, name := range m.Query {
		if p, ok := parameters[name].(map[string]any); !ok || p["location"] != "query" {
			t.Errorf("%s: parameter %s is %v", m.ID, name, p)
		}
	}
	if doc["httpMethod"] != m.HTTP || (doc["request"] != nil) != (m.Request != nil) || doc["response"] == nil || len(doc["scopes"].([]any)) != 1 {
		t.Errorf("%s: %v", m.ID, doc)
	}
}

// The document has what Google's has, word for word where clients look.
func TestDiscoveryOfCreateMessage(t *testing.T) {
	doc := parsed(t, newDescriptions().service("rcsbusinessmessaging").Discovery("https://rbm.example"))
	at := func(path string) any {
		var v any = doc
		for word := range strings.SplitSeq(path, "/") {
			m, _ := v.(map[string]any)
			v = m[word]
		}
		return v
	}
	create := "resources/phones/resources/agentMessages/methods/create/"
	for path, want := range map[string]any{
		create + "id":                                                  "rcsbusinessmessaging.phones.agentMessages.create",
		create + "path":                                                "v1/{+parent}/agentMessages",
		create + "flatPath":                                            "v1/phones/{phonesId}/agentMessages",
		create + "parameters/parent/pattern":                           "^phones/[^/]+$",
		create + "parameters/messageId/type":                           "string",
		create + "request/$ref":                                        "AgentMessage",
		create + "response/$ref":                                       "AgentMessage",
		"resources/phones/methods/getCapabilities/path":                "v1/{+name}/capabilities",
		"resources/phones/methods/getCapabilities/response/$ref":       "Capabilities",
		"schemas/AgentMessage/properties/sendTime/format":              "google-datetime",
		"schemas/AgentMessage/properties/ttl/format":                   "google-duration",
		"schemas/AgentMessage/properties/totalPayloadSizeBytes/format": "int64",
		"schemas/AgentMessage/properties/name/readOnly":                true,
		"schemas/Media/properties/contentInfo/$ref":                    "ContentInfo",
		"schemas/CarouselCard/properties/cardContents/items/$ref":      "CardContent",
		"parameters/fields/location":                                   "query",
	} {
		if got := at(path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	deletePath := "resources/phones/resources/agentMessages/methods/delete/parameters/name/pattern"
	if got := at(deletePath); got != "^phones/[^/]+/agentMessages/[^/]+$" {
		t.Errorf("%s is %v", deletePath, got)
	}
	values, _ := at("schemas/StandaloneCard/properties/cardOrientation/enum").([]any)
	if len(values) != 3 || values[0] != "CARD_ORIENTATION_UNSPECIFIED" || values[1] != "HORIZONTAL" {
		t.Errorf("the orientations are %v", values)
	}
}
