package outbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Handshake verifies w: it must answer 200 with the secret that it is sent along
// with its own token (facts/rbm-api.md §3.2). The error says what came instead,
// and never shows the token.
func Handshake(ctx context.Context, client *http.Client, w Webhook) error {
	secret := rand.Text()
	body, err := json.Marshal(map[string]string{"clientToken": w.Token, "secret": secret})
	if err != nil {
		return fmt.Errorf("webhook verification: %w", err)
	}
	a, err := call(ctx, unredirected(client), w, defaultTimeout, map[string]string{headerWebhookType: typeVerification}, body)
	if err == nil {
		err = a.check(w.Token, secret)
	}
	if err == nil && !returns(a.body, secret) {
		err = errors.New("answered 200 without the secret: " + excerpt(a.body, w.Token, secret))
	}
	if err != nil {
		return fmt.Errorf("webhook verification: %w", err)
	}
	return nil
}

// returns says whether body gives secret back: alone, as `secret: <secret>`, or
// as JSON with the member "secret". All three are met in the samples of the real
// platform (facts/rbm-api.md §3.2).
func returns(body []byte, secret string) bool {
	text := strings.TrimSpace(string(body))
	if labelled, ok := strings.CutPrefix(text, "secret:"); ok {
		text = strings.TrimSpace(labelled)
	}
	var object struct {
		Secret string `json:"secret"`
	}
	return secret != "" && (text == secret || json.Unmarshal(body, &object) == nil && object.Secret == secret)
}
