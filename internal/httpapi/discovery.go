package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/apidoc"
	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/rbm"
)

// docRoutes are the descriptions of the API.
var docRoutes = []route{
	{"GET", "/$discovery/rest", open, "", nil, (*API).discovery},
	{"GET", "/openapi.json", open, "", nil, (*API).openAPI},
}

// uploadPath is where the bytes of files go (facts/rbm-api.md §1.9).
const uploadPath = "/upload/v1/files"

// descriptions are the methods of each API that have a route, described.
type descriptions struct {
	messaging, files, management, token, admin []apidoc.Method
	byRoute                                    map[*route]*apidoc.Method
}

func newDescriptions() *descriptions {
	d := &descriptions{byRoute: make(map[*route]*apidoc.Method)}
	d.messaging = d.describe(messagingRoutes, messagingMethods)
	d.files = d.describe(fileRoutes, fileMethods)
	d.management = d.describe(managementRoutes, managementMethods)
	d.token = d.describe(tokenRoutes, tokenMethods)
	d.admin = d.describe(adminRoutes, adminMethods)
	return d
}

// describe joins routes with the rows that describe them.
func (d *descriptions) describe(routes []route, rows []apidoc.Method) []apidoc.Method {
	byPlace := make(map[string]*apidoc.Method)
	for i := range rows {
		byPlace[rows[i].HTTP+" "+apidoc.Anonymous(rows[i].Path)] = &rows[i]
	}
	var out []apidoc.Method
	for i := range routes {
		row, ok := byPlace[routes[i].method+" "+apidoc.Anonymous(routes[i].path)]
		if !ok {
			continue // a test sees to it that every route has one
		}
		m := *row
		m.Query = slices.Concat(row.Query, routes[i].query)
		if m.ID == "files.create" && has(routes, uploadPath) {
			m.MediaPath = uploadPath
		}
		d.byRoute[&routes[i]] = &m
		out = append(out, m)
	}
	return out
}

func has(routes []route, path string) bool {
	for i := range routes {
		if routes[i].path == path {
			return true
		}
	}
	return false
}

// empty is the type of {}.
var empty = &apidoc.Type{Kind: apidoc.Object}

// answers is the type of the route's answers, or nil if it is not described.
func (d *descriptions) answers(r *route) *apidoc.Type {
	switch m := d.byRoute[r]; {
	case m == nil:
		return nil
	case m.Response == nil:
		return empty
	default:
		return m.Response
	}
}

// service is the API as a discovery document has it; nil if there is none of
// that name.
func (d *descriptions) service(name string) *apidoc.Service {
	switch name {
	case "rcsbusinessmessaging":
		return &apidoc.Service{
			Name: name, Title: "RCS Business Messaging API", About: "Sends messages to users and asks what their phones can do.",
			Scope: auth.ScopeMessaging, ScopeAbout: "Send and receive RCS business messages", Methods: d.messaging,
		}
	case "businesscommunications":
		return &apidoc.Service{
			Name: name, Title: "Business Communications API", About: "Manages brands, agents, their launches and their integrations.",
			Scope: auth.ScopeManagement, ScopeAbout: "Manage brands and agents", Methods: d.management,
		}
	}
	return nil
}

// discovery is the discovery document of the API that the parameter service, or
// else the host name, asks for.
func (a *API) discovery(c *call) (any, error) {
	name := c.query.Get("service")
	if name == "" && strings.Contains(c.r.Host, "businesscommunications") {
		name = "businesscommunications"
	} else if name == "" {
		name = "rcsbusinessmessaging"
	}
	version := c.query.Get("version")
	s := a.docs.service(name)
	if s == nil || version != "" && version != "v1" {
		return nil, rbm.Errorf(rbm.CodeNotFound, "There is no discovery document of the service %q in version %q: the services are rcsbusinessmessaging and businesscommunications, both in version \"v1\".", name, version)
	}
	return asJSON(s.Discovery(a.baseURL(c.r)))
}

// openAPI describes everything that can be called.
func (a *API) openAPI(c *call) (any, error) {
	return asJSON(apidoc.OpenAPI("OpenRBM", a.Version, a.baseURL(c.r), []apidoc.Group{
		{Tag: "messaging", About: "The RCS Business Messaging API.", Bearer: "An access token with the scope " + auth.ScopeMessaging + ".", Methods: a.docs.messaging},
		{Tag: "uploads", About: "The rest of uploads: the address of one is its credential.", Methods: a.docs.files},
		{Tag: "management", About: "The Business Communications API.", Bearer: "An access token with the scope " + auth.ScopeManagement + ".", Methods: a.docs.management},
		{Tag: "token", About: "Access tokens for the keys of service accounts (RFC 7523).", Methods: a.docs.token},
		{Tag: "admin", About: "Administration; it may be at an address of its own.", Bearer: "The admin token of this server.", Methods: a.docs.admin},
	}))
}

func asJSON(description any) (any, error) {
	b, err := apidoc.Write(description)
	return jsontext.Value(b), err
}

// baseURL is where the client reached the API: as configured or, when it called
// another host, such as a regional one, that.
func (a *API) baseURL(r *http.Request) string {
	scheme, host, _ := strings.Cut(a.BaseURL, "://")
	if r.TLS != nil {
		scheme = "https"
	}
	if r.Host == "" || r.Host == host {
		return a.BaseURL
	}
	return scheme + "://" + r.Host
}
