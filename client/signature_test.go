package client

import (
	"regexp"
	"strings"
	"testing"
)

// The signature was made with openssl: dgst -sha512 -hmac secret -binary | base64.
const hiSignature = "ZnHYb9hvLIDPELxW0gRo/Q4/AUbq6apBqpfm1DreAw1b80xCGljZ/ZJpeqrSSfWzb1Hix4W3hX2JBezumgtOKw=="

func TestSignature(t *testing.T) {
	hi := []byte(`{"text":"Hi"}`)
	if got := SignWebhook("secret", hi); got != hiSignature {
		t.Errorf("signature %q, want %q", got, hiSignature)
	}
	for name, tc := range map[string]struct {
		token, data, signature string
		want                   bool
	}{
		"right":          {"secret", string(hi), hiSignature, true},
		"other token":    {"Secret", string(hi), hiSignature, false},
		"other data":     {"secret", string(hi) + "\n", hiSignature, false},
		"no token":       {"", string(hi), SignWebhook("", hi), false},
		"no signature":   {"secret", string(hi), "", false},
		"cut short":      {"secret", string(hi), hiSignature[:84], false},
		"not base64":     {"secret", string(hi), "*" + hiSignature[1:], false},
		"other alphabet": {"secret", string(hi), strings.NewReplacer("/", "_", "+", "-").Replace(hiSignature), false},
		"of the base64":  {"secret", string(hi), SignWebhook("secret", []byte("eyJ0ZXh0IjoiSGkifQ==")), false},
	} {
		if got := VerifyWebhook(tc.token, []byte(tc.data), tc.signature); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestNewMessageID(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := NewMessageID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}
