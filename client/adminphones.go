package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// Phone is a phone as administered. Features are what it announced, or what it is
// given before it first connects.
type Phone struct {
	PhoneNumber  string        `json:"phoneNumber,omitempty"` // E.164, with the +
	RCSEnabled   bool          `json:"rcsEnabled"`
	Features     []rbm.Feature `json:"features,omitempty"`
	Carrier      string        `json:"carrier,omitempty"`
	Online       bool          `json:"online,omitempty"`      // output only
	Queued       int           `json:"queued,omitempty"`      // output only: what waits for it
	LastSeenTime time.Time     `json:"lastSeenTime,omitzero"` // output only
	CreateTime   time.Time     `json:"createTime,omitzero"`   // output only
	DeviceToken  string        `json:"deviceToken,omitempty"` // output only, shown once: CreatePhone, IssueToken
}

// PhonePatch changes the fields that are not nil.
type PhonePatch struct {
	RCSEnabled *bool          `json:"rcsEnabled,omitempty"`
	Features   *[]rbm.Feature `json:"features,omitempty"`
	Carrier    *string        `json:"carrier,omitempty"`
}

// Phones lists all phones, page by page.
func (a *Admin) Phones(ctx context.Context) ([]Phone, error) {
	type page struct {
		Phones        []Phone `json:"phones"`
		NextPageToken string  `json:"nextPageToken"`
	}
	phones, path := []Phone{}, "/phones"
	for {
		p, err := adminCall[page](ctx, a, http.MethodGet, path, nil)
		if err != nil {
			return nil, err
		}
		phones = append(phones, p.Phones...)
		if p.NextPageToken == "" {
			return phones, nil
		}
		path = "/phones?pageToken=" + url.QueryEscape(p.NextPageToken)
	}
}

// CreatePhone adds a phone. The answer's DeviceToken is shown this once.
func (a *Admin) CreatePhone(ctx context.Context, p Phone) (*Phone, error) {
	return adminCall[Phone](ctx, a, http.MethodPost, "/phones", p)
}

// Phone reads one phone.
func (a *Admin) Phone(ctx context.Context, phone string) (*Phone, error) {
	return adminCall[Phone](ctx, a, http.MethodGet, phonePath(phone), nil)
}

// UpdatePhone changes some fields of a phone.
func (a *Admin) UpdatePhone(ctx context.Context, phone string, p PhonePatch) (*Phone, error) {
	return adminCall[Phone](ctx, a, http.MethodPatch, phonePath(phone), p)
}

// DeletePhone removes a phone.
func (a *Admin) DeletePhone(ctx context.Context, phone string) error {
	_, err := adminCall[nothing](ctx, a, http.MethodDelete, phonePath(phone), nil)
	return err
}

// Erased is what an erasure has removed of a person.
type Erased struct {
	Registered bool `json:"registered"` // the phone was
	Messages   int  `json:"messages"`
	Upstream   int  `json:"upstream"` // marks of what the phone sent
	Notices    int  `json:"notices"`  // events that webhooks had not taken yet
	Marks      int  `json:"marks"`    // of testers, subscriptions and promotions
	Files      int  `json:"files"`
	Damaged    int  `json:"damaged"` // records that had been set aside
}

// ErasePhone removes all that the server keeps of a person's number, E.164, and
// says how much it was. It may be repeated. Minutes later the server looks once
// more and makes its files forget.
func (a *Admin) ErasePhone(ctx context.Context, number string) (*Erased, error) {
	return adminCall[Erased](ctx, a, http.MethodPost, phonePath(number)+":erase", nothing{})
}

// IssueToken gives a phone a new device token, in the answer's DeviceToken; the
// old one stops working.
func (a *Admin) IssueToken(ctx context.Context, phone string) (*Phone, error) {
	return adminCall[Phone](ctx, a, http.MethodPost, phonePath(phone)+":issueToken", nothing{})
}

// Tester is a phone that an agent reaches before it is launched.
type Tester struct {
	PhoneNumber  string           `json:"phoneNumber"`
	AgentID      string           `json:"agentId,omitempty"`
	InviteStatus rbm.InviteStatus `json:"inviteStatus,omitempty"` // PENDING, ACCEPTED, DECLINED
}

// Testers lists an agent's testers.
func (a *Admin) Testers(ctx context.Context, agent string) ([]Tester, error) {
	return adminList[Tester](ctx, a, agentPath(agent, "testers"), "testers")
}

// CreateTester makes a phone a tester of an agent.
func (a *Admin) CreateTester(ctx context.Context, agent, phone string) (*Tester, error) {
	return adminCall[Tester](ctx, a, http.MethodPost, agentPath(agent, "testers"), Tester{PhoneNumber: phone})
}

// DeleteTester ends that.
func (a *Admin) DeleteTester(ctx context.Context, agent, phone string) error {
	_, err := adminCall[nothing](ctx, a, http.MethodDelete, agentPath(agent, "testers", phone), nil)
	return err
}
