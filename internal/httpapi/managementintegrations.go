package httpapi

import (
	"slices"
	"strings"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/rbm"
)

// webhookID is the id of the integration that is the agent's webhook: there is
// at most one, and the administrator may have set it.
const webhookID = "webhook"

// dialogflowAccount is who Dialogflow would be called as.
const dialogflowAccount = "dialogflow@" + auth.ProjectID + ".iam.openrbm"

// integrationsOf lists the integrations of an agent by id. The token of a
// webhook is never shown.
func integrationsOf(agent *registry.Agent) []bc.Integration {
	var all []bc.Integration
	add := func(id string, i bc.Integration) {
		i.Name, i.Status = agentName(agent)+"/integrations/"+id, bc.IntegrationEnabled
		all = append(all, i)
	}
	for _, i := range agent.Integrations {
		done := &bc.OperationInfo{OperationName: "operations/" + i.ID, OperationType: bc.AssociateDialogflow, OperationState: bc.OperationCompleted}
		switch {
		case i.Es != nil:
			es := *i.Es
			es.DialogflowServiceAccountEmail, es.OperationInfo = dialogflowAccount, done
			add(i.ID, bc.Integration{DialogflowEsIntegration: &es})
		case i.Cx != nil:
			cx := *i.Cx
			cx.DialogflowServiceAccountEmail, cx.OperationInfo = dialogflowAccount, done
			add(i.ID, bc.Integration{DialogflowCxIntegration: &cx})
		}
	}
	if agent.Webhook != nil {
		add(webhookID, bc.Integration{AgentWebhookIntegration: &bc.AgentWebhookIntegration{WebhookURI: agent.Webhook.URI}})
	}
	slices.SortFunc(all, func(x, y bc.Integration) int { return strings.Compare(x.Name, y.Name) })
	return all
}

// integrationOf is the integration of that id.
func integrationOf(agent *registry.Agent, id string) (*bc.Integration, error) {
	all := integrationsOf(agent)
	i := slices.IndexFunc(all, func(i bc.Integration) bool { return strings.HasSuffix(i.Name, "/"+id) })
	if i < 0 {
		return nil, rbm.NotFound()
	}
	return &all[i], nil
}

func (a *API) listIntegrations(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(c, integrationsOf(agent), func(i bc.Integration) string { return i.Name })
	return &bc.ListIntegrationsResponse{Integrations: page, NextPageToken: next}, err
}

func (a *API) getIntegration(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	return integrationOf(agent, c.params[2])
}

func (a *API) createIntegration(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	in, err := input[bc.Integration](c, "integration")
	if err != nil {
		return nil, err
	}
	if in.AgentWebhookIntegration != nil && agent.Webhook != nil || in.AgentWebhookIntegration == nil && len(agent.Integrations) > 0 {
		return nil, rbm.Errorf(rbm.CodeAlreadyExists, "The agent has an integration of that kind: change it, or delete it first.")
	}
	return a.saveIntegration(c, agent, in, registry.NewID())
}

func (a *API) patchIntegration(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	now, err := integrationOf(agent, c.params[2])
	if err != nil {
		return nil, err
	}
	in, err := input[bc.Integration](c, "integration")
	if err != nil {
		return nil, err
	}
	wasWebhook := now.AgentWebhookIntegration != nil
	if wasWebhook {
		now.AgentWebhookIntegration.VerificationToken = agent.Webhook.ClientToken
	}
	if err := bc.Merge(now, in, c.query.Get("updateMask")); err != nil {
		return nil, err
	}
	if wasWebhook != (now.AgentWebhookIntegration != nil) {
		return nil, rbm.InvalidArgument(rbm.Violation{Field: "integration", Description: "An integration cannot become one of another kind: delete it and create the other."})
	}
	return a.saveIntegration(c, agent, now, c.params[2])
}

// saveIntegration stores an integration; a webhook must first pass the handshake
// (facts/rbm-api.md §3.2).
func (a *API) saveIntegration(c *call, agent *registry.Agent, in *bc.Integration, id string) (any, error) {
	var err error
	switch {
	case in.AgentWebhookIntegration != nil:
		id = webhookID
		agent, err = a.hookUp(c, agent, in.AgentWebhookIntegration)
	case in.DialogflowEsIntegration == nil && in.DialogflowCxIntegration == nil:
		err = required("integration")
	default:
		agent, err = a.joinDialogflow(c, agent, in, id)
	}
	if err != nil {
		return nil, err
	}
	return integrationOf(agent, id)
}

func (a *API) hookUp(c *call, agent *registry.Agent, in *bc.AgentWebhookIntegration) (*registry.Agent, error) {
	var v []rbm.Violation
	const at = "integration.agent_webhook_integration."
	for field, value := range map[string]string{at + "webhook_uri": in.WebhookURI, at + "verification_token": in.VerificationToken} {
		if value == "" {
			v = append(v, rbm.Violation{Field: field, Description: "Invalid value at '" + field + "': required."})
		}
	}
	if len(v) > 0 {
		slices.SortFunc(v, func(x, y rbm.Violation) int { return strings.Compare(y.Field, x.Field) })
		return nil, rbm.InvalidArgument(v...)
	}
	return a.setWebhook(c, agent.ID, &registry.Webhook{URI: in.WebhookURI, ClientToken: in.VerificationToken, Verified: true})
}

func (a *API) joinDialogflow(c *call, agent *registry.Agent, in *bc.Integration, id string) (*registry.Agent, error) {
	i := registry.Integration{ID: id, Es: in.DialogflowEsIntegration, Cx: in.DialogflowCxIntegration, CreateTime: a.Clock.Now()}
	switch {
	case i.Es != nil && i.Es.DialogflowProjectID == "":
		return nil, required("integration.dialogflow_es_integration.dialogflow_project_id")
	case i.Cx != nil && (i.Cx.DialogflowProjectID == "" || i.Cx.DialogflowAgentID == ""):
		return nil, required("integration.dialogflow_cx_integration.dialogflow_project_id and dialogflow_agent_id")
	}
	return a.Registry.UpdateAgent(c.r.Context(), agent.ID, func(agent *registry.Agent) {
		if old := agent.Integration(id); old != nil {
			i.CreateTime = old.CreateTime
			*old = i
			return
		}
		agent.Integrations = append(agent.Integrations, i)
	})
}

func (a *API) deleteIntegration(c *call) (any, error) {
	agent, err := a.managedAgent(c)
	if err != nil {
		return nil, err
	}
	if _, err := integrationOf(agent, c.params[2]); err != nil {
		return nil, err
	}
	_, err = a.Registry.UpdateAgent(c.r.Context(), agent.ID, func(agent *registry.Agent) {
		if c.params[2] == webhookID {
			agent.Webhook = nil
		}
		agent.Integrations = slices.DeleteFunc(agent.Integrations, func(i registry.Integration) bool { return i.ID == c.params[2] })
	})
	if err == nil {
		a.Outbox.Hint(agent.ID) // the partner's webhook may take its events now
	}
	return nil, err
}
