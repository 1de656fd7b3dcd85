package auth

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/rbm"
)

// maxForm bounds the body of a token request, in bytes: an assertion of full
// length, were every second character escaped.
const maxForm = 2 * maxAssertion

// TokenHandler serves POST /token and POST /oauth2/v4/token.
func (a *Auth) TokenHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, refused := a.answerToken(w, r)
		if refused == nil {
			writeToken(w, http.StatusOK, t)
			return
		}
		if refused.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.RetryAfter.Seconds()))))
		}
		if cause := refused.Unwrap(); cause != nil {
			a.log.ErrorContext(r.Context(), "token endpoint failed", "error", cause)
		}
		writeToken(w, refused.Status, refused)
	})
}

func (a *Auth) answerToken(w http.ResponseWriter, r *http.Request) (Token, *TokenError) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return Token{}, &TokenError{Status: http.StatusMethodNotAllowed, Code: "invalid_request", Description: "The method must be POST."}
	}
	from := a.logins.Client(r)
	if err := errors.Join(a.logins.Ask(from), a.logins.Blocked(front.TokenDoor, from, "")); err != nil {
		return Token{}, tooMany(err)
	}
	form, refused := readForm(w, r)
	if refused != nil {
		return Token{}, refused
	}
	t, refused := a.Exchange(r.Context(), form.Get("grant_type"), form.Get("assertion"), a.ownURLs(r.Host))
	if refused != nil && refused.Unwrap() == nil {
		a.logins.Failed(front.TokenDoor, from, "")
	}
	return t, refused
}

// tooMany is a refusal of the front's, as OAuth has it.
func tooMany(err error) *TokenError {
	e := rbm.AsError(err)
	return &TokenError{Status: http.StatusTooManyRequests, Code: "rate_limit_exceeded", Description: e.Message, RetryAfter: e.RetryAfter}
}

// readForm reads the parameters from the body only: an address may be logged.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *TokenError) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, refuse("invalid_request", "The Content-Type must be application/x-www-form-urlencoded.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, &TokenError{Status: http.StatusRequestEntityTooLarge, Code: "invalid_request", Description: "The body is too long."}
	}
	if err != nil {
		return nil, errForm
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || len(form["grant_type"]) > 1 || len(form["assertion"]) > 1 { // RFC 6749 §3.2
		return nil, errForm
	}
	return form, nil
}

func writeToken(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil { // neither answer can fail to encode
		status, body = http.StatusInternalServerError, []byte(`{"error":"internal_failure"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone; nothing to do
}

// ownURLs are the base URLs of this server: the configured ones and, unless they are
// all, those under which the request may have come, behind a proxy that ends TLS too.
func (a *Auth) ownURLs(host string) []string {
	if a.onlyPublic {
		return a.publicURLs
	}
	return append([]string{"https://" + host, "http://" + host}, a.publicURLs...)
}
