package businesscommunications

// Partner is who manages agents for brands.
type Partner struct {
	Name                          string              `json:"name,omitzero" rbm:"out"` // partners/{partner}
	DisplayName                   string              `json:"displayName,omitzero"`
	Company                       string              `json:"company,omitzero"`
	ContactEmails                 []string            `json:"contactEmails,omitempty"`
	TechnicalContact              string              `json:"technicalContact,omitzero"`
	DialogflowServiceAccountEmail string              `json:"dialogflowServiceAccountEmail,omitzero" rbm:"out"`
	ProductCapabilities           []ProductCapability `json:"productCapabilities,omitempty"`
}

// ProductCapability is what a partner can do with a product.
type ProductCapability struct {
	Product                        string                          `json:"product,omitzero"`
	RcsBusinessMessagingCapability *RcsBusinessMessagingCapability `json:"rcsBusinessMessagingCapability,omitzero"`
}

// RcsBusinessMessagingCapability holds the partner's webhook, for agents that
// have none of their own.
type RcsBusinessMessagingCapability struct {
	WebhookURL string `json:"webhookUrl,omitzero"`
}
