package client

import (
	"context"

	"github.com/openrbm/openrbm/rbm"
)

// CreateDialogflowMessage starts an intent of the agent's Dialogflow project,
// whose answers are sent with ids that begin with messageIDPrefix, which may be
// empty (facts/rbm-api.md §1.6). Without a Dialogflow integration it fails with
// PERMISSION_DENIED; OpenRBM itself is connected to none and says UNIMPLEMENTED.
func (c *Client) CreateDialogflowMessage(ctx context.Context, phone, messageIDPrefix string, e *rbm.DialogflowEvent) (*rbm.DialogflowEvent, error) {
	name := "messageIdPrefix"
	if messageIDPrefix == "" {
		name = ""
	}
	return create[rbm.DialogflowEvent](ctx, c, phoneResource(phone, "dialogflowMessages"), name, messageIDPrefix, e)
}
