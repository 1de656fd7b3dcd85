package httpapi

import "github.com/openrbm/openrbm/rbm"

// createDialogflowMessage is phones.dialogflowMessages.create
// (facts/rbm-api.md §1.6). An agent without a Dialogflow integration is refused as
// at Google. One that has it gets UNIMPLEMENTED: this platform is connected to no
// Dialogflow, and an answer that pretends otherwise would lose the event.
func (a *API) createDialogflowMessage(c *call) (any, error) {
	agent, err := a.agentOf(c)
	if err != nil {
		return nil, err
	}
	if err := checkPhone("parent", c.params[0]); err != nil {
		return nil, err
	}
	if p := c.query.Get("messageIdPrefix"); p != "" && !rbm.ValidMessageID(p) {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "message_id_prefix", Description: "Invalid value at 'message_id_prefix': " +
			"it must be at most 200 visible ASCII characters without '/', such as a UUID."})
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	in, err := rbm.Decode[rbm.DialogflowEvent](body, "dialogflow_message")
	if err != nil {
		return nil, err
	}
	if !a.Registry.HasDialogflow(agent.ID) {
		return nil, rbm.Errorf(rbm.CodePermissionDenied, "The agent %q has no Dialogflow integration.", agent.ID)
	}
	if in.EventName == "" {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "dialogflow_message.event_name",
			Description: "Invalid value at 'dialogflow_message.event_name': required."})
	}
	if _, err := a.Registry.Reach(c.r.Context(), agent, c.params[0]); err != nil {
		return nil, err
	}
	return nil, rbm.Errorf(rbm.CodeUnimplemented, "This platform is connected to no Dialogflow: send the agent's messages with agentMessages.")
}
