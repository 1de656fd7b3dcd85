package httpapi

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// The management API has two kinds of callers. A partner's account manages
// everything, and also decides for the carriers: the platform has no others. An
// agent's own account reads and changes its agent, asks for its verification and
// its launch, and sets its webhook; it decides nothing.

// partnerOnly refuses callers that are not the partner.
func (c *call) partnerOnly() error {
	if c.caller.AllAgents {
		return nil
	}
	return rbm.Errorf(rbm.CodePermissionDenied, "The caller does not have permission: only a partner's account does.")
}

// manages says whether the caller may manage agent.
func (c *call) manages(agent *registry.Agent) bool {
	id, err := c.caller.Agent(agent.ID)
	return err == nil && id == agent.ID
}

// anyBrand stands for all brands in a path (facts/rbm-api.md §8.1).
const anyBrand = "-"

// managedAgent is the agent that the path names. One of somebody else's does not
// exist for the caller.
func (a *API) managedAgent(c *call) (*registry.Agent, error) {
	agent, err := a.Registry.Agent(c.params[1])
	if err != nil || !c.manages(agent) || c.params[0] != anyBrand && c.params[0] != agent.Brand() {
		return nil, rbm.NotFound()
	}
	return agent, nil
}

// agentName is the name of an agent in the management API.
func agentName(agent *registry.Agent) string {
	return "brands/" + agent.Brand() + "/agents/" + ledger.FullAgentID(agent.ID)
}

// input reads the body as the field of Google's request.
func input[T any](c *call, field string) (*T, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	return rbm.Decode[T](body, field)
}

// required is the violation of a field that is missing.
func required(field string) error {
	return rbm.InvalidArgument(rbm.Violation{Field: field, Description: "Invalid value at '" + field + "': required."})
}

// flag reads a bool of the query.
func (c *call) flag(param, field string) (bool, error) {
	v := c.query.Get(param)
	if v == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, rbm.InvalidArgument(rbm.Violation{Field: field, Description: fmt.Sprintf("Invalid value at '%s' (TYPE_BOOL), %q", field, v)})
	}
	return b, nil
}

// paged cuts the page that the query asks for out of all, which is sorted by key,
// and gives the token of the next one. A token names the last element of the page
// before, so that a page is right whatever was added or removed meanwhile.
func paged[T any](c *call, all []T, key func(T) string) (page []T, next string, err error) {
	size := defaultPage
	if v := c.query.Get("pageSize"); v != "" {
		n, err := strconv.ParseInt(v, 10, 32)
		if err != nil || n < 0 {
			return nil, "", rbm.InvalidArgument(rbm.Violation{Field: "page_size",
				Description: fmt.Sprintf("Invalid value at 'page_size' (TYPE_INT32), %q: it must be from 0 to %d.", v, math.MaxInt32)})
		}
		if n > 0 {
			size = int(min(n, maxPage))
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(c.query.Get("pageToken"))
	last, ok := strings.CutPrefix(string(after), pageMark)
	if err != nil || len(after) > 0 && !ok {
		return nil, "", rbm.InvalidArgument(rbm.Violation{Field: "page_token", Description: "Invalid value at 'page_token': it is not one that this method gave."})
	}
	for _, v := range all {
		switch {
		case len(after) > 0 && key(v) <= last:
		case len(page) == size:
			return page, base64.RawURLEncoding.EncodeToString([]byte(pageMark + key(page[size-1]))), nil
		default:
			page = append(page, v)
		}
	}
	return page, "", nil
}

// pageMark begins what is in a page token.
const pageMark = "1:"

// removeAgent removes an agent with its keys.
func (a *API) removeAgent(c *call, agent *registry.Agent) error {
	err := a.Auth.DeleteAccount(c.r.Context(), auth.AgentEmail(agent.ID))
	if err != nil && rbm.CodeOf(err) != rbm.CodeNotFound {
		return err
	}
	return a.Registry.DeleteAgent(c.r.Context(), agent.ID)
}
