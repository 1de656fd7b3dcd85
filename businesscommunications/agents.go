package businesscommunications

import "github.com/openrbm/openrbm/rbm"

// Agent is who sends messages in the name of a brand. After the verification
// its DisplayName is frozen.
type Agent struct {
	Name                      string                     `json:"name,omitzero" rbm:"out"` // brands/{brand}/agents/{agent}@rbm.goog
	DisplayName               string                     `json:"displayName,omitzero"`    // at most MaxAgentName characters
	BrandName                 string                     `json:"brandName,omitzero" rbm:"out"`
	IsArchived                bool                       `json:"isArchived,omitzero"`
	RcsBusinessMessagingAgent *RcsBusinessMessagingAgent `json:"rcsBusinessMessagingAgent,omitzero"`
}

// RcsBusinessMessagingAgent is what users see of an agent. Description, LogoURI,
// HeroURI, Color, Privacy, TermsConditions, HostingRegion and at least one phone
// number, email or website are required; the logo and the hero image are frozen
// after the verification, HostingRegion from the start.
type RcsBusinessMessagingAgent struct {
	Description            string                  `json:"description,omitzero"` // at most MaxDescription characters
	LogoURI                string                  `json:"logoUri,omitzero"`
	HeroURI                string                  `json:"heroUri,omitzero"`
	Color                  string                  `json:"color,omitzero"` // #RRGGBB
	PhoneNumbers           []PhoneEntry            `json:"phoneNumbers,omitempty"`
	Emails                 []EmailEntry            `json:"emails,omitempty"`
	Websites               []WebEntry              `json:"websites,omitempty"` // at most MaxWebsites
	Privacy                *WebEntry               `json:"privacy,omitzero"`
	TermsConditions        *WebEntry               `json:"termsConditions,omitzero"`
	BillingConfig          *BillingConfig          `json:"billingConfig,omitzero"`
	AgentUseCase           rbm.AgentUseCase        `json:"agentUseCase,omitzero"` // PROMOTIONAL if not given
	HostingRegion          HostingRegion           `json:"hostingRegion,omitzero"`
	Partner                *AgentPartner           `json:"partner,omitzero" rbm:"out"`
	LaunchDetails          map[string]RegionLaunch `json:"launchDetails,omitempty" rbm:"out"` // by the name of the region
	IndiaPrincipalEntityID string                  `json:"indiaPrincipalEntityId,omitzero"`
}

// PhoneEntry is a number that users can call.
type PhoneEntry struct {
	PhoneNumber *PhoneNumber `json:"phoneNumber,omitzero"`
	Label       string       `json:"label,omitzero"`
}

// PhoneNumber is a number in E.164.
type PhoneNumber struct {
	Number string `json:"number,omitzero"`
}

// EmailEntry is an address that users can write to.
type EmailEntry struct {
	Address string `json:"address,omitzero"`
	Label   string `json:"label,omitzero"`
}

// WebEntry is a page that users can open.
type WebEntry struct {
	URI   string `json:"uri,omitzero"`
	Label string `json:"label,omitzero"`
}

// BillingConfig is how the agent's messages are billed.
type BillingConfig struct {
	BillingCategory BillingCategory `json:"billingCategory,omitzero"`
}

// AgentPartner is who manages the agent.
type AgentPartner struct {
	PartnerID   string `json:"partnerId,omitzero"`
	DisplayName string `json:"displayName,omitzero"`
	Company     string `json:"company,omitzero"`
}

// HostingRegion is where an agent's data are; "" is unspecified.
type HostingRegion string

// The hosting regions.
const (
	HostingNorthAmerica HostingRegion = "NORTH_AMERICA"
	HostingEurope       HostingRegion = "EUROPE"
	HostingAsiaPacific  HostingRegion = "ASIA_PACIFIC"
)

// BillingCategory is how messages are billed; "" is unspecified.
type BillingCategory string

// The billing categories.
const (
	BillingConversationalLegacy BillingCategory = "CONVERSATIONAL_LEGACY"
	BillingConversational       BillingCategory = "CONVERSATIONAL"
	BillingSingleMessage        BillingCategory = "SINGLE_MESSAGE"
	BillingBasicMessage         BillingCategory = "BASIC_MESSAGE"
	BillingNonConversational    BillingCategory = "NON_CONVERSATIONAL"
)
