package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// Agent is an agent as administered. AgentID is the local part, such as
// demo_agent, without @rbm.goog.
type Agent struct {
	AgentID          string           `json:"agentId,omitempty"`
	DisplayName      string           `json:"displayName,omitempty"`
	Description      string           `json:"description,omitempty"`
	BrandID          string           `json:"brandId,omitempty"`
	BrandDisplayName string           `json:"brandDisplayName,omitempty"`
	Color            string           `json:"color,omitempty"` // #RRGGBB
	LogoURI          string           `json:"logoUri,omitempty"`
	HeroURI          string           `json:"heroUri,omitempty"`
	AgentUseCase     rbm.AgentUseCase `json:"agentUseCase,omitempty"`
	Launched         bool             `json:"launched,omitempty"`  // until then it reaches its testers only
	CreateTime       time.Time        `json:"createTime,omitzero"` // output only
}

// AgentPatch changes the fields that are not nil.
type AgentPatch struct {
	DisplayName      *string           `json:"displayName,omitempty"`
	Description      *string           `json:"description,omitempty"`
	BrandID          *string           `json:"brandId,omitempty"`
	BrandDisplayName *string           `json:"brandDisplayName,omitempty"`
	Color            *string           `json:"color,omitempty"`
	LogoURI          *string           `json:"logoUri,omitempty"`
	HeroURI          *string           `json:"heroUri,omitempty"`
	AgentUseCase     *rbm.AgentUseCase `json:"agentUseCase,omitempty"`
}

// Agents lists all agents.
func (a *Admin) Agents(ctx context.Context) ([]Agent, error) {
	return adminList[Agent](ctx, a, "/agents", "agents")
}

// CreateAgent makes an agent; AgentID must be free.
func (a *Admin) CreateAgent(ctx context.Context, agent Agent) (*Agent, error) {
	return adminCall[Agent](ctx, a, http.MethodPost, "/agents", agent)
}

// Agent reads one agent.
func (a *Admin) Agent(ctx context.Context, agent string) (*Agent, error) {
	return adminCall[Agent](ctx, a, http.MethodGet, agentPath(agent), nil)
}

// UpdateAgent changes some fields of an agent.
func (a *Admin) UpdateAgent(ctx context.Context, agent string, p AgentPatch) (*Agent, error) {
	return adminCall[Agent](ctx, a, http.MethodPatch, agentPath(agent), p)
}

// DeleteAgent removes an agent.
func (a *Admin) DeleteAgent(ctx context.Context, agent string) error {
	_, err := adminCall[nothing](ctx, a, http.MethodDelete, agentPath(agent), nil)
	return err
}

// LaunchAgent lets an agent reach every phone.
func (a *Admin) LaunchAgent(ctx context.Context, agent string) (*Agent, error) {
	return adminCall[Agent](ctx, a, http.MethodPost, agentPath(agent)+":launch", nothing{})
}

// UnlaunchAgent lets an agent reach its testers only.
func (a *Admin) UnlaunchAgent(ctx context.Context, agent string) (*Agent, error) {
	return adminCall[Agent](ctx, a, http.MethodPost, agentPath(agent)+":unlaunch", nothing{})
}

// Key is a service account key, without its private half, which only its file holds.
type Key struct {
	KeyID       string    `json:"keyId"`
	ClientEmail string    `json:"clientEmail"`
	CreateTime  time.Time `json:"createTime"`
}

// CreateKey makes a key for an agent and returns the key file, JSON in Google's
// shape. It is the only copy of the private key.
func (a *Admin) CreateKey(ctx context.Context, agent string) ([]byte, error) {
	raw, err := adminCall[json.RawMessage](ctx, a, http.MethodPost, agentPath(agent, "keys"), nothing{})
	if err != nil {
		return nil, err
	}
	return *raw, nil
}

// Keys lists an agent's keys.
func (a *Admin) Keys(ctx context.Context, agent string) ([]Key, error) {
	return adminList[Key](ctx, a, agentPath(agent, "keys"), "keys")
}

// DeleteKey makes a key worthless.
func (a *Admin) DeleteKey(ctx context.Context, agent, keyID string) error {
	_, err := adminCall[nothing](ctx, a, http.MethodDelete, agentPath(agent, "keys", keyID), nil)
	return err
}

// CreatePartnerKey makes a key of the partner's account, which may act for every
// agent and use the management API, and returns the key file.
func (a *Admin) CreatePartnerKey(ctx context.Context) ([]byte, error) {
	raw, err := adminCall[json.RawMessage](ctx, a, http.MethodPost, "/partnerKeys", nothing{})
	if err != nil {
		return nil, err
	}
	return *raw, nil
}

// PartnerKeys lists the partner's keys.
func (a *Admin) PartnerKeys(ctx context.Context) ([]Key, error) {
	return adminList[Key](ctx, a, "/partnerKeys", "keys")
}

// DeletePartnerKey makes a key of the partner worthless.
func (a *Admin) DeletePartnerKey(ctx context.Context, keyID string) error {
	_, err := adminCall[nothing](ctx, a, http.MethodDelete, "/partnerKeys/"+keyID, nil)
	return err
}

// Message is a message or event of an agent as the platform keeps it.
type Message struct {
	AgentID     string          `json:"agentId"`
	MessageID   string          `json:"messageId"`
	PhoneNumber string          `json:"phoneNumber"`
	Kind        string          `json:"kind"` // MESSAGE or EVENT
	State       string          `json:"state"`
	SendTime    time.Time       `json:"sendTime,omitzero"`
	ChangeTime  time.Time       `json:"changeTime,omitzero"`
	ExpireTime  time.Time       `json:"expireTime,omitzero"`
	Message     json.RawMessage `json:"message,omitempty"` // the AgentMessage or AgentEvent
}

// Message reads one message or event by its id.
func (a *Admin) Message(ctx context.Context, agent, messageID string) (*Message, error) {
	return adminCall[Message](ctx, a, http.MethodGet, agentPath(agent, "messages", messageID), nil)
}
