package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	bc "github.com/openrbm/openrbm/businesscommunications"
)

// ManagementOptions says who manages on which server. One of KeyFile and Key is
// required: a partner's key, or that of an agent, which manages itself only.
type ManagementOptions struct {
	BaseURL     string       // such as https://rbm.example; default: the host of the key's token_uri
	KeyFile     string       // name of a service account key file
	Key         []byte       // or the content of one
	HTTPClient  *http.Client // default: one that gives each attempt 30 s
	MaxAttempts int          // how often one call is tried at most; default DefaultMaxAttempts
}

// Management is a client of the management API, which Google calls the Business
// Communications API (facts/rbm-api.md §8.1). It may be used by many goroutines at
// once.
//
// Methods take the names that the API gives: brands/{brand},
// brands/{brand}/agents/{agent}, …; brands/- stands for any brand. Lists are whole:
// every page is asked for. Refusals are *rbm.Error.
//
// Calls that read, change or delete are repeated as those of Client are. Those that
// make or ask for something new are repeated only after 429: nothing is made twice.
//
// Update methods take the paths of the fields to change, such as displayName or
// rcsBusinessMessagingAgent.phoneNumbers. Without any, the fields that are set change.
type Management struct{ caller }

// NewManagement reads the key and makes a client; it connects to nothing yet.
func NewManagement(o ManagementOptions) (*Management, error) {
	c, err := newCaller(Options{BaseURL: o.BaseURL, KeyFile: o.KeyFile, Key: o.Key, HTTPClient: o.HTTPClient, MaxAttempts: o.MaxAttempts}, ManagementScope)
	if err != nil {
		return nil, err
	}
	return &Management{*c}, nil
}

// Partner reads a partner: partners/{partner}, or partners/- for one's own.
func (m *Management) Partner(ctx context.Context, partner string) (*bc.Partner, error) {
	return read[bc.Partner](ctx, m, resource{partner, "partners/*", ""}, nil)
}

// UpdatePartner changes a partner.
func (m *Management) UpdatePartner(ctx context.Context, partner string, p *bc.Partner, fields ...string) (*bc.Partner, error) {
	return update(ctx, m, resource{partner, "partners/*", ""}, p, masked(fields))
}

// Regions lists where agents can be launched.
func (m *Management) Regions(ctx context.Context) ([]bc.Region, error) {
	r, err := read[bc.ListRegionsResponse](ctx, m, resource{id: "regions", like: "regions"}, nil)
	if err != nil {
		return nil, err
	}
	return r.Regions, nil
}

// AgentPerformances lists what is known of the reputation of agents. OpenRBM rates
// nobody: its list is empty.
func (m *Management) AgentPerformances(ctx context.Context) ([]bc.AgentPerformance, error) {
	return pages(ctx, m, resource{id: "analytics/agentPerformances", like: "analytics/agentPerformances"}, nil,
		func(p *bc.ListAgentPerformancesResponse) ([]bc.AgentPerformance, string) {
			return p.AgentPerformances, p.NextPageToken
		})
}

// resource is what a call is about: a name like a pattern, in which * stands for an id,
// and what follows it in the path.
type resource struct{ id, like, suffix string }

// path is the escaped path, or an error for a name that would lead elsewhere.
func (n resource) path() (string, error) {
	words, pattern := strings.Split(n.id, "/"), strings.Split(n.like, "/")
	fits := len(words) == len(pattern)
	for i := 0; fits && i < len(words); i++ {
		isID := pattern[i] == "*" && words[i] != "" && words[i] != "." && words[i] != ".."
		fits = isID || words[i] == pattern[i] && words[i] != "*"
		words[i] = url.PathEscape(words[i])
	}
	if !fits {
		return "", fmt.Errorf("client: the name %q is not like %s", n.id, n.like)
	}
	return "/v1/" + strings.Join(words, "/") + n.suffix, nil
}

// masked is a query with an updateMask.
func masked(fields []string) url.Values {
	if len(fields) == 0 {
		return url.Values{}
	}
	return url.Values{"updateMask": {strings.Join(fields, ",")}}
}

func read[T any](ctx context.Context, m *Management, n resource, query url.Values) (*T, error) {
	return manage[T](ctx, m, call{method: http.MethodGet, query: query}, n, nil)
}

// submit makes or asks for something new, and must not do so twice.
func submit[T any](ctx context.Context, m *Management, n resource, body any) (*T, error) {
	return manage[T](ctx, m, call{method: http.MethodPost, once: true}, n, body)
}

func update[T any](ctx context.Context, m *Management, n resource, v *T, query url.Values) (*T, error) {
	return manage[T](ctx, m, call{method: http.MethodPatch, query: query}, n, v)
}

func (m *Management) remove(ctx context.Context, n resource, query url.Values) error {
	path, err := n.path()
	if err != nil {
		return err
	}
	_, unknown, err := m.do(ctx, call{method: http.MethodDelete, path: path, query: query})
	return deletion(unknown, err)
}

// manage makes the call k about n, with body unless it is nil, and reads the answer.
func manage[T any](ctx context.Context, m *Management, k call, n resource, body any) (_ *T, err error) {
	if k.path, err = n.path(); err != nil {
		return nil, err
	}
	if body != nil {
		if k.body, err = encode(body); err != nil {
			return nil, err
		}
	}
	answer, _, err := m.do(ctx, k)
	if err != nil {
		return nil, err
	}
	return decode[T](answer)
}

// pages reads every page of a list; open takes a page apart.
func pages[P, T any](ctx context.Context, m *Management, n resource, query url.Values, open func(*P) (list []T, next string)) ([]T, error) {
	if query == nil {
		query = url.Values{}
	}
	var all []T
	for {
		page, err := read[P](ctx, m, n, query)
		if err != nil {
			return nil, err
		}
		list, next := open(page)
		if all = slices.Concat(all, list); next == "" {
			return all, nil
		}
		query.Set("pageToken", next)
	}
}
