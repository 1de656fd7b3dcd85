package registry

import (
	"context"
	"errors"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// Tester is a phone that an unlaunched agent may reach.
type Tester struct {
	Agent      string           `json:"agent"`
	Phone      string           `json:"phone"`
	Status     rbm.InviteStatus `json:"status"`
	CreateTime time.Time        `json:"createTime"`
	// Prompt is the id of the message that asked the user; "" if nobody did.
	Prompt string `json:"prompt,omitzero"`
}

// AddTester makes phone a tester of agent; once more is no error.
func (r *Registry) AddTester(ctx context.Context, agent, phone string, status rbm.InviteStatus) (*Tester, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	a, err := r.Agent(agent)
	if err != nil {
		return nil, err
	}
	if _, err := r.Phone(ctx, phone); err != nil {
		return nil, err
	}
	id := ledger.ID(a.ID, phone)
	t := &Tester{Agent: a.ID, Phone: phone, Status: status, CreateTime: r.clock.Now().Truncate(time.Microsecond)}
	err = r.testers.Create(ctx, id, t)
	if errors.Is(err, store.ErrConflict) {
		t, err = r.testers.Update(ctx, id, func(t *Tester) error {
			t.Status = status
			return nil
		})
	}
	if err != nil {
		return nil, r.wireError(ctx, "tester", phone, err)
	}
	return t, nil
}

// Testers lists the testers of agent by number.
func (r *Registry) Testers(ctx context.Context, agent string) ([]*Tester, error) {
	a, err := r.Agent(agent)
	if err != nil {
		return nil, err
	}
	testers, err := r.testers.List(ctx, ledger.ID(a.ID, ""), "", 0)
	return testers, r.wireError(ctx, "tester", "", err)
}

// RemoveTester makes phone no tester of agent any more.
func (r *Registry) RemoveTester(ctx context.Context, agent, phone string) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	return r.removeTester(ctx, agent, phone)
}

// removeTester is RemoveTester. The caller holds changing.
func (r *Registry) removeTester(ctx context.Context, agent, phone string) error {
	return r.wireError(ctx, "tester", phone, r.testers.Delete(ctx, ledger.ID(AgentID(agent), phone)))
}

func (r *Registry) isTester(ctx context.Context, agent, phone string) (bool, error) {
	t, err := r.testers.Get(ctx, ledger.ID(agent, phone))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, r.wireError(ctx, "tester", phone, err)
	}
	return t.Status == rbm.InviteStatusAccepted, nil
}

// Reach returns the phone of number if agent can reach it: it has RCS, was
// connected in the last 31 days, and the agent is launched or the phone is its
// tester. Otherwise NOT_FOUND (facts/rbm-api.md §1.1, §1.4, §10).
func (r *Registry) Reach(ctx context.Context, agent *Agent, number string) (*Phone, error) {
	p, err := r.Phone(ctx, number)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		return nil, rbm.NotFound()
	}
	if err != nil {
		return nil, err
	}
	if !r.reachable(p) {
		return nil, rbm.NotFound()
	}
	if r.launchedFor(agent, p) {
		return p, nil
	}
	tester, err := r.isTester(ctx, agent.ID, number)
	if err != nil {
		return nil, err
	}
	if !tester {
		return nil, rbm.NotFound()
	}
	return p, nil
}
