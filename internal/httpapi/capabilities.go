package httpapi

import "github.com/openrbm/openrbm/rbm"

// getCapabilities is phones.getCapabilities (facts/rbm-api.md §1.4).
func (a *API) getCapabilities(c *call) (any, error) {
	agent, err := a.agentOf(c)
	if err != nil {
		return nil, err
	}
	if err := checkPhone("name", c.params[0]); err != nil {
		return nil, err
	}
	p, err := a.Registry.Reach(c.r.Context(), agent, c.params[0])
	if err != nil {
		return nil, err
	}
	can := &rbm.Capabilities{Features: p.Features}
	if p.US {
		can.Carrier = a.Registry.CarrierOf(p)
	}
	return can, nil
}

// token is the token endpoint (facts/rbm-api.md §5.1).
func (a *API) token(c *call) (any, error) {
	a.Auth.TokenHandler().ServeHTTP(c.w, c.r)
	return answered{}, nil
}
