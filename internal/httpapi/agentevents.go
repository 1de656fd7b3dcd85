package httpapi

import "github.com/openrbm/openrbm/rbm"

// createAgentEvent is phones.agentEvents.create (facts/rbm-api.md §1.3).
func (a *API) createAgentEvent(c *call) (any, error) {
	agent, ref, err := a.address(c, "eventId", "event_id")
	if err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	ev, err := rbm.DecodeAgentEvent(body)
	if err != nil {
		return nil, err
	}
	phone := c.params[0]
	err = ev.Validate()
	if err == nil {
		_, err = a.Registry.Reach(c.r.Context(), agent, phone)
	}
	if err != nil {
		before, repeated := a.Engine.EarlierEvent(c.r.Context(), ref)
		return c.unless(before, repeated, err)
	}
	return c.accepted(a.Engine.AcceptEvent(c.r.Context(), ref, phone, ev))
}
