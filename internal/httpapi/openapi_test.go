package httpapi_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2/google"

	"github.com/openrbm/openrbm/servertest"
)

type object = map[string]any

// openAPI is the document of a server, with what a reader of it has to do.
type openAPI struct {
	t   *testing.T
	doc object
}

func newOpenAPI(w *wire) *openAPI {
	w.t.Helper()
	r := w.send("GET /openapi.json", "Authorization: ", "")
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "application/json; charset=UTF-8" {
		w.t.Fatalf("%d %v", r.StatusCode, r.Header)
	}
	return &openAPI{w.t, decoded(w.t, r.body)}
}

// at is what a path of names leads to.
func (o *openAPI) at(names ...string) any {
	var v any = o.doc
	for _, name := range names {
		m, _ := v.(object)
		v = m[name]
	}
	return v
}

// resolved is o, or what its $ref leads to.
func (o *openAPI) resolved(v object) object {
	for {
		ref, ok := v["$ref"].(string)
		if !ok {
			return v
		}
		next, ok := o.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(object)
		if !ok || !strings.HasPrefix(ref, "#/") {
			o.t.Fatalf("$ref %s leads nowhere", ref)
		}
		v = next
	}
}

func (o *openAPI) operations(visit func(method, path string, op object)) {
	for path, item := range o.doc["paths"].(object) {
		for method, op := range item.(object) {
			visit(method, path, op.(object))
		}
	}
}

var pathVariable = regexp.MustCompile(`\{([A-Za-z0-9_]+)\}`)

// The rules of OpenAPI 3.1 that a document written from a table can break.
func TestOpenAPIIsWellFormed(t *testing.T) {
	w := newWire(t)
	o := newOpenAPI(w)
	if o.doc["openapi"] != "3.1.0" || o.at("info", "title") == "" || o.at("info", "version") == nil {
		t.Errorf("the head is %v %v", o.doc["openapi"], o.doc["info"])
	}
	if servers := o.doc["servers"].([]any); servers[0].(object)["url"] != w.s.Ready.APIURL {
		t.Errorf("the servers are %v", servers)
	}
	visitObjects(o.doc, func(v object) { o.resolved(v) })
	tags := map[any]bool{}
	for _, tag := range o.doc["tags"].([]any) {
		tags[tag.(object)["name"]] = true
	}
	ids, shapes := map[any]bool{}, map[string]string{}
	o.operations(func(method, path string, op object) {
		where := method + " " + path
		if shape := pathVariable.ReplaceAllString(path, "{}"); shapes[shape] != "" && shapes[shape] != path {
			t.Errorf("%s and %s are one path with two spellings", path, shapes[shape])
		} else {
			shapes[shape] = path
		}
		if ids[op["operationId"]] || op["operationId"] == nil || op["summary"] == "" || !tags[op["tags"].([]any)[0]] {
			t.Errorf("%s: operationId, summary or tag: %v", where, op)
		}
		ids[op["operationId"]] = true
		if !strings.HasPrefix(path, "/") || !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) {
			t.Errorf("%s is no operation", where)
		}
		if len(op["responses"].(object)) < 2 {
			t.Errorf("%s has no answer", where)
		}
		if _, hasBody := op["requestBody"]; hasBody && (method == "get" || method == "delete") {
			t.Errorf("%s has a body", where)
		}
		o.checkParameters(where, path, op)
		security, _ := op["security"].([]any)
		for _, s := range security {
			for scheme := range s.(object) {
				if o.at("components", "securitySchemes", scheme) == nil {
					t.Errorf("%s: there is no security scheme %s", where, scheme)
				}
			}
		}
		if security == nil && !slices.Contains([]any{"token", "uploads"}, op["tags"].([]any)[0]) {
			t.Errorf("%s asks for no credential", where)
		}
	})
	if len(ids) < 30 {
		t.Errorf("only %d operations", len(ids))
	}
}

