package client

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

// DefaultMaxBody is how many bytes of a webhook request are read at most.
const DefaultMaxBody = 1 << 20

// Webhook is the http.Handler that receives an agent's events. It answers the
// verification handshake, checks the signature of each event, and hands the event
// to Handle (facts/rbm-api.md §3).
//
// It answers 200, which retires the event, only when Handle returned nil; 403 to
// a wrong client token or signature; 500 when Handle failed, so that the platform
// delivers the event again. Events can come more than once and out of order.
type Webhook struct {
	// ClientToken is the secret shared with the platform. Without one nothing is accepted.
	ClientToken string
	// Handle takes one event. The platform waits for it, so it should be quick.
	Handle func(ctx context.Context, e Event) error
	// MaxBody limits the body of a request, in bytes; 0 means DefaultMaxBody.
	MaxBody int64
	// Log takes what was refused and why; nil: nothing is logged.
	Log *slog.Logger
}

// refused is a request that gets an answer other than 200.
type refused struct {
	status int
	reason string
}

func (r *refused) Error() string { return r.reason }

// ServeHTTP implements http.Handler.
func (w *Webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	answer, err := w.receive(rw, r)
	if err == nil {
		io.WriteString(rw, answer)
		return
	}
	refusal, ok := errors.AsType[*refused](err)
	if !ok {
		refusal = &refused{http.StatusInternalServerError, "event not taken"}
	}
	if w.Log != nil {
		w.Log.WarnContext(r.Context(), "webhook request refused", "status", refusal.status, "error", err)
	}
	rw.WriteHeader(refusal.status)
	io.WriteString(rw, refusal.reason+"\n")
}

// receive returns the body of the answer 200, or an error.
func (w *Webhook) receive(rw http.ResponseWriter, r *http.Request) (string, error) {
	if r.Method != http.MethodPost {
		rw.Header().Set("Allow", http.MethodPost)
		return "", &refused{http.StatusMethodNotAllowed, "a webhook takes POST"}
	}
	limit := w.MaxBody
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, limit))
	if _, tooBig := errors.AsType[*http.MaxBytesError](err); tooBig {
		return "", &refused{http.StatusRequestEntityTooLarge, "body too large"}
	}
	if err != nil {
		return "", &refused{http.StatusBadRequest, "body not received"}
	}
	env, err := parseEnvelope(body)
	if err != nil {
		return "", &refused{http.StatusBadRequest, err.Error()}
	}
	if env.Message == nil {
		return w.handshake(env)
	}
	return w.event(r, env.Message)
}

// handshake proves to the platform that this endpoint knows the client token, by
// giving back the secret (facts/rbm-api.md §3.2).
func (w *Webhook) handshake(env *envelope) (string, error) {
	if w.ClientToken == "" || !sameSecret(env.ClientToken, w.ClientToken) {
		return "", &refused{http.StatusForbidden, "wrong client token"}
	}
	return env.Secret, nil
}

func (w *Webhook) event(r *http.Request, m *envelopeMessage) (string, error) {
	if !VerifyWebhook(w.ClientToken, m.Data, r.Header.Get(HeaderSignature)) {
		return "", &refused{http.StatusForbidden, "wrong signature"}
	}
	e, err := ParseEvent(m.Data)
	if err != nil {
		return "", &refused{http.StatusBadRequest, err.Error()}
	}
	e.Type, e.Attributes = r.Header.Get(HeaderWebhookType), m.Attributes
	if err := w.Handle(r.Context(), e); err != nil {
		return "", fmt.Errorf("event %s not taken: %w", e.ID, err)
	}
	return "OK", nil
}

// sameSecret compares in a time that tells nothing about either, length included.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// envelope is the body of every webhook request: a handshake, or a message in the
// shape of a Pub/Sub push.
type envelope struct {
	ClientToken string           `json:"clientToken"`
	Secret      string           `json:"secret"`
	Message     *envelopeMessage `json:"message"`
}

type envelopeMessage struct {
	Data       payload           `json:"data"`
	Attributes map[string]string `json:"attributes"`
}

// payload is bytes that travel as padded standard base64.
type payload []byte

func (p *payload) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	*p = data
	return err
}

// parseEnvelope reads a body and checks that it is one of the two.
func parseEnvelope(body []byte) (*envelope, error) {
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		return nil, fmt.Errorf("not a webhook envelope: %w", err)
	}
	if env.Message == nil && env.Secret == "" {
		return nil, errors.New("neither an event nor a verification")
	}
	return &env, nil
}
