package registry

import (
	"context"
	"strings"
	"time"
)

// What memory holds of the store may be changed by another node. It says so (see
// Registry.Changed); and what it does not say is noticed soon: phones are
// kept for MaxAge only, and Refresh reads the agents.

// recent is a phone with the time of its reading.
type recent struct {
	phone *Phone
	read  time.Time
}

func (r *Registry) remember(p *Phone) {
	at := time.Time{}
	if r.MaxAge > 0 {
		at = time.Now()
	}
	r.recent.Add(p.Number, recent{p, at})
}

// recall returns a phone from memory.
func (r *Registry) recall(number string) (*Phone, bool) {
	p, ok := r.recent.Get(number)
	if !ok || r.MaxAge > 0 && time.Since(p.read) > r.MaxAge {
		return nil, false
	}
	return p.phone, true
}

// What Changed and Forget speak of; an id follows.
const (
	agentChanged = "agent "
	phoneChanged = "phone "
)

func (r *Registry) changed(kind, id string) {
	if r.Changed != nil {
		r.Changed(kind + id)
	}
}

// Forget makes memory follow the store in what another node has changed.
func (r *Registry) Forget(ctx context.Context, what string) {
	if number, ok := strings.CutPrefix(what, phoneChanged); ok {
		mu := r.phoneLock(number)
		mu.Lock()
		defer mu.Unlock()
		r.recent.Remove(number)
	}
	if id, ok := strings.CutPrefix(what, agentChanged); ok {
		r.changing.Lock()
		defer r.changing.Unlock()
		r.reload(ctx, id)
	}
}

// Refresh reads all agents again.
func (r *Registry) Refresh(ctx context.Context) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	agents, err := r.agents.List(ctx, "", "", 0)
	if err != nil {
		return r.wireError(ctx, "agent", "", err)
	}
	all := make(map[string]*Agent, len(agents))
	for _, a := range agents {
		all[a.ID] = a
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.loaded = all
	return nil
}
