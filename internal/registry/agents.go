package registry

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
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
	// Launched says that the agent is launched in every region. With it, Launch
	// need not say so for each; see Registry.Launch.
	Launched bool     `json:"launched,omitzero"`
	Webhook  *Webhook `json:"webhook,omitzero"`
	// WebhookPaused keeps the agent's events in the outbox until it is over.
	WebhookPaused bool `json:"webhookPaused,omitzero"`
	// Limits are the agent's own limits by name, where they are not those of the
	// configuration; 0 is no limit.
	Limits     map[string]int `json:"limits,omitempty"`
	CreateTime time.Time      `json:"createTime"`

	// Of the management API only; agents of before have none of it.
	Profile      Profile       `json:"profile,omitzero"`
	Launch       Launch        `json:"launch,omitzero"`
	Verification Verification  `json:"verification,omitzero"`
	Integrations []Integration `json:"integrations,omitempty"` // beside the webhook
}

// Profile is what users can look up about an agent. The platform does not look
// into it: what has several fields is kept as the management API spells it.
type Profile struct {
	Archived               bool               `json:"archived,omitzero"`
	PhoneNumbers           []bc.PhoneEntry    `json:"phoneNumbers,omitempty"`
	Emails                 []bc.EmailEntry    `json:"emails,omitempty"`
	Websites               []bc.WebEntry      `json:"websites,omitempty"`
	Privacy                *bc.WebEntry       `json:"privacy,omitzero"`
	TermsConditions        *bc.WebEntry       `json:"termsConditions,omitzero"`
	BillingCategory        bc.BillingCategory `json:"billingCategory,omitzero"`
	HostingRegion          bc.HostingRegion   `json:"hostingRegion,omitzero"`
	IndiaPrincipalEntityID string             `json:"indiaPrincipalEntityId,omitzero"`
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
	maxBrandName        = 100
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
	rule(a.BrandID == "" || agentID.MatchString(a.BrandID), "brand_id", "The brandId must be 1 to 100 letters, digits, '_', '.' or '-', and begin with a letter or digit.")
	rule(chars(a.BrandDisplayName, maxBrandName), "brand_display_name", "The brandDisplayName must be at most 100 characters.")
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
	return w.Check()
}

// Check says why w cannot be a webhook.
func (w *Webhook) Check() error {
	if v := w.violations(); len(v) > 0 {
		return rbm.InvalidArgument(v...)
	}
	return nil
}

func webURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxURI && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
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
	defer r.changed(agentChanged, a.ID)
	r.changing.Lock()
	defer r.changing.Unlock()
	if err := r.agents.Create(ctx, a.ID, &a); err != nil {
		r.reload(ctx, a.ID)
		return nil, r.wireError(ctx, "agent", a.ID, err)
	}
	r.keep(a.ID, &a)
	return &a, nil
}

// keep makes a the agent of id in memory; nil: there is none.
func (r *Registry) keep(id string, a *Agent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a == nil {
		delete(r.loaded, id)
	} else {
		r.loaded[id] = a
	}
}

// reload makes memory follow the store after a write that failed, maybe only
// seemingly (law 4). The caller holds changing.
func (r *Registry) reload(ctx context.Context, id string) {
	a, err := r.agents.Get(context.WithoutCancel(ctx), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		r.log.ErrorContext(ctx, "an agent may be outdated until it is changed again", "agent", id, "err", err)
		return
	}
	r.keep(id, a)
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
// stays. Launches that change are told to the agent's webhook.
func (r *Registry) UpdateAgent(ctx context.Context, id string, change func(*Agent)) (*Agent, error) {
	return r.ChangeAgent(ctx, id, func(a *Agent) error {
		change(a)
		return nil
	})
}

// ChangeAgent is UpdateAgent for changes that may be refused: with an error of
// change nothing changes.
func (r *Registry) ChangeAgent(ctx context.Context, id string, change func(*Agent) error) (*Agent, error) {
	return r.changeAgent(ctx, id, func(a *Agent) ([]*ledger.Notice, error) {
		was := a.Launched
		if err := change(a); err != nil {
			return nil, err
		}
		if a.Launched == was {
			return nil, nil
		}
		launched := a.Launched
		a.Launched = was
		return r.setLaunched(a, launched)
	})
}

// changeAgent changes an agent and stores the notices that tell of it.
func (r *Registry) changeAgent(ctx context.Context, id string, change func(*Agent) ([]*ledger.Notice, error)) (*Agent, error) {
	id = AgentID(id)
	defer r.changed(agentChanged, id)
	r.changing.Lock()
	defer r.changing.Unlock()
	a, err := r.agents.UpdateAndTell(ctx, id, func(a *Agent) ([]*ledger.Notice, error) {
		notices, err := change(a)
		a.ID = id
		if err == nil {
			err = a.validate()
		}
		return notices, err
	})
	if err != nil {
		r.reload(ctx, id)
		return nil, r.wireError(ctx, "agent", id, err)
	}
	r.keep(id, a)
	return a, nil
}

// DeleteAgent removes an agent and its testers.
func (r *Registry) DeleteAgent(ctx context.Context, id string) error {
	id = AgentID(id)
	defer r.changed(agentChanged, id)
	r.changing.Lock()
	defer r.changing.Unlock()
	testers, err := r.Testers(ctx, id)
	if err != nil {
		return err
	}
	for _, t := range testers {
		if err := r.removeTester(ctx, id, t.Phone); err != nil {
			return err
		}
	}
	if err := r.agents.Delete(ctx, id); err != nil {
		r.reload(ctx, id)
		return r.wireError(ctx, "agent", id, err)
	}
	r.keep(id, nil)
	return nil
}
