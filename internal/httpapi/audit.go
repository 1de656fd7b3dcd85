package httpapi

import (
	"context"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// audited says that what the route does is an administrative act. It follows from
// the row, so that no new route can forget it.
func (r *route) audited() bool {
	return r.method != "GET" && (r.access == admin || r.access == management)
}

// audit does what the route does and leaves an entry in the audit log: before the
// act, without which the act is not done, and what came of it after.
func (a *API) audit(c *call) (any, error) {
	if !c.route.audited() {
		return c.route.do(a, c)
	}
	act := a.actOf(c)
	if err := a.Ledger.Begin(c.r.Context(), act); err != nil {
		return nil, err
	}
	answer, err := c.route.do(a, c)
	act.Outcome = wireCode(err)
	act.Fields = fieldNames(c.said.request)
	if err == nil {
		act.Target = a.masked(target(answer))
	}
	if err := a.Ledger.Finish(context.WithoutCancel(c.r.Context()), act); err != nil {
		c.log.ErrorContext(c.r.Context(), "the outcome of an act is not in the audit log", "method", act.Method, "route", act.Route, "outcome", act.Outcome, "err", err)
	}
	return answer, err
}

func wireCode(err error) string {
	if err == nil {
		return rbm.CodeOK.String()
	}
	return wireError(err).Code.String()
}

// maxForwardedFor is how much is kept of what others say of an address, in bytes.
const maxForwardedFor = 200

func (a *API) actOf(c *call) *ledger.Act {
	from, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		from = c.r.RemoteAddr
	}
	said := strings.Join(c.r.Header.Values("X-Forwarded-For"), ", ")
	said = strings.ToValidUTF8(said[:min(len(said), maxForwardedFor)], "")
	act := &ledger.Act{Who: "admin", From: from, ForwardedFor: said, Method: c.route.method, Route: c.route.path, Resource: a.resource(c)}
	if c.route.access == management {
		act.Who, act.KeyID = c.caller.Email, c.caller.KeyID
	}
	return act
}

// resource is the path of a call, without phone numbers.
func (a *API) resource(c *call) string {
	n := 0
	segments := strings.Split(c.route.path, "/")
	for i, s := range segments {
		name, verb := cutVerb("/" + s)
		if !strings.HasPrefix(name, "/{") || n >= len(c.params) {
			continue
		}
		v := url.PathEscape(c.params[n])
		if name == "/{phone}" {
			v = a.Auth.PhoneMark(c.params[n])
		}
		if n++; verb != "" {
			v += ":" + verb
		}
		segments[i] = v
	}
	return a.masked(strings.Join(segments, "/"))
}

var numbers = regexp.MustCompile(`(?:\+|%2[Bb])[0-9]{6,15}`)

// masked puts marks in the place of phone numbers.
func (a *API) masked(s string) string {
	return numbers.ReplaceAllStringFunc(s, func(n string) string {
		if n[0] == '%' {
			n = "+" + n[3:]
		}
		return a.Auth.PhoneMark(n)
	})
}

// maxFieldNames is how many names of fields an entry has.
const maxFieldNames = 50

// fieldNames are the names at the top of a JSON body, never their values: among
// them are secrets.
func fieldNames(body []byte) []string {
	var fields map[string]jsontext.Value
	if json.Unmarshal(body, &fields) != nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(fields))
	return names[:min(len(names), maxFieldNames)]
}

// target is the name of what an answer shows, whatever kind it is; "" if it has none.
func target(answer any) string {
	b, isRaw := answer.(rawJSON)
	if !isRaw {
		encoded, err := rbm.Marshal(answer)
		if err != nil {
			return ""
		}
		b = encoded
	}
	var named struct {
		Name         string `json:"name"`
		AgentID      string `json:"agentId"`
		PhoneNumber  string `json:"phoneNumber"`
		PrivateKeyID string `json:"private_key_id"`
	}
	if json.Unmarshal(b, &named) != nil {
		return ""
	}
	for _, s := range []string{named.Name, named.PhoneNumber, named.AgentID, named.PrivateKeyID} {
		if s != "" {
			return s
		}
	}
	return ""
}
