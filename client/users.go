package client

import (
	"context"
	"net/http"

	"github.com/openrbm/openrbm/rbm"
)

// BatchGetUsers asks which of up to 10,000 phones, in E.164, the agent can reach:
// those with RCS that it is launched for. Repeated numbers count once. With 500
// numbers or more, three quarters of them are drawn at random and it is counted how many have
// RCS, whether the agent is launched or not (facts/rbm-api.md §1.8).
func (c *Client) BatchGetUsers(ctx context.Context, phones []string) (*rbm.BatchGetUsersResponse, error) {
	return create[rbm.BatchGetUsersResponse](ctx, c, "/v1/users:batchGet", "", "", &rbm.BatchGetUsersRequest{Users: phones})
}

// RequestCapabilityCallback asks for what Capabilities answers on the agent's
// webhook, as an Event with Capabilities, also for a phone that cannot be
// reached. With an empty requestID a new one is made; each id is answered once.
// Google has withdrawn it (facts/rbm-api.md §1.5): new programs use Capabilities.
func (c *Client) RequestCapabilityCallback(ctx context.Context, phone, requestID string) error {
	if requestID == "" {
		requestID = NewMessageID()
	}
	_, err := create[struct{}](ctx, c, phoneResource(phone, "capability:requestCapabilityCallback"), "", "",
		&rbm.CapabilityCallbackRequest{RequestID: requestID})
	return err
}

// create posts body and reads the answer. The id goes under name in the query.
func create[T any](ctx context.Context, c *Client, path, name, id string, body any) (*T, error) {
	b, err := encode(body)
	if err != nil {
		return nil, err
	}
	answer, _, err := c.do(ctx, call{method: http.MethodPost, path: path, query: c.query(name, id), body: b})
	if err != nil {
		return nil, err
	}
	return decode[T](answer)
}