func (o *openAPI) checkParameters(where, path string, op object) {
	o.t.Helper()
	var inPath []string
	seen := map[string]bool{}
	for _, p := range op["parameters"].([]any) {
		p := o.resolved(p.(object))
		name := fmt.Sprint(p["name"], p["in"])
		if seen[name] || p["schema"] == nil {
			o.t.Errorf("%s: parameter %v twice, or without schema", where, p)
		}
		seen[name] = true
		if p["in"] == "path" {
			inPath = append(inPath, p["name"].(string))
			if p["required"] != true {
				o.t.Errorf("%s: %v must be required", where, p)
			}
		}
	}
	var want []string
	for _, m := range pathVariable.FindAllStringSubmatch(path, -1) {
		want = append(want, m[1])
	}
	if !slices.Equal(inPath, want) {
		o.t.Errorf("%s has the parameters %v", where, inPath)
	}
}

func visitObjects(v any, visit func(object)) {
	switch v := v.(type) {
	case object:
		visit(v)
		for _, kid := range v {
			visitObjects(kid, visit)
		}
	case []any:
		for _, kid := range v {
			visitObjects(kid, visit)
		}
	}
}

// check says where an answer is not as its schema: a field that is not in it, or
// a value of another type.
func (o *openAPI) check(at string, schema object, v any) {
	o.t.Helper()
	schema = o.resolved(schema)
	ok := true
	switch schema["type"] {
	case nil:
	case "object":
		m, isObject := v.(object)
		ok = isObject
		o.checkMembers(at, schema, m)
	case "array":
		list, isList := v.([]any)
		ok = isList
		for i, item := range list {
			o.check(fmt.Sprintf("%s[%d]", at, i), schema["items"].(object), item)
		}
	case "string":
		_, ok = v.(string)
		if values, has := schema["enum"].([]any); has && ok {
			ok = slices.Contains(values, v)
		}
	case "boolean":
		_, ok = v.(bool)
	case "integer", "number":
		_, ok = v.(float64)
	default:
		ok = false
	}
	if !ok {
		o.t.Errorf("%s is %v, which is not a %v", at, v, schema)
	}
}

func (o *openAPI) checkMembers(at string, schema object, m object) {
	o.t.Helper()
	properties, _ := schema["properties"].(object)
	more, open := schema["additionalProperties"].(object)
	if schema["maxProperties"] == 0.0 && len(m) > 0 {
		o.t.Errorf("%s is not empty: %v", at, m)
	}
	for name, v := range m {
		switch p, known := properties[name].(object); {
		case known:
			o.check(at+"."+name, p, v)
		case open:
			o.check(at+"."+name, more, v)
		default:
			o.t.Errorf("%s.%s is not in the schema", at, name)
		}
	}
}

// exchange is a call, the operation that describes it, and what to remember the
// name in the answer as: <brand> in a later call is the name of the brand.
type exchange struct{ first, described, body, keep string }

// play makes calls and compares what is said with what is described.
func (o *openAPI) play(w *wire, headers string, calls []exchange) {
	o.t.Helper()
	names := []string{}
	for _, call := range calls {
		method, path, _ := strings.Cut(call.described, " ")
		answer, ok := o.at("paths", path, method, "responses", "200", "content", "application/json", "schema").(object)
		if !ok {
			o.t.Errorf("%s is not described", call.described)
			continue
		}
		fill := strings.NewReplacer(names...)
		body := fill.Replace(w.path(call.body))
		r := w.send(fill.Replace(w.path(call.first)), headers, body)
		w.want(r, 200)
		got := decoded(o.t, r.body)
		o.check(call.first, answer, got)
		o.checkRequest(call.first, o.at("paths", path, method, "requestBody"), body)
		if call.keep != "" {
			names = append(names, "<"+call.keep+">", fmt.Sprint(got["name"]))
		}
	}
}

