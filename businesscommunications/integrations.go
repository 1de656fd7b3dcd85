package businesscommunications

// Integration is where what users send to an agent goes: exactly one of its
// members is set.
type Integration struct {
	Name                    string                   `json:"name,omitzero" rbm:"out"` // brands/{brand}/agents/{agent}@rbm.goog/integrations/{integration}
	Status                  IntegrationStatus        `json:"status,omitzero" rbm:"out"`
	DialogflowEsIntegration *DialogflowEsIntegration `json:"dialogflowEsIntegration,omitzero" rbm:"oneof=integration"`
	DialogflowCxIntegration *DialogflowCxIntegration `json:"dialogflowCxIntegration,omitzero" rbm:"oneof=integration"`
	AgentWebhookIntegration *AgentWebhookIntegration `json:"agentWebhookIntegration,omitzero" rbm:"oneof=integration"`
}

// AgentWebhookIntegration is an agent's own webhook. VerificationToken, the
// secret that the console calls clientToken, is input only.
type AgentWebhookIntegration struct {
	WebhookURI        string `json:"webhookUri,omitzero"`
	VerificationToken string `json:"verificationToken,omitzero"`
}

// DialogflowEsIntegration is a Dialogflow ES project.
type DialogflowEsIntegration struct {
	DialogflowProjectID           string                    `json:"dialogflowProjectId,omitzero"`
	AutoResponseStatus            AutoResponseStatus        `json:"autoResponseStatus,omitzero"`
	DialogflowServiceAccountEmail string                    `json:"dialogflowServiceAccountEmail,omitzero" rbm:"out"`
	OperationInfo                 *OperationInfo            `json:"operationInfo,omitzero" rbm:"out"`
	DialogflowKnowledgeBases      []DialogflowKnowledgeBase `json:"dialogflowKnowledgeBases,omitempty"`
}

// DialogflowCxIntegration is an agent of a Dialogflow CX project.
type DialogflowCxIntegration struct {
	DialogflowProjectID           string             `json:"dialogflowProjectId,omitzero"`
	DialogflowAgentID             string             `json:"dialogflowAgentId,omitzero"`
	AutoResponseStatus            AutoResponseStatus `json:"autoResponseStatus,omitzero"`
	DialogflowServiceAccountEmail string             `json:"dialogflowServiceAccountEmail,omitzero" rbm:"out"`
	OperationInfo                 *OperationInfo     `json:"operationInfo,omitzero" rbm:"out"`
}

// DialogflowKnowledgeBase is a knowledge base of a Dialogflow ES project.
type DialogflowKnowledgeBase struct {
	DisplayName string   `json:"displayName,omitzero"`
	URIs        []string `json:"uris,omitempty"`
}

// OperationInfo is how far the joining with Dialogflow is.
type OperationInfo struct {
	OperationName  string         `json:"operationName,omitzero"`
	OperationType  OperationType  `json:"operationType,omitzero"`
	OperationState OperationState `json:"operationState,omitzero"`
	Error          string         `json:"error,omitzero"`
}

// IntegrationStatus says whether an integration is in use; "" is unspecified.
type IntegrationStatus string

// The integration states.
const (
	IntegrationEnabled  IntegrationStatus = "ENABLED"
	IntegrationDisabled IntegrationStatus = "DISABLED"
)

// AutoResponseStatus says whether Dialogflow answers by itself; "" is unspecified.
type AutoResponseStatus string

// The auto response states.
const (
	AutoResponseEnabled  AutoResponseStatus = "ENABLED"
	AutoResponseDisabled AutoResponseStatus = "DISABLED"
)

// OperationType is what is done with Dialogflow; "" is unspecified.
type OperationType string

// The operation types.
const (
	AssociateDialogflow             OperationType = "ASSOCIATE_DIALOGFLOW"
	DissociateDialogflow            OperationType = "DISSOCIATE_DIALOGFLOW"
	AddDocumentToKnowledgebase      OperationType = "ADD_DOCUMENT_TO_KNOWLEDGEBASE"
	DeleteDocumentFromKnowledgebase OperationType = "DELETE_DOCUMENT_FROM_KNOWLEDGEBASE"
)

// OperationState is how far an operation is; "" is unspecified.
type OperationState string

// The operation states.
const (
	OperationProcessing OperationState = "PROCESSING"
	OperationCompleted  OperationState = "COMPLETED"
	OperationFailed     OperationState = "FAILED"
)
