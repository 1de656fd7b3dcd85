package registry

import (
	"context"
	"errors"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// Found is what is known of one number; nothing, if it is no phone of this
// platform.
type Found struct {
	HasRCS  bool   // and was connected in the last 31 days
	Reached bool   // HasRCS, and the agent is launched or the phone is its tester
	Carrier string // of a number of the United States
}

// Find looks numbers up for agent, in their order. Phones that were not in the
// cache do not enter it: a batch would push out those that are in use.
func (r *Registry) Find(ctx context.Context, agent *Agent, numbers []string) ([]Found, error) {
	testers, err := r.acceptedTesters(ctx, agent)
	if err != nil {
		return nil, err
	}
	all := make([]Found, len(numbers))
	for i, number := range numbers {
		p, err := r.peek(ctx, number)
		if err != nil {
			return nil, r.wireError(ctx, "phone", number, err)
		}
		if p == nil {
			continue
		}
		rcs := r.reachable(p)
		all[i] = Found{HasRCS: rcs, Reached: rcs && (r.launchedFor(agent, p) || testers[number])}
		if p.US {
			all[i].Carrier = r.CarrierOf(p)
		}
	}
	return all, nil
}

// peek returns the phone of number, or nil.
func (r *Registry) peek(ctx context.Context, number string) (*Phone, error) {
	if p, ok := r.recall(number); ok {
		return p, nil
	}
	p, err := r.phones.Get(ctx, number)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return p, err
}

func (r *Registry) acceptedTesters(ctx context.Context, agent *Agent) (map[string]bool, error) {
	list, err := r.Testers(ctx, agent.ID)
	if err != nil {
		return nil, err
	}
	accepted := make(map[string]bool, len(list))
	for _, t := range list {
		accepted[t.Phone] = t.Status == rbm.InviteStatusAccepted
	}
	return accepted, nil
}