// Answers of the real server are as the document says.
func TestMessagingIsAsDescribed(t *testing.T) {
	w := newWire(t)
	w.s.Webhook(w.s.Agent())
	w.s.Dial()
	newOpenAPI(w).play(w, "", []exchange{
		{"POST /v1/phones/<phone>/agentMessages?agentId=<agent>&messageId=<id>", "post /v1/phones/{phonesId}/agentMessages", richCard, ""},
		{"POST /v1/phones/<phone>/agentEvents?agentId=<agent>&eventId=<id>", "post /v1/phones/{phonesId}/agentEvents", `{"eventType":"IS_TYPING"}`, ""},
		{"GET /v1/phones/<phone>/capabilities?agentId=<agent>", "get /v1/phones/{phonesId}/capabilities", "", ""},
		{"POST /v1/phones/<phone>/capability:requestCapabilityCallback?agentId=<agent>", "post /v1/phones/{phonesId}/capability:requestCapabilityCallback", `{"requestId":"1"}`, ""},
		{"POST /v1/phones/<phone>/testers?agentId=<agent>", "post /v1/phones/{phonesId}/testers", "", ""},
		{"POST /v1/users:batchGet?agentId=<agent>", "post /v1/users:batchGet", `{"users":["<phone>","+15550009999"]}`, ""},
		{"POST /v1/users:batchGet", "post /v1/users:batchGet", `{"users":["<phone>"],"agentId":"<agent>"}`, ""},
	})
	// Bytes have no schema, their answer has.
	o := newOpenAPI(w)
	r := w.send("POST "+w.path("/upload/v1/files?agentId=<agent>"), "Content-Type: application/pdf", "%PDF-1.4 a document")
	w.want(r, 200, "files/")
	o.check("upload", o.at("paths", "/upload/v1/files", "post", "responses", "200", "content", "application/json", "schema").(object), decoded(t, r.body))
}

func TestAdminIsAsDescribed(t *testing.T) {
	w := newWire(t)
	o := newOpenAPI(w)
	w.s.Webhook(w.s.Agent())
	w.want(w.send("POST "+w.path("/v1/phones/<phone>/agentMessages?agentId=<agent>&messageId=m1"), "", richCard), 200)
	admin := "Authorization: Bearer " + w.s.Ready.AdminToken
	o.play(w, admin, []exchange{
		{"GET /admin/v1/status", "get /admin/v1/status", "", ""},
		{"GET /admin/v1/clock", "get /admin/v1/clock", "", ""},
		{"POST /admin/v1/clock:advance", "post /admin/v1/clock:advance", `{"by":"1s"}`, ""},
		{"GET /admin/v1/agents", "get /admin/v1/agents", "", ""},
		{"POST /admin/v1/agents", "post /admin/v1/agents", `{"agentId":"other","displayName":"Other","description":"d","brandId":"b","color":"#112233","logoUri":"https://e/l.png"}`, ""},
		{"GET /admin/v1/agents/other", "get /admin/v1/agents/{agent}", "", ""},
		{"PATCH /admin/v1/agents/other", "patch /admin/v1/agents/{agent}", `{"displayName":"New"}`, ""},
		{"POST /admin/v1/agents/other:launch", "post /admin/v1/agents/{agent}:launch", "", ""},
		{"GET /admin/v1/agents/<agent>/webhook", "get /admin/v1/agents/{agent}/webhook", "", ""},
		{"POST /admin/v1/agents/<agent>/webhook:retry", "post /admin/v1/agents/{agent}/webhook:retry", "{}", ""},
		{"PUT /admin/v1/agents/other/webhook", "put /admin/v1/agents/{agent}/webhook", `{"uri":"http://127.0.0.1:1/","clientToken":"a token of some length","skipVerification":true}`, ""},
		{"DELETE /admin/v1/agents/other/webhook", "delete /admin/v1/agents/{agent}/webhook", "", ""},
		{"POST /admin/v1/agents/other/keys", "post /admin/v1/agents/{agent}/keys", "{}", ""},
		{"GET /admin/v1/agents/other/keys", "get /admin/v1/agents/{agent}/keys", "", ""},
		{"POST /admin/v1/partnerKeys", "post /admin/v1/partnerKeys", "{}", ""},
		{"GET /admin/v1/partnerKeys", "get /admin/v1/partnerKeys", "", ""},
		{"PUT /admin/v1/partner/webhook", "put /admin/v1/partner/webhook", `{"uri":"http://127.0.0.1:1/","clientToken":"a token of some length","skipVerification":true}`, ""},
		{"GET /admin/v1/partner/webhook", "get /admin/v1/partner/webhook", "", ""},
		{"POST /admin/v1/agents/other/testers", "post /admin/v1/agents/{agent}/testers", `{"phoneNumber":"<phone>"}`, ""},
		{"GET /admin/v1/agents/other/testers", "get /admin/v1/agents/{agent}/testers", "", ""},
		{"GET /admin/v1/agents/<agent>/messages/m1", "get /admin/v1/agents/{agent}/messages/{id}", "", ""},
		{"POST /admin/v1/phones", "post /admin/v1/phones", `{"phoneNumber":"+15551230001"}`, ""},
		{"GET /admin/v1/phones", "get /admin/v1/phones", "", ""},
		{"GET /admin/v1/phones?pageSize=1", "get /admin/v1/phones", "", ""},
		{"GET /admin/v1/phones/<phone>", "get /admin/v1/phones/{phone}", "", ""},
		{"POST /admin/v1/phones/+15551230001:issueToken", "post /admin/v1/phones/{phone}:issueToken", "", ""},
		{"PATCH /admin/v1/phones/+15551230001", "patch /admin/v1/phones/{phone}", `{"rcsEnabled":false}`, ""},
		{"DELETE /admin/v1/phones/+15551230001", "delete /admin/v1/phones/{phone}", "", ""},
		{"DELETE /admin/v1/agents/other", "delete /admin/v1/agents/{agent}", "", ""},
	})
	// Errors too.
	r := w.send("GET /admin/v1/agents/none?$.xgafv=1", admin, "")
	o.check("error", o.at("components", "schemas", "Error").(object), decoded(t, r.body))
}

