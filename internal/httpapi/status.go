package httpapi

import (
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func (a *API) status(c *call) (any, error) {
	phones, err := a.Registry.CountPhones(c.r.Context())
	if err != nil {
		return nil, err
	}
	var nodes any
	if a.Nodes != nil {
		if nodes, err = a.Nodes(c.r.Context()); err != nil {
			return nil, err
		}
	}
	return struct {
		Version   string        `json:"version"`
		StartTime rbm.Timestamp `json:"startTime"`
		Agents    int           `json:"agents"`
		Phones    int           `json:"phones"`
		Online    int           `json:"online"`
		Store     string        `json:"store"`
		Nodes     any           `json:"nodes,omitzero"`
	}{a.Version, rbm.Timestamp(a.started), len(a.Registry.Agents()), phones, a.Engine.Online(), a.StoreName, nodes}, nil
}

// clockJSON is the platform's time and how far it is ahead of the machine's.
type clockJSON struct {
	Now    rbm.Timestamp `json:"now"`
	Offset rbm.Duration  `json:"offset"`
}

func (a *API) getClock(*call) (any, error) {
	return clockJSON{rbm.Timestamp(a.Clock.Now()), rbm.Duration(a.Clock.Offset())}, nil
}

// maxTurn is how far the clock can be turned at once.
const maxTurn = 366 * 24 * time.Hour

// advanceClock turns the clock ahead: for demos and tests only.
func (a *API) advanceClock(c *call) (any, error) {
	in, err := decode[struct {
		By rbm.Duration `json:"by"`
	}](c)
	if err != nil {
		return nil, err
	}
	by := time.Duration(in.By)
	if by <= 0 || by > maxTurn {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "by", Description: "The clock can be turned ahead by more than 0s and at most 31622400s (366 days) at once."})
	}
	if !a.TurnClock {
		return nil, rbm.Errorf(rbm.CodeFailedPrecondition, "This server's clock cannot be turned: set clock.adjustable in its configuration.")
	}
	a.Clock.Advance(by)
	return a.getClock(c)
}
