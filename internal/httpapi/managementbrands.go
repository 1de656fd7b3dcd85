package httpapi

import (
	"slices"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

func showBrand(b *registry.Brand) bc.Brand {
	return bc.Brand{Name: "brands/" + b.ID, DisplayName: b.DisplayName}
}

// seesBrand says whether the caller may know of a brand: an agent's account
// knows its own.
func (a *API) seesBrand(c *call, id string) bool {
	return c.caller.AllAgents || slices.ContainsFunc(a.Registry.AgentsOf(id), c.manages)
}

func (a *API) createBrand(c *call) (any, error) {
	if err := c.partnerOnly(); err != nil {
		return nil, err
	}
	in, err := input[bc.Brand](c, "brand")
	if err != nil {
		return nil, err
	}
	if v := in.Violations(); len(v) > 0 {
		return nil, rbm.InvalidArgument(v...)
	}
	b, err := a.Registry.CreateBrand(c.r.Context(), in.DisplayName)
	if err != nil {
		return nil, err
	}
	return showBrand(b), nil
}

func (a *API) listBrands(c *call) (any, error) {
	brands, err := a.Registry.Brands(c.r.Context())
	if err != nil {
		return nil, err
	}
	brands = slices.DeleteFunc(brands, func(b *registry.Brand) bool { return !a.seesBrand(c, b.ID) })
	page, next, err := paged(c, brands, func(b *registry.Brand) string { return b.ID })
	if err != nil {
		return nil, err
	}
	out := &bc.ListBrandsResponse{NextPageToken: next}
	for _, b := range page {
		out.Brands = append(out.Brands, showBrand(b))
	}
	return out, nil
}

// managedBrand is the brand that the path names.
func (a *API) managedBrand(c *call) (*registry.Brand, error) {
	if !a.seesBrand(c, c.params[0]) {
		return nil, rbm.NotFound()
	}
	return a.Registry.Brand(c.r.Context(), c.params[0])
}

func (a *API) getBrand(c *call) (any, error) {
	b, err := a.managedBrand(c)
	if err != nil {
		return nil, err
	}
	return showBrand(b), nil
}

func (a *API) patchBrand(c *call) (any, error) {
	if err := c.partnerOnly(); err != nil {
		return nil, err
	}
	b, err := a.managedBrand(c)
	if err != nil {
		return nil, err
	}
	in, err := input[bc.Brand](c, "brand")
	if err != nil {
		return nil, err
	}
	brand := showBrand(b)
	if err := bc.Merge(&brand, in, c.query.Get("updateMask")); err != nil {
		return nil, err
	}
	if v := brand.Violations(); len(v) > 0 {
		return nil, rbm.InvalidArgument(v...)
	}
	if b, err = a.Registry.RenameBrand(c.r.Context(), b.ID, brand.DisplayName); err != nil {
		return nil, err
	}
	return showBrand(b), nil
}

// deleteBrand removes a brand, with force also its agents and their keys.
func (a *API) deleteBrand(c *call) (any, error) {
	if err := c.partnerOnly(); err != nil {
		return nil, err
	}
	b, err := a.managedBrand(c)
	if err != nil {
		return nil, err
	}
	force, err := c.flag("force", "force")
	if err != nil {
		return nil, err
	}
	if force {
		for _, agent := range a.Registry.AgentsOf(b.ID) {
			if err := a.removeAgent(c, agent); err != nil && rbm.CodeOf(err) != rbm.CodeNotFound {
				return nil, err
			}
		}
	}
	return nil, a.Registry.DeleteBrand(c.r.Context(), b.ID)
}

func (a *API) listRegions(*call) (any, error) {
	out := &bc.ListRegionsResponse{}
	for _, r := range a.Registry.Regions() {
		out.Regions = append(out.Regions, bc.Region{Name: regionName(r.ID), DisplayName: r.DisplayName, ManagementType: r.ManagementType})
	}
	return out, nil
}

// listAgentPerformances is empty: the platform rates nobody.
func (a *API) listAgentPerformances(c *call) (any, error) {
	_, _, err := paged(c, []string(nil), func(s string) string { return s })
	return &bc.ListAgentPerformancesResponse{}, err
}
