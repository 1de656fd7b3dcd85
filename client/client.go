package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/openrbm/openrbm/rbm"
)

// Options says who calls which server. One of KeyFile and Key is required.
type Options struct {
	BaseURL     string       // such as https://rbm.example; default: the host of the key's token_uri
	KeyFile     string       // name of a service account key file
	Key         []byte       // or the content of one
	AgentID     string       // whom to act for; may be empty if the key belongs to one agent
	HTTPClient  *http.Client // default: one that gives each attempt 30 s
	MaxAttempts int          // how often one call is tried at most; default DefaultMaxAttempts
}

// Client is a client of the messaging API, for one agent. It may be used by many
// goroutines at once.
type Client struct {
	caller
	agentID string
}

// New reads the key and makes a client; it connects to nothing yet.
func New(o Options) (*Client, error) {
	c, err := newCaller(o, Scope)
	if err != nil {
		return nil, err
	}
	return &Client{*c, o.AgentID}, nil
}

// newCaller is who calls with the key of o in a scope.
func newCaller(o Options, scope string) (*caller, error) {
	account, err := loadKey(o.Key, o.KeyFile)
	if err != nil {
		return nil, err
	}
	if o.BaseURL == "" {
		o.BaseURL = account.origin()
	}
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.MaxAttempts <= 0 {
		o.MaxAttempts = DefaultMaxAttempts
	}
	h := httpClient(o.HTTPClient)
	return &caller{
		base:   base,
		http:   h,
		tokens: newGrant(account, scope, h),
		retry:  retrier{attempts: o.MaxAttempts, wait: pause},
	}, nil
}

// AccessToken is a bearer token for the API, as the client's own calls send it:
// for use with other tools. It is good for at least a minute.
func (c *Client) AccessToken(ctx context.Context) (string, error) { return c.tokens.token(ctx) }

// ErrOutcomeUnknown is in the error of a deletion, such as DeleteAgentMessage, that
// found nothing after an earlier attempt whose answer was lost: that attempt may have
// done it.
var ErrOutcomeUnknown = errors.New("an earlier attempt may have succeeded")

// CreateAgentMessage sends a message to a phone, in E.164 with the +. With an empty
// messageID a new one is made. It returns the message as the platform accepted it:
// that is not yet delivered, which a DELIVERED event tells later.
//
// Attempts are repeated with the same id, which the platform ignores when it has it
// already (facts/rbm-api.md §1.1), so a message is never sent twice. A caller who
// gives up and tries again later should give the same messageID.
func (c *Client) CreateAgentMessage(ctx context.Context, phone, messageID string, m *rbm.AgentMessage) (*rbm.AgentMessage, error) {
	body, err := encode(m)
	if err != nil {
		return nil, err
	}
	answer, err := c.CreateAgentMessageJSON(ctx, phone, messageID, body)
	if err != nil {
		return nil, err
	}
	return decode[rbm.AgentMessage](answer)
}

// CreateAgentMessageJSON is CreateAgentMessage for a message that is JSON already:
// raw is sent as it is, and the platform's JSON is returned as it came.
func (c *Client) CreateAgentMessageJSON(ctx context.Context, phone, messageID string, raw []byte) ([]byte, error) {
	if messageID == "" {
		messageID = NewMessageID()
	}
	answer, _, err := c.do(ctx, call{
		method: http.MethodPost,
		path:   phoneResource(phone, "agentMessages"),
		query:  c.query("messageId", messageID),
		body:   nonNil(raw),
	})
	return answer, err
}

// DeleteAgentMessage revokes a message that waits for its phone. nil means that it
// will never be delivered; a *rbm.Error of code NOT_FOUND that it was delivered, or
// is not known (facts/rbm-api.md §1.2).
func (c *Client) DeleteAgentMessage(ctx context.Context, phone, messageID string) error {
	if messageID == "" {
		return errors.New("client: no message id")
	}
	_, unknown, err := c.do(ctx, call{
		method: http.MethodDelete,
		path:   phoneResource(phone, "agentMessages", messageID),
		query:  c.query("", ""),
	})
	return deletion(unknown, err)
}

// deletion is the error of a deletion whose call ended so.
func deletion(unknown bool, err error) error {
	if unknown && hasCode(err, rbm.CodeNotFound) {
		return fmt.Errorf("%w; %w", err, ErrOutcomeUnknown)
	}
	return err
}

// CreateAgentEvent tells the phone that the agent is typing or has read a message
// of the user. With an empty eventID a new one is made; attempts repeat it.
func (c *Client) CreateAgentEvent(ctx context.Context, phone, eventID string, e *rbm.AgentEvent) (*rbm.AgentEvent, error) {
	body, err := encode(e)
	if err != nil {
		return nil, err
	}
	if eventID == "" {
		eventID = NewMessageID()
	}
	answer, _, err := c.do(ctx, call{
		method: http.MethodPost,
		path:   phoneResource(phone, "agentEvents"),
		query:  c.query("eventId", eventID),
		body:   body,
	})
	if err != nil {
		return nil, err
	}
	return decode[rbm.AgentEvent](answer)
}

// Capabilities asks what a phone can show. A *rbm.Error of code NOT_FOUND means that
// the agent cannot reach it (facts/rbm-api.md §1.4).
func (c *Client) Capabilities(ctx context.Context, phone string) (*rbm.Capabilities, error) {
	answer, _, err := c.do(ctx, call{
		method: http.MethodGet,
		path:   phoneResource(phone, "capabilities"),
		query:  c.query("requestId", NewMessageID()),
	})
	if err != nil {
		return nil, err
	}
	return decode[rbm.Capabilities](answer)
}

// query holds the call's id, under the name the method gives it, and the agent.
func (c *Client) query(name, id string) url.Values {
	q := url.Values{}
	if name != "" {
		q.Set(name, id)
	}
	if c.agentID != "" {
		q.Set("agentId", c.agentID)
	}
	return q
}

// phoneResource is a path below a phone. The + of its number stays a literal +, as
// Google's clients send it (facts/rbm-api.md §1.0).
func phoneResource(phone string, rest ...string) string {
	return "/v1/phones/" + segments(phone, rest)
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
