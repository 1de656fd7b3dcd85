package registry

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/openrbm/openrbm/rbm"
)

// Agent is a business's agent as it is stored.
type Agent struct {
	ID               string           `json:"id"` // local part, without @rbm.goog
	DisplayName      string           `json:"displayName"`
	Description      string           `json:"description,omitzero"`
	BrandID          string           `json:"brandId,omitzero"`
	BrandDisplayName string           `json:"brandDisplayName,omitzero"`
	Color            string           `json:"color,omitzero"` // #RRGGBB
	LogoURI          string           `json:"logoUri,omitzero"`
	HeroURI          string           `json:"heroUri,omitzero"`
	UseCase          rbm.AgentUseCase `json:"useCase,omitzero"`
	Launched         bool             `json:"launched,omitzero"`
	Webhook          *Webhook         `json:"webhook,omitzero"`
	CreateTime       time.Time        `json:"createTime"`
}

// Webhook is where an agent's events go, and the secret that signs them.
type Webhook struct {
	URI         string `json:"uri"`
	ClientToken string `json:"clientToken"`
	Verified    bool   `json:"verified,omitzero"` // the handshake was made
}

// The rules for agents; lengths in characters (facts/rbm-api.md §8.2).
const (
	maxAgentName        = 40
	maxAgentDescription = 100
	maxURI              = 2048
	maxClientToken      = 1024
)

var (
	agentID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)
	color   = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
)

// AgentID is the local part of an agent's id in either spelling
// (facts/rbm-api.md §0.1).
func AgentID(id string) string { return strings.TrimSuffix(id, "@rbm.goog") }

func (a *Agent) validate() error {
	var v []rbm.Violation
	rule := func(holds bool, field, text string) {
		if !holds {
			v = append(v, rbm.Violation{Field: field, Description: text})
		}
	}
	chars := func(s string, most int) bool { return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most }
	rule(agentID.MatchString(a.ID), "agent_id", "The agentId must be 1 to 100 letters, digits, '_', '.' or '-', and begin with a letter or digit.")
	rule(a.DisplayName != "" && chars(a.DisplayName, maxAgentName), "display_name", "The displayName must be 1 to 40 characters.")
	rule(chars(a.Description, maxAgentDescription), "description", "The description must be at most 100 characters.")
	rule(a.Color == "" || color.MatchString(a.Color), "color", "The color must have the form #RRGGBB.")
	rule(a.LogoURI == "" || webURI(a.LogoURI), "logo_uri", "The logoUri must be an http or https URL of at most 2048 characters.")
	rule(a.HeroURI == "" || webURI(a.HeroURI), "hero_uri", "The heroUri must be an http or https URL of at most 2048 characters.")
	rule(slices.Contains([]rbm.AgentUseCase{rbm.UseCaseTransactional, rbm.UseCasePromotional, rbm.UseCaseOTP, rbm.UseCaseMultiUse}, a.UseCase), "agent_use_case",
		"The agentUseCase must be TRANSACTIONAL, PROMOTIONAL, OTP or MULTI_USE.")
	v = append(v, a.Webhook.violations()...)
	if len(v) > 0 {
		return rbm.InvalidArgument(v...)
	}
	return nil
}

// violations says what is wrong with a webhook; none is not wrong.
func (w *Webhook) violations() []rbm.Violation {
	var v []rbm.Violation
	if w != nil && !webURI(w.URI) {
		v = append(v, rbm.Violation{Field: "uri", Description: "The uri must be an http or https URL of at most 2048 characters."})
	}
	if w != nil && (w.ClientToken == "" || len(w.ClientToken) > maxClientToken) {
		v = append(v, rbm.Violation{Field: "client_token", Description: "The clientToken must be 1 to 1024 bytes."})
	}
	return v
}

// CheckWebhook says why w cannot be the webhook of the agent of id.
func (r *Registry) CheckWebhook(id string, w *Webhook) error {
	if _, err := r.Agent(id); err != nil {
		return err
	}
	if v := w.violations(); len(v) > 0 {
		return rbm.InvalidArgument(v...)
	}
	return nil
}

func webURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxURI && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

// CreateAgent adds an agent. A use case that is not given is PROMOTIONAL.
func (r *Registry) CreateAgent(ctx context.Context, a Agent) (*Agent, error) {
	a.ID, a.CreateTime = AgentID(a.ID), r.clock.Now().Truncate(time.Microsecond)
	if a.UseCase == "" {
		a.UseCase = rbm.UseCasePromotional
	}
	if err := a.validate(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.agents.Create(ctx, a.ID, &a); err != nil {
		return nil, r.wireError(ctx, "agent", a.ID, err)
	}
	r.loaded[a.ID] = &a
	return &a, nil
}

// Agent returns the agent of id, in either spelling, or NOT_FOUND.
func (r *Registry) Agent(id string) (*Agent, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if a := r.loaded[AgentID(id)]; a != nil {
		return a, nil
	}
	return nil, rbm.Errorf(rbm.CodeNotFound, "The agent %q does not exist.", AgentID(id))
}

// HasAgent says whether agent, a local part, exists.
func (r *Registry) HasAgent(_ context.Context, agent string) (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.loaded[agent] != nil, nil
}

// Agents lists all agents by id.
func (r *Registry) Agents() []*Agent {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*Agent, 0, len(r.loaded))
	for _, a := range r.loaded {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *Agent) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// UpdateAgent changes an agent by change; the result must be valid, and the id
// stays.
func (r *Registry) UpdateAgent(ctx context.Context, id string, change func(*Agent)) (*Agent, error) {
	id = AgentID(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	a, err := r.agents.Update(ctx, id, func(a *Agent) error {
		change(a)
		a.ID = id
		return a.validate()
	})
	if err != nil {
		return nil, r.wireError(ctx, "agent", id, err)
	}
	r.loaded[id] = a
	return a, nil
}

// DeleteAgent removes an agent and its testers.
func (r *Registry) DeleteAgent(ctx context.Context, id string) error {
	id = AgentID(id)
	testers, err := r.Testers(ctx, id)
	if err != nil {
		return err
	}
	for _, t := range testers {
		if err := r.RemoveTester(ctx, id, t.Phone); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.agents.Delete(ctx, id); err != nil {
		return r.wireError(ctx, "agent", id, err)
	}
	delete(r.loaded, id)
	return nil
}