func TestManagementIsAsDescribed(t *testing.T) {
	w := newWire(t)
	newOpenAPI(w).play(w, "Authorization: Bearer "+partnerToken(t, w.s), []exchange{
		{"POST /v1/brands", "post /v1/brands", `{"displayName":"Tree Bank"}`, "brand"},
		{"GET /v1/<brand>", "get /v1/brands/{brandsId}", "", ""},
		{"PATCH /v1/<brand>?updateMask=displayName", "patch /v1/brands/{brandsId}", `{"displayName":"New"}`, ""},
		{"GET /v1/brands?pageSize=1", "get /v1/brands", "", ""},
		{"POST /v1/<brand>/agents", "post /v1/brands/{brandsId}/agents", managedAgent, "managed"},
		{"GET /v1/<managed>", "get /v1/brands/{brandsId}/agents/{agentsId}", "", ""},
		{"PATCH /v1/<managed>?updateMask=displayName", "patch /v1/brands/{brandsId}/agents/{agentsId}", `{"displayName":"New"}`, ""},
		{"GET /v1/brands/-/agents?includeLaunchData=true", "get /v1/brands/{brandsId}/agents", "", ""},
		{"POST /v1/<managed>:requestVerification", "post /v1/brands/{brandsId}/agents/{agentsId}:requestVerification", `{"agentVerificationContact":{"partnerName":"P","partnerEmailAddress":"p@example.com","brandContactName":"B","brandContactEmailAddress":"b@example.com","brandWebsiteUrl":"https://example.com"}}`, ""},
		{"GET /v1/<managed>/verification", "get /v1/brands/{brandsId}/agents/{agentsId}/verification", "", ""},
		{"GET /v1/<managed>/launch", "get /v1/brands/{brandsId}/agents/{agentsId}/launch", "", ""},
		{"GET /v1/<managed>/integrations", "get /v1/brands/{brandsId}/agents/{agentsId}/integrations", "", ""},
		{"GET /v1/regions", "get /v1/regions", "", ""},
		{"GET /v1/analytics/agentPerformances", "get /v1/analytics/agentPerformances", "", ""},
		{"GET /v1/testers?agentId=<agent>", "get /v1/testers", "", ""},
		{"DELETE /v1/<managed>", "delete /v1/brands/{brandsId}/agents/{agentsId}", "", ""},
		{"DELETE /v1/<brand>?force=true", "delete /v1/brands/{brandsId}", "", ""},
	})
}

