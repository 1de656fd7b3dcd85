package httpapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// The names of the limits that are not of a method; see Limits.
const (
	promotionsPer28Days = "promotionsPer28Days"
	testersPerDay       = "testersPerDay"
	testers             = "testers"
)

// Where an agent's own limits end: what is counted durably is kept use by use.
const (
	maxPerMinute = 1_000_000
	maxAllowance = 1000
)

// quotaNames are all limits that an agent may have of its own.
func quotaNames() []string {
	return append(Methods(), promotionsPer28Days, testers, testersPerDay)
}

// configured is a limit by its name as the configuration has it; 0 is none.
func (l *Limits) configured(name string) int {
	switch name {
	case promotionsPer28Days:
		return l.PromotionsPer28Days
	case testersPerDay:
		return l.Invitations.PerDay
	case testers:
		return l.Invitations.Total
	}
	return l.PerMinute[name]
}

// of is a limit of agent: its own, or the configuration's.
func (l *Limits) of(agent *registry.Agent, name string) int {
	if own, ok := agent.Limits[name]; ok {
		return own
	}
	return l.configured(name)
}

func (l *Limits) invitations(agent *registry.Agent) registry.InviteLimits {
	return registry.InviteLimits{PerDay: l.of(agent, testersPerDay), Total: l.of(agent, testers)}
}

// quotaJSON is a limit and what is used of it.
type quotaJSON struct {
	AgentID string `json:"agentId,omitzero"` // where the agents differ
	Name    string `json:"name"`             // of a method, testersPerDay, testers or promotionsPer28Days
	// Period is the time over which it counts; none: always.
	Period     rbm.Duration   `json:"period,omitzero"`
	Limit      int            `json:"limit"`             // 0: there is none
	Configured int            `json:"configured"`        // the limit of agents that have none of their own
	Own        bool           `json:"own"`               // the agent has one of its own
	Used       *int           `json:"used,omitzero"`     // none: it is not counted, or counts for each phone
	RoomTime   *rbm.Timestamp `json:"roomTime,omitzero"` // when the oldest use stops to count
}

// agentQuotasJSON are an agent's limits. Calls a minute are counted at all servers, within a quarter of a second.
type agentQuotasJSON struct {
	AgentID string      `json:"agentId"`
	Quotas  []quotaJSON `json:"quotas"`
}

func (q *quotaJSON) spent(s registry.Spent, err error) error {
	q.Used = &s.Used
	if !s.Next.IsZero() {
		q.RoomTime = rbm.NewTimestamp(s.Next)
	}
	return err
}

// getQuotas shows an agent's limits and what is used of them.
func (a *API) getQuotas(c *call) (any, error) {
	agent, err := a.Registry.Agent(c.params[0])
	if err != nil {
		return nil, err
	}
	return a.showQuotas(c, agent)
}

func (a *API) showQuotas(c *call, agent *registry.Agent) (any, error) {
	list := &agentQuotasJSON{AgentID: agent.ID, Quotas: []quotaJSON{}}
	for _, name := range quotaNames() {
		q := a.quota(agent, name)
		if err := a.useOf(c, agent.ID, q); err != nil {
			return nil, err
		}
		list.Quotas = append(list.Quotas, *q)
	}
	return list, nil
}

func (a *API) quota(agent *registry.Agent, name string) *quotaJSON {
	_, own := agent.Limits[name]
	q := &quotaJSON{Name: name, Limit: a.Limits.of(agent, name), Configured: a.Limits.configured(name), Own: own, Period: rbm.Duration(time.Minute)}
	switch name {
	case promotionsPer28Days:
		q.Period = rbm.Duration(28 * 24 * time.Hour)
	case testersPerDay:
		q.Period = rbm.Duration(24 * time.Hour)
	case testers:
		q.Period = 0
	}
	return q
}

// useOf tells in q what agent has used of it.
func (a *API) useOf(c *call, agent string, q *quotaJSON) error {
	switch q.Name {
	case promotionsPer28Days: // counts for each phone
		return nil
	case testersPerDay:
		return q.spent(a.Registry.Invitations(c.r.Context(), agent))
	case testers:
		n, err := a.Registry.Invited(c.r.Context(), agent)
		q.Used = &n
		return err
	}
	if q.Limit > 0 {
		n := a.quotas.used(q.Name, agent, q.Limit, a.Clock.Now())
		q.Used = &n
	}
	return nil
}

// quotasPatch gives an agent limits of its own; null takes one away again.
type quotasPatch struct {
	Limits map[string]*int `json:"limits"`
}

func (p *quotasPatch) check() error {
	var wrong []rbm.Violation
	names := quotaNames()
	for _, name := range slices.Sorted(maps.Keys(p.Limits)) {
		n, most := p.Limits[name], maxPerMinute
		if !slices.Contains(Methods(), name) {
			most = maxAllowance
		}
		text := ""
		switch {
		case !slices.Contains(names, name):
			text = fmt.Sprintf("%q is none of the limits %s.", name, strings.Join(names, ", "))
		case n != nil && (*n < 0 || *n > most):
			text = fmt.Sprintf("The limit must be 0, which is none, to %d; null is that of the configuration.", most)
		default:
			continue
		}
		wrong = append(wrong, rbm.Violation{Field: "limits." + name, Description: text})
	}
	if len(wrong) > 0 {
		return rbm.InvalidArgument(wrong...)
	}
	return nil
}

// patchQuotas changes the limits of an agent that are given. They count from the
// next call on.
func (a *API) patchQuotas(c *call) (any, error) {
	p, err := decode[quotasPatch](c)
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	agent, err := a.Registry.UpdateAgent(c.r.Context(), c.params[0], func(agent *registry.Agent) {
		limits := maps.Clone(agent.Limits)
		if limits == nil {
			limits = make(map[string]int)
		}
		for name, n := range p.Limits {
			if delete(limits, name); n != nil {
				limits[name] = *n
			}
		}
		agent.Limits = limits
	})
	if err != nil {
		return nil, err
	}
	return a.showQuotas(c, agent)
}

// phoneQuotasJSON are the limits that count for each phone.
type phoneQuotasJSON struct {
	PhoneNumber string      `json:"phoneNumber"`
	Quotas      []quotaJSON `json:"quotas"`
}

// getPhoneQuotas shows what agents have used of what they may send to one user:
// those that have a limit, or have used something of it.
func (a *API) getPhoneQuotas(c *call) (any, error) {
	phone, err := a.Registry.Phone(c.r.Context(), c.params[0])
	if err != nil {
		return nil, err
	}
	list := &phoneQuotasJSON{PhoneNumber: phone.Number, Quotas: []quotaJSON{}}
	for _, agent := range a.Registry.Agents() {
		q := a.quota(agent, promotionsPer28Days)
		if err := q.spent(a.Registry.Promotions(c.r.Context(), agent.ID, phone.Number)); err != nil {
			return nil, err
		}
		if q.AgentID = agent.ID; q.Limit > 0 || *q.Used > 0 {
			list.Quotas = append(list.Quotas, *q)
		}
	}
	return list, nil
}
