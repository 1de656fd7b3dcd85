package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"time"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// ProjectID is the one Google Cloud project that key files name.
const ProjectID = "openrbm"

const maxEmail = 254 // bytes

var (
	emailForm = regexp.MustCompile(`^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$`)
	agentForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
)

// Account is a service account: it calls the API for one agent, for several, or
// for all of them.
type Account struct {
	Email      string    `json:"email"`
	ClientID   string    `json:"clientId"`
	ProjectID  string    `json:"projectId"`
	Agents     []string  `json:"agents,omitempty"`    // local ids, without @rbm.goog
	AllAgents  bool      `json:"allAgents,omitempty"` // a partner: every agent
	Keys       []Key     `json:"keys,omitempty"`      // in order of creation
	CreateTime time.Time `json:"createTime"`
}

// AgentEmail is the email of the account that belongs to the agent alone.
func AgentEmail(agent string) string { return agent + "@" + ProjectID + ".iam.openrbm" }

// EnsureAccount returns the account of that agent (local id), and makes it if
// there is none. It fails with ALREADY_EXISTS when the email is that of an
// account with other rights.
func (a *Auth) EnsureAccount(ctx context.Context, agent string) (*Account, error) {
	if !agentForm.MatchString(agent) {
		return nil, invalid("agent_id", "an agent id is 1 to 128 letters, digits, '.', '_' and '-'")
	}
	email := AgentEmail(agent)
	acc, err := a.Account(ctx, email)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		acc, err = a.CreateAccount(ctx, Account{Email: email, Agents: []string{agent}})
		if rbm.CodeOf(err) == rbm.CodeAlreadyExists { // someone else was faster
			acc, err = a.Account(ctx, email)
		}
	}
	if err != nil {
		return nil, err
	}
	if acc.AllAgents || len(acc.Agents) != 1 || acc.Agents[0] != agent {
		return nil, rbm.Errorf(rbm.CodeAlreadyExists, "account %s exists and is not that of the agent alone", email)
	}
	return acc, nil
}

// PartnerEmail is the email of the partner's account. No agent's is like it.
const PartnerEmail = "partner@" + ProjectID + "-partner.iam.openrbm"

// EnsurePartner returns the account that may act for every agent and manage
// everything, and makes it if there is none.
func (a *Auth) EnsurePartner(ctx context.Context) (*Account, error) {
	acc, err := a.Account(ctx, PartnerEmail)
	if rbm.CodeOf(err) == rbm.CodeNotFound {
		acc, err = a.CreateAccount(ctx, Account{Email: PartnerEmail, AllAgents: true})
		if rbm.CodeOf(err) == rbm.CodeAlreadyExists { // someone else was faster
			acc, err = a.Account(ctx, PartnerEmail)
		}
	}
	return acc, err
}

// CreateAccount makes an account without keys from the email (at most 254
// bytes), the agents and AllAgents of want. It fails with ALREADY_EXISTS.
func (a *Auth) CreateAccount(ctx context.Context, want Account) (*Account, error) {
	if len(want.Email) > maxEmail || !emailForm.MatchString(want.Email) {
		return nil, invalid("email", "an email is at most 254 letters, digits and '.', '_', '+', '-' around one '@'")
	}
	for _, agent := range want.Agents {
		if !agentForm.MatchString(agent) {
			return nil, invalid("agents", "an agent id is 1 to 128 letters, digits, '.', '_' and '-'")
		}
	}
	acc := &Account{
		Email: want.Email, ClientID: newClientID(), ProjectID: ProjectID,
		Agents: slices.Clone(want.Agents), AllAgents: want.AllAgents, CreateTime: a.clock.Now(),
	}
	err := a.accounts.Create(ctx, acc.Email, acc)
	if errors.Is(err, store.ErrConflict) {
		return nil, rbm.Errorf(rbm.CodeAlreadyExists, "account %s exists", acc.Email)
	}
	if err != nil {
		return nil, accountError(err)
	}
	return acc, nil
}

// Account returns the account of that email, or NOT_FOUND.
func (a *Auth) Account(ctx context.Context, email string) (*Account, error) {
	if len(email) > maxEmail || !emailForm.MatchString(email) {
		return nil, rbm.NotFound()
	}
	acc, err := a.accounts.Get(ctx, email)
	if err != nil {
		return nil, accountError(err)
	}
	return acc, nil
}

// DeleteAccount removes the account with its keys; the tokens that they got are
// worthless at once. It fails with NOT_FOUND.
func (a *Auth) DeleteAccount(ctx context.Context, email string) error {
	defer a.revoked()
	if err := a.accounts.Delete(ctx, email); err != nil {
		return accountError(err)
	}
	return nil
}

func (acc *Account) key(id string) (Key, bool) {
	i := slices.IndexFunc(acc.Keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, false
	}
	return acc.Keys[i], true
}

// accountError makes the store's errors fit for callers; the refusals of a
// change are so already.
func accountError(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return rbm.NotFound()
	}
	if _, ok := errors.AsType[*rbm.Error](err); ok {
		return err
	}
	return fmt.Errorf("auth: service account: %w", err)
}

func invalid(field, description string) error {
	return rbm.InvalidArgument(rbm.Violation{Field: field, Description: description})
}

// newClientID is 21 decimal digits, as Google's are.
func newClientID() string {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil)
	n, err := rand.Int(rand.Reader, new(big.Int).Mul(low, big.NewInt(9)))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return n.Add(n, low).String()
}
