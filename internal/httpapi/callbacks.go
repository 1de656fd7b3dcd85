package httpapi

import (
	"github.com/openrbm/openrbm/rbm"
)

// requestCapabilityCallback is the withdrawn
// phones.capability.requestCapabilityCallback (facts/rbm-api.md §1.5): the answer
// comes to the webhook, as often as a requestId is used: once.
func (a *API) requestCapabilityCallback(c *call) (any, error) {
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	in, err := rbm.Decode[rbm.CapabilityCallbackRequest](body, "")
	if err != nil {
		return nil, err
	}
	agent, err := a.agentNamed(c, in.AgentID)
	if err != nil {
		return nil, err
	}
	phone := c.params[0]
	if err := checkPhone("name", phone); err != nil {
		return nil, err
	}
	if !rbm.ValidMessageID(in.RequestID) {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "request_id", Description: "Invalid value at 'request_id': the requestId must be " +
			"given, and be an id of at most 200 visible ASCII characters without '/', such as a UUID."})
	}
	r := &rbm.CapabilityCallbackResponse{RequestID: in.RequestID, PhoneNumber: phone}
	switch p, err := a.Registry.Reach(c.r.Context(), agent, phone); {
	case rbm.CodeOf(err) == rbm.CodeNotFound:
		r.Status = &rbm.Status{Code: int32(rbm.CodeNotFound), Message: rbm.NotFound().Message}
	case err != nil:
		return nil, err
	default:
		r.RbmEnabled, r.Features = true, p.Features
	}
	return nil, a.Engine.PostCapabilities(c.r.Context(), agent.ID, r)
}