// partnerToken is an access token of a partner for the management API.
func partnerToken(t *testing.T, s *servertest.Server) string {
	t.Helper()
	key, err := s.Admin.CreatePartnerKey(s.Context())
	if err != nil {
		t.Fatal(err)
	}
	conf, err := google.JWTConfigFromJSON(key, "https://www.googleapis.com/auth/businesscommunications")
	if err != nil {
		t.Fatal(err)
	}
	token, err := conf.TokenSource(s.Context()).Token()
	if err != nil {
		t.Fatal(err)
	}
	return token.AccessToken
}

const managedAgent = `{"displayName":"Tree Bank","rcsBusinessMessagingAgent":{"description":"A bank","logoUri":"https://example.com/l.png","heroUri":"https://example.com/h.png",
 "color":"#112233","hostingRegion":"EUROPE","agentUseCase":"MULTI_USE","privacy":{"uri":"https://example.com/p","label":"P"},"termsConditions":{"uri":"https://example.com/t","label":"T"},
 "phoneNumbers":[{"phoneNumber":{"number":"+12223334444"},"label":"Call"}],"billingConfig":{"billingCategory":"BASIC_MESSAGE"}}}`

func (o *openAPI) checkRequest(at string, described any, body string) {
	o.t.Helper()
	if body == "" || body == "{}" {
		return
	}
	content, _ := described.(object)["content"].(object)
	o.check(at, content["application/json"].(object)["schema"].(object), decoded(o.t, body))
}

const richCard = `{"contentMessage":{"richCard":{"standaloneCard":{"cardOrientation":"VERTICAL","cardContent":{"title":"T","description":"D",
 "suggestions":[{"action":{"text":"Open","postbackData":"p","openUrlAction":{"url":"https://example.com"}}}]}}}},"ttl":"600s","messageTrafficType":"TRANSACTION"}`

func TestDiscoveryIsServed(t *testing.T) {
	w := newWire(t)
	get := func(path, headers string) object {
		r := w.send("GET "+path, headers+"\nAuthorization: ", "")
		w.want(r, 200)
		return decoded(t, r.body)
	}
	for _, path := range []string{"/$discovery/rest?version=v1", "/$discovery/rest", "/$discovery/rest?service=rcsbusinessmessaging&version=v1&key=x&labels=y"} {
		if doc := get(path, ""); doc["id"] != "rcsbusinessmessaging:v1" || doc["rootUrl"] != w.s.Ready.APIURL+"/" {
			t.Errorf("%s: %v %v", path, doc["id"], doc["rootUrl"])
		}
	}
	if doc := get("/$discovery/rest?version=v1&service=businesscommunications", ""); doc["id"] != "businesscommunications:v1" {
		t.Errorf("%v", doc["id"])
	}
	for _, path := range []string{"/$discovery/rest?version=v2", "/$discovery/rest?service=other"} {
		w.want(w.send("GET "+path, "", ""), 404, "NOT_FOUND", "no discovery document")
	}
}

// The host name that the client used is the one that the document gives it.
func TestDiscoveryFollowsTheHost(t *testing.T) {
	s := servertest.New(t)
	for host, want := range map[string][2]string{
		"us-rcsbusinessmessaging.example:9": {"rcsbusinessmessaging:v1", "http://us-rcsbusinessmessaging.example:9/"},
		"businesscommunications.example":    {"businesscommunications:v1", "http://businesscommunications.example/"},
	} {
		doc := getJSON(t, s.Ready.APIURL+"/$discovery/rest?version=v1", host)
		if doc["id"] != want[0] || doc["rootUrl"] != want[1] {
			t.Errorf("%s: %v %v", host, doc["id"], doc["rootUrl"])
		}
	}
}
