package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

// AdminOptions says which server is administered. BaseURL and Token are required.
type AdminOptions struct {
	BaseURL    string       // such as http://127.0.0.1:8080
	Token      string       // the server's admin token
	HTTPClient *http.Client // default: one with a timeout of 30 s
}

// Admin is a client of the admin API, /admin/v1. It calls once and never repeats:
// several of its calls, such as CreateKey and AdvanceClock, must not happen twice.
// Refusals are *rbm.Error. It may be used by many goroutines at once.
type Admin struct{ caller }

// NewAdmin makes an admin client; it connects to nothing yet.
func NewAdmin(o AdminOptions) (*Admin, error) {
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.Token == "" {
		return nil, errors.New("client: no admin token")
	}
	return &Admin{caller{
		base:   base,
		http:   httpClient(o.HTTPClient),
		tokens: staticToken(o.Token),
		retry:  retrier{attempts: 1, wait: pause},
	}}, nil
}

// Status is the state of the server as a whole.
type Status struct {
	Version   string    `json:"version"`
	StartTime time.Time `json:"startTime"`
	Agents    int       `json:"agents"`
	Phones    int       `json:"phones"`
	Online    int       `json:"online"` // phones connected now
	Store     string    `json:"store"`
	Nodes     []Node    `json:"nodes,omitempty"` // of a cluster: its servers
}

// Node is a server of a cluster.
type Node struct {
	Node      string    `json:"node"`
	URL       string    `json:"url,omitempty"` // where other servers reach it
	StartTime time.Time `json:"startTime"`
	Phones    int       `json:"phones"` // connected to it
	Leases    int       `json:"leases"` // of 64: its share of the work that one server does for all
	Silent    string    `json:"silent"` // how long it has not been heard of
	Self      bool      `json:"self,omitempty"`
}

// Status reads the state of the server.
func (a *Admin) Status(ctx context.Context) (*Status, error) {
	return adminCall[Status](ctx, a, http.MethodGet, "/status", nil)
}

// Clock is the platform's time, which may be ahead of the machine's.
type Clock struct {
	Now    time.Time `json:"now"`
	Offset string    `json:"offset"` // how far ahead, such as "3600s"
}

// Clock reads the platform's time.
func (a *Admin) Clock(ctx context.Context) (*Clock, error) {
	return adminCall[Clock](ctx, a, http.MethodGet, "/clock", nil)
}

// AdvanceClock turns the platform's time ahead, for tests of expiry and retries.
// It cannot be turned back.
func (a *Admin) AdvanceClock(ctx context.Context, by time.Duration) (*Clock, error) {
	return adminCall[Clock](ctx, a, http.MethodPost, "/clock:advance", map[string]string{"by": rbm.Duration(by).String()})
}

// adminCall sends body as JSON (nil: none) and reads the answer into a T.
func adminCall[T any](ctx context.Context, a *Admin, method, path string, body any) (*T, error) {
	c := call{method: method, path: "/admin/v1" + path}
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		c.body = encoded
	}
	answer, _, err := a.do(ctx, c)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(answer, v); err != nil {
		return nil, fmt.Errorf("client: answer to %s %s: %w", method, c.path, err)
	}
	return v, nil
}

// adminList reads the list that an answer holds under a name; it is never nil.
func adminList[T any](ctx context.Context, a *Admin, path, name string) ([]T, error) {
	answer, err := adminCall[map[string]json.RawMessage](ctx, a, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	list := []T{}
	if raw := (*answer)[name]; raw != nil {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fmt.Errorf("client: %s: %w", name, err)
		}
	}
	return list, nil
}

// nothing is the answer or the body {}.
type nothing struct{}

func agentPath(agent string, rest ...string) string { return "/agents/" + segments(agent, rest) }
func phonePath(phone string, rest ...string) string { return "/phones/" + segments(phone, rest) }

// segments escapes the ids in a path; the rest alternates between fixed words and ids.
func segments(id string, rest []string) string {
	path := url.PathEscape(id)
	for _, r := range rest {
		path += "/" + url.PathEscape(r)
	}
	return path
}
