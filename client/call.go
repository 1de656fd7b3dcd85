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
	body   []byte // nil: none
}

// caller sends calls to one server with one identity.
type caller struct {
	base   string // without a trailing slash
	http   *http.Client
	tokens tokenSource
	retry  retrier
}

// do sends a call until it is answered for good, renewing its token once when an
// attempt is answered 401. unknown says that before that answer an attempt may have
// been carried out unheard.
func (c *caller) do(ctx context.Context, k call) (answer []byte, unknown bool, err error) {
	unknown, err = c.retry.run(ctx, func() error {
		token, err := c.tokens.token(ctx)
		if err != nil {
			return err
		}
		answer, err = c.send(ctx, k, token)
		if hasCode(err, rbm.CodeUnauthenticated) && c.tokens.refused(ctx, token) {
			if token, err = c.tokens.token(ctx); err != nil {
				return err
			}
			answer, err = c.send(ctx, k, token)
		}
		return err
	})
	return answer, unknown, err
}

// send makes one attempt.
func (c *caller) send(ctx context.Context, k call, token string) ([]byte, error) {
	target := c.base + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	var body io.Reader
	if k.body != nil {
		body = bytes.NewReader(k.body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("User-Agent", userAgent)
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, answer, err := roundTrip(c.http, req, maxAnswer)
	if err == nil {
		err = failure(resp, answer)
	}
	if s, ok := errors.AsType[*setback](err); ok {
		s.unknown = resp == nil || resp.StatusCode != http.StatusTooManyRequests
	}
	return answer, err
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
