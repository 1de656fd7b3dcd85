package httpapi

import (
	"context"

	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// ignoredHeader tells a developer that a send was ignored because its id was
// used before, which the answer itself does not show.
const ignoredHeader = "X-Openrbm-Ignored"

// createAgentMessage is phones.agentMessages.create (facts/rbm-api.md §1.1).
func (a *API) createAgentMessage(c *call) (any, error) {
	agent, ref, err := a.address(c, "messageId", "message_id")
	if err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	m, err := rbm.DecodeAgentMessage(body)
	if err != nil {
		return nil, err
	}
	phone := c.params[0]
	if err := a.checkMessage(c.r.Context(), agent, phone, m); err != nil {
		before, repeated := a.Engine.EarlierMessage(c.r.Context(), ref)
		return c.unless(before, repeated, err)
	}
	if media.Mentions(m) {
		return a.acceptFiles(c, agent, ref, phone, m)
	}
	return a.acceptCounted(c, agent, ref, phone, m, func() (*engine.Accepted, error) {
		return a.Engine.AcceptMessage(c.r.Context(), ref, phone, m)
	})
}

// checkMessage says why m cannot be sent, and fills in what is only known for
// numbers of the United States (facts/rbm-api.md §2.12).
func (a *API) checkMessage(ctx context.Context, agent *registry.Agent, phone string, m *rbm.AgentMessage) error {
	if err := m.Validate(a.Clock.Now()); err != nil {
		return err
	}
	p, err := a.Registry.Reach(ctx, agent, phone)
	if err != nil {
		return err
	}
	if p.US {
		class := rbm.Classify(m)
		m.RichMessageClassification, m.Carrier = &class, a.Registry.CarrierOf(p)
	}
	if err := rbm.CheckFeatures(m, p.Features); err != nil {
		return err
	}
	return a.checkTraffic(ctx, agent, phone, m)
}

// deleteAgentMessage is phones.agentMessages.delete (facts/rbm-api.md §1.2).
func (a *API) deleteAgentMessage(c *call) (any, error) {
	agent, err := a.agentOf(c)
	if err != nil {
		return nil, err
	}
	if err := checkPhone("name", c.params[0]); err != nil {
		return nil, err
	}
	return nil, a.Engine.Revoke(c.r.Context(), engine.Ref{Agent: agent.ID, ID: c.params[1]}, c.params[0])
}

// address reads who sends what to whom: the phone in the path, the id and the
// agent in the query.
func (a *API) address(c *call, param, field string) (*registry.Agent, engine.Ref, error) {
	agent, err := a.agentOf(c)
	if err != nil {
		return nil, engine.Ref{}, err
	}
	if err := checkPhone("parent", c.params[0]); err != nil {
		return nil, engine.Ref{}, err
	}
	id := c.query.Get(param)
	if !rbm.ValidMessageID(id) {
		return nil, engine.Ref{}, rbm.InvalidArgument(rbm.Violation{Field: field, Description: "Invalid value at '" + field +
			"': the " + param + " must be given, and be an id of at most 200 visible ASCII characters without '/', such as a UUID."})
	}
	return agent, engine.Ref{Agent: agent.ID, ID: id}, nil
}

func checkPhone(field, number string) error {
	if rbm.ValidPhone(number) {
		return nil
	}
	return rbm.InvalidArgument(rbm.Violation{Field: field, Description: "Invalid value at '" + field +
		"': the phone number must be in E.164 form, such as phones/+12223334444."})
}

// unless answers a send that cannot be made: with err, or, when its id was used
// before, as the send that is to be ignored.
func (c *call) unless(before *engine.Accepted, repeated bool, err error) (any, error) {
	if repeated {
		return c.accepted(before, nil)
	}
	return nil, err
}

// accepted is the answer to a send.
func (c *call) accepted(res *engine.Accepted, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	if res.Repeated {
		c.w.Header().Set(ignoredHeader, "the id was used before")
	}
	return rawJSON(res.Payload), nil
}
