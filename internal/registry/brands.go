package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// Brand is a business that agents belong to. Agents may name a brand that is
// not stored: then they are what is known of it.
type Brand struct {
	ID          string    `json:"id"`
	DisplayName string    `json:"displayName"`
	CreateTime  time.Time `json:"createTime"`
}

// noBrand is the brand of agents that name none.
const noBrand = "default"

// Brand is the id of the agent's brand.
func (a *Agent) Brand() string {
	if a.BrandID == "" {
		return noBrand
	}
	return a.BrandID
}

// CreateBrand adds a brand under an id of its own.
func (r *Registry) CreateBrand(ctx context.Context, name string) (*Brand, error) {
	b := &Brand{ID: NewID(), DisplayName: name, CreateTime: r.clock.Now().Truncate(time.Microsecond)}
	return b, r.wireError(ctx, "brand", b.ID, r.brands.Create(ctx, b.ID, b))
}

// Brands lists all brands by id.
func (r *Registry) Brands(ctx context.Context) ([]*Brand, error) {
	all, err := r.brands.List(ctx, "", "", 0)
	if err != nil {
		return nil, r.wireError(ctx, "brand", "", err)
	}
	known := make(map[string]bool, len(all))
	for _, b := range all {
		known[b.ID] = true
	}
	for _, a := range r.Agents() {
		if id := a.Brand(); !known[id] {
			known[id] = true
			all = append(all, impliedBrand(a))
		}
	}
	slices.SortFunc(all, func(a, b *Brand) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// impliedBrand is what an agent says about a brand that is not stored.
func impliedBrand(a *Agent) *Brand {
	b := &Brand{ID: a.Brand(), DisplayName: a.BrandDisplayName, CreateTime: a.CreateTime}
	if b.DisplayName == "" {
		b.DisplayName = b.ID
	}
	return b
}

// Brand returns the brand of id, or NOT_FOUND.
func (r *Registry) Brand(ctx context.Context, id string) (*Brand, error) {
	if strings.Contains(id, "\x00") {
		return nil, rbm.NotFound()
	}
	b, err := r.brands.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		if agents := r.AgentsOf(id); len(agents) > 0 {
			return impliedBrand(agents[0]), nil
		}
		return nil, rbm.NotFound()
	}
	return b, r.wireError(ctx, "brand", id, err)
}

// AgentsOf lists the agents of a brand by id.
func (r *Registry) AgentsOf(brand string) []*Agent {
	return slices.DeleteFunc(r.Agents(), func(a *Agent) bool { return a.Brand() != brand })
}

// RenameBrand changes the name of a brand, also at its agents.
func (r *Registry) RenameBrand(ctx context.Context, id, name string) (*Brand, error) {
	b, err := r.Brand(ctx, id)
	if err != nil {
		return nil, err
	}
	renamed := *b
	renamed.DisplayName = name
	err = r.brands.Create(ctx, id, &renamed)
	if errors.Is(err, store.ErrConflict) {
		_, err = r.brands.Update(ctx, id, func(b *Brand) error {
			b.DisplayName = name
			return nil
		})
	}
	if err != nil {
		return nil, r.wireError(ctx, "brand", id, err)
	}
	for _, a := range r.AgentsOf(id) {
		_, err := r.UpdateAgent(ctx, a.ID, func(a *Agent) { a.BrandDisplayName = name })
		if err != nil && rbm.CodeOf(err) != rbm.CodeNotFound {
			return nil, err
		}
	}
	return &renamed, nil
}

// DeleteBrand removes a brand that has no agents.
func (r *Registry) DeleteBrand(ctx context.Context, id string) error {
	if len(r.AgentsOf(id)) > 0 {
		return rbm.Errorf(rbm.CodeFailedPrecondition, "The brand has agents: delete them first, or set force.")
	}
	err := r.brands.Delete(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it was known by its agents only
	}
	return r.wireError(ctx, "brand", id, err)
}
