package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// maxAnswer is how much of an answer is read, in bytes; maxExcerpt how much of
// that an error shows.
const (
	maxAnswer  = 64 << 10
	maxExcerpt = 200
)

// answer is what a webhook said.
type answer struct {
	status int // 0: it did not answer
	body   []byte
}

// call posts body to w and gives the answer, of whatever status.
func call(ctx context.Context, client *http.Client, w Webhook, timeout time.Duration, header map[string]string, body []byte) (answer, error) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return answer{}, withoutURL(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := client.Do(req)
	if errors.Is(err, context.DeadlineExceeded) {
		return answer{}, fmt.Errorf("no answer after %v", time.Since(start).Round(time.Millisecond))
	}
	if err != nil {
		return answer{}, withoutURL(err)
	}
	defer resp.Body.Close()
	// What is missing of the body matters to nobody: the status is the answer.
	begin, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return answer{resp.StatusCode, begin}, nil
}

// withoutURL takes the address out of err: it may carry a key of its owner's.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// check is nil for status 200 and nothing else (facts/rbm-api.md §3.4). Its
// error shows the beginning of the answer, without the secrets.
func (a answer) check(secrets ...string) error {
	switch text := excerpt(a.body, secrets...); {
	case a.status == http.StatusOK:
		return nil
	case text == "":
		return fmt.Errorf("answered %d", a.status)
	default:
		return fmt.Errorf("answered %d: %s", a.status, text)
	}
}

// excerpt is the beginning of b as one line of text in which secrets do not
// show, neither as they are nor as JSON writes them.
func excerpt(b []byte, secrets ...string) string {
	s := oneLine(string(b))
	for _, secret := range secrets {
		quoted, _ := json.Marshal(secret) // of a string: never fails
		for _, form := range []string{secret, string(quoted[1 : len(quoted)-1])} {
			if form = oneLine(form); form != "" {
				s = strings.ReplaceAll(s, form, "…")
			}
		}
	}
	if len(s) > maxExcerpt {
		s = strings.ToValidUTF8(s[:maxExcerpt], "") + "…"
	}
	return s
}

// oneLine is s with every run of what does not print, or is white, as one space.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
