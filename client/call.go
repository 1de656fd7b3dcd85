package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

const (
	attemptTimeout = 30 * time.Second // one attempt, with the default HTTP client
	maxAnswer      = 64 << 20         // bytes; the longest are lists of phones
	userAgent      = "openrbm-go-client/1"
)

// call is one request of the API, as it is sent again and again until answered.
type call struct {
	method string
	path   string // escaped
	query  url.Values
	header http.Header // further fields
	body   []byte      // nil: none
	file   *source     // or this as the body
	slow   bool        // it may take longer than an attempt has; only its context bounds it
	once   bool        // it must not happen twice: repeated only when it certainly did not happen
}

// reply is the answer to a call that succeeded.
type reply struct {
	header http.Header
	body   []byte
}

// caller sends calls to one server with one identity.
type caller struct {
	base   string // without a trailing slash
	http   *http.Client
	tokens tokenSource
	retry  retrier
}

// do sends a call until it is answered for good. unknown says that before that
// answer an attempt may have been carried out unheard.
func (c *caller) do(ctx context.Context, k call) (answer []byte, unknown bool, err error) {
	r, unknown, err := c.ask(ctx, k)
	return r.body, unknown, err
}

// ask is do with the header of the answer.
func (c *caller) ask(ctx context.Context, k call) (r reply, unknown bool, err error) {
	unknown, err = c.retry.run(ctx, func() error {
		r, err = c.attempt(ctx, k)
		if s, ok := errors.AsType[*setback](err); ok && (k.file.spent() || k.once && s.unknown) {
			return s.err
		}
		return err
	})
	return r, unknown, err
}

// attempt sends a call, once more with a new token when it is answered 401.
func (c *caller) attempt(ctx context.Context, k call) (reply, error) {
	token, err := c.tokens.token(ctx)
	if err != nil {
		return reply{}, err
	}
	r, err := c.send(ctx, k, token)
	if !hasCode(err, rbm.CodeUnauthenticated) || !c.tokens.refused(ctx, token) || k.file.spent() {
		return r, err
	}
	if token, err = c.tokens.token(ctx); err != nil {
		return reply{}, err
	}
	return c.send(ctx, k, token)
}

// send makes one attempt with one token.
func (c *caller) send(ctx context.Context, k call, token string) (reply, error) {
	req, err := c.request(ctx, k)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	h := c.http
	if k.slow {
		h = unhurried(h)
	}
	resp, answer, err := roundTrip(h, req, maxAnswer)
	if unread := k.file.failure(); unread != nil {
		return reply{}, unread
	}
	if err == nil {
		err = failure(resp, answer)
	}
	if s, ok := errors.AsType[*setback](err); ok {
		s.unknown = resp == nil || resp.StatusCode != http.StatusTooManyRequests
	}
	if err != nil {
		return reply{}, err
	}
	return reply{resp.Header, answer}, nil
}

// request is a call without its token.
func (c *caller) request(ctx context.Context, k call) (*http.Request, error) {
	target := c.base + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	var body io.Reader
	switch {
	case k.file != nil:
		r, err := k.file.open()
		if err != nil {
			return nil, err
		}
		body = r
	case k.body != nil:
		body = bytes.NewReader(k.body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	req.Header.Set("User-Agent", userAgent)
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range k.header {
		req.Header[name] = values
	}
	return req, nil
}

// unhurried is h without a timeout of its own.
func unhurried(h *http.Client) *http.Client {
	patient := *h
	patient.Timeout = 0
	return &patient
}

// roundTrip sends a request and reads the whole answer. When the connection fails
// the error is a *setback, unless the caller's time is up.
func roundTrip(h *http.Client, req *http.Request, limit int64) (*http.Response, []byte, error) {
	resp, err := h.Do(req)
	if err != nil {
		return nil, nil, interrupted(req.Context(), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, nil, interrupted(req.Context(), err)
	}
	if int64(len(body)) > limit {
		return nil, nil, fmt.Errorf("client: the answer is longer than %d bytes", limit)
	}
	return resp, body, nil
}

func interrupted(ctx context.Context, err error) error {
	err = fmt.Errorf("client: %w", err)
	if ctx.Err() != nil {
		return err
	}
	return &setback{err: err}
}

// baseURL checks the address of a server and takes off its trailing slashes.
func baseURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || !isHTTP(u) || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("client: base URL %q is not a plain http or https URL", s)
	}
	return strings.TrimRight(s, "/"), nil
}

func httpClient(h *http.Client) *http.Client {
	if h != nil {
		return h
	}
	return &http.Client{Timeout: attemptTimeout}
}

// excerpt is the start of an answer that is not in the API's shape, for an error message.
func excerpt(body []byte) string {
	const most = 200
	text := strings.ToValidUTF8(string(body[:min(len(body), most)]), "")
	return strings.Join(strings.Fields(text), " ")
}

// failure is the error that an answer carries, nil for a success, which is always
// 200 (facts/rbm-api.md §1.0). One that may pass is a *setback.
func failure(resp *http.Response, body []byte) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	e := rbm.ParseError(resp.StatusCode, body)
	e.RetryAfter = retryAfter(resp.Header, time.Now())
	if mayRepeat(resp.StatusCode) {
		return &setback{err: e, after: e.RetryAfter}
	}
	return e
}

// encode writes a resource as the API wants it.
func encode(v any) ([]byte, error) {
	b, err := rbm.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return b, nil
}

// decode reads a resource; names and enum values that are not known are no error.
func decode[T any](b []byte) (*T, error) {
	v := new(T)
	if err := rbm.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return v, nil
}

// hasCode is true for a refusal by the server with that code.
func hasCode(err error, code rbm.Code) bool {
	e, ok := errors.AsType[*rbm.Error](err)
	return ok && e.Code == code
}
