package client

import (
	"context"

	"github.com/openrbm/openrbm/rbm"
)

// CreateTester asks the user of a phone to be a tester, whom the agent reaches
// before it is launched. The status is PENDING until the user has answered, and
// ACCEPTED if that was so before. Attempts count: the platform may allow 20 in a
// day and 200 testers (facts/rbm-api.md §1.7).
func (c *Client) CreateTester(ctx context.Context, phone string) (*rbm.Tester, error) {
	return create[rbm.Tester](ctx, c, phoneResource(phone, "testers"), "", "", &rbm.Tester{})
}
