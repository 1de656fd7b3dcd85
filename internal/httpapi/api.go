// Package httpapi is the REST face of the platform: the messaging API and the
// admin API, each with its routes in one table (method, path, access, function).
package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/archive"
	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/internal/journal"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/internal/netguard"
	"github.com/openrbm/openrbm/internal/outbox"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/internal/trend"
	"github.com/openrbm/openrbm/rbm"
)

// Parts are what the API speaks for.
type Parts struct {
	Ledger   *ledger.Ledger
	Engine   *engine.Engine
	Registry *registry.Registry
	Auth     *auth.Auth
	Outbox   *outbox.Outbox
	Media    *media.Files
	Journal  *journal.Journal
	Clock    *clock.Clock
	// WebhookClient makes the handshake with a webhook.
	WebhookClient *http.Client
	// WebhookGuard says which URLs a webhook may have.
	WebhookGuard netguard.Guard
	Logger       *slog.Logger
	// BaseURL is where agents reach the API: key files point there.
	BaseURL   string
	Version   string
	StoreName string
	// Disconnect ends the connection of a phone whose right to it has ended.
	Disconnect func(phone string)
	// Backup writes an archive of all that is kept, as it stands now.
	Backup func(context.Context, io.Writer) (archive.Totals, error)
	// Count tells other servers of a call that counts towards a limit here; nil: there
	// are none. They hand it to their Counted.
	Count func(limit string)
	// Node is this server's name among others; empty: there can be none.
	Node string
	// Nodes lists the servers of the cluster, for the status; nil or nothing: there is none.
	Nodes func(ctx context.Context) (any, error)
	// Observe is told of every answer; method and path are the route's.
	Observe func(method, path string, status int, took time.Duration)
	// Limits bound what agents may do.
	Limits Limits
	// Logins bounds failed logins of phones.
	Logins *front.Logins
	// RegionHeader names the header in which a proxy says to which regional endpoint
	// a request came: us, europe or asia. Empty: only the Host says it.
	RegionHeader string
	// TurnClock allows the admin API to turn the clock: for demos and tests.
	TurnClock bool
}

// API answers /v1, the token endpoints and /admin/v1. Make one with New.
type API struct {
	Parts
	router  *router
	docs    *descriptions
	quotas  *quotas
	trend   *trend.Trend // how the platform did, for the charts; Watch adds to it
	started time.Time
	life    context.Context // of answers without end
	end     context.CancelFunc
}

// New returns the API over parts.
func New(parts Parts) *API {
	a := &API{Parts: parts, router: newRouter(messagingRoutes, fileRoutes, managementRoutes, tokenRoutes, adminRoutes, docRoutes),
		docs: newDescriptions(), quotas: newQuotas(), trend: new(trend.Trend), started: parts.Clock.Now()}
	a.life, a.end = context.WithCancel(context.Background())
	return a
}

// Close ends the answers that have no end of their own.
func (a *API) Close() { a.end() }

// access is who may call a route.
type access uint8

const (
	// open routes check their callers themselves.
	open access = iota
	// messaging routes need an access token with the messaging scope.
	messaging
	// management routes need one with the management scope.
	management
	// admin routes need the admin token.
	admin
)

// route is one row of a table.
type route struct {
	method, path string
	access       access
	// rpc is the method's name in Google's service, for the details of errors.
	rpc string
	// query are the query parameters it takes, beside the system parameters.
	query []string
	do    func(*API, *call) (any, error)
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	route, params := a.router.find(methodOf(r), r.URL.EscapedPath())
	if route == nil {
		a.noRoute(w, r)
		return
	}
	c := &call{w: w, r: r, route: route, params: params, answers: a.docs.answers(route), log: a.Logger, status: http.StatusOK}
	answer, err := a.answer(c)
	if err != nil {
		c.fail(err)
	} else {
		c.succeed(answer)
	}
	a.Observe(route.method, route.path, c.status, time.Since(begin))
	a.journal(c, begin)
	if c.cut {
		panic(http.ErrAbortHandler)
	}
}

func (a *API) answer(c *call) (any, error) {
	if err := c.parseQuery(); err != nil {
		return nil, err
	}
	if err := a.admit(c); err != nil {
		return nil, err
	}
	return a.audit(c)
}

// admit checks that the caller may call the route.
func (a *API) admit(c *call) error {
	switch c.route.access {
	case admin:
		return a.Auth.CheckAdmin(c.r)
	case messaging, management:
		of := services[c.route.access]
		caller, err := a.Auth.Authenticate(c.r.Context(), c.r, of.name+c.route.rpc)
		if err != nil {
			return err
		}
		c.caller = caller
		return caller.Require(of.scope)
	}
	return nil
}

// services are the proto services behind the routes, as ErrorInfo names them,
// and the scopes that they ask for (facts/rbm-api.md §4.3, §0.1).
var services = map[access]struct{ name, scope string }{
	messaging:  {"google.communications.rcsbusinessmessaging.v1.RcsBusinessMessagingService.", auth.ScopeMessaging},
	management: {"google.communications.businesscommunications.v1.BusinessCommunicationsService.", auth.ScopeManagement},
}

// noRoute answers what no route does: OPTIONS with the methods that there are,
// and everything else as Google does.
func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		if methods := a.router.methods(r.URL.EscapedPath()); methods != nil {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			return
		}
	}
	notFoundPage(w, r)
}

// notFoundPage is Google's answer to a path it does not know, or a path with
// another verb (facts/rbm-api.md §4.4).
func notFoundPage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Error 404 (Not Found)!!1</title>\n" +
		"<p><b>404.</b> The requested URL was not found on this server, or not with this method.\n"))
}

// agentOf is the agent that the caller acts for. One that does not exist is
// refused as somebody else's is (facts/rbm-api.md §4.2). The call counts against
// the agent's quota.
func (a *API) agentOf(c *call) (*registry.Agent, error) { return a.agentNamed(c, "") }

// agentNamed is agentOf for methods that take the agent's id in the body too
// (facts/rbm-api.md §1.8).
func (a *API) agentNamed(c *call, inBody string) (*registry.Agent, error) {
	named := c.query.Get("agentId")
	if named == "" {
		named = inBody
	} else if inBody != "" && registry.AgentID(inBody) != registry.AgentID(named) {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "agent_id", Description: "The agentId of the body is not that of the query."})
	}
	id, err := c.caller.Agent(named)
	if err != nil {
		return nil, err
	}
	agent, err := a.Registry.Agent(id)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return nil, auth.NotYourAgent()
	}
	if err != nil {
		return nil, err
	}
	return agent, a.spend(c.route.rpc, agent)
}
