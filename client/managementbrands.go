package client

import (
	"context"
	"net/url"
	"strconv"

	bc "github.com/openrbm/openrbm/businesscommunications"
)

// Brands lists the brands that the caller may see.
func (m *Management) Brands(ctx context.Context) ([]bc.Brand, error) {
	return pages(ctx, m, resource{id: "brands", like: "brands"}, nil,
		func(p *bc.ListBrandsResponse) ([]bc.Brand, string) { return p.Brands, p.NextPageToken })
}

// CreateBrand makes a brand; the platform names it.
func (m *Management) CreateBrand(ctx context.Context, displayName string) (*bc.Brand, error) {
	return submit[bc.Brand](ctx, m, resource{id: "brands", like: "brands"}, &bc.Brand{DisplayName: displayName})
}

// Brand reads a brand.
func (m *Management) Brand(ctx context.Context, brand string) (*bc.Brand, error) {
	return read[bc.Brand](ctx, m, brandName(brand), nil)
}

// UpdateBrand changes a brand.
func (m *Management) UpdateBrand(ctx context.Context, brand string, b *bc.Brand, fields ...string) (*bc.Brand, error) {
	return update(ctx, m, brandName(brand), b, masked(fields))
}

// DeleteBrand removes a brand. With force its agents go with it; without, one that
// has agents stays and the error is FAILED_PRECONDITION.
func (m *Management) DeleteBrand(ctx context.Context, brand string, force bool) error {
	return m.remove(ctx, brandName(brand), url.Values{"force": {strconv.FormatBool(force)}})
}

func brandName(brand string) resource { return resource{id: brand, like: "brands/*"} }

// CreateTester invites the user of a phone to be a tester of an agent. A phone without RCS
// is INVALID_ARGUMENT; attempts count as those of Client.CreateTester do.
func (m *Management) CreateTester(ctx context.Context, agentID, phone string) (*bc.Tester, error) {
	return submit[bc.Tester](ctx, m, resource{id: "testers", like: "testers"}, &bc.Tester{AgentID: agentID, PhoneNumber: phone})
}

// Testers lists the testers of an agent.
func (m *Management) Testers(ctx context.Context, agentID string) ([]bc.Tester, error) {
	r, err := read[bc.ListTestersResponse](ctx, m, resource{id: "testers", like: "testers"}, url.Values{"agentId": {agentID}})
	if err != nil {
		return nil, err
	}
	return r.Testers, nil
}

// Tester reads a tester of an agent: phone in E.164.
func (m *Management) Tester(ctx context.Context, agentID, phone string) (*bc.Tester, error) {
	return read[bc.Tester](ctx, m, testerName(phone), url.Values{"agentId": {agentID}})
}

// DeleteTester ends that a phone is a tester of an agent.
func (m *Management) DeleteTester(ctx context.Context, agentID, phone string) error {
	return m.remove(ctx, testerName(phone), url.Values{"agentId": {agentID}})
}

func testerName(phone string) resource { return resource{id: "testers/" + phone, like: "testers/*"} }
