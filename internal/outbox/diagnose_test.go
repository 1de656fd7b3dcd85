package outbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
	"testing"
)

func TestDiagnose(t *testing.T) {
	const token = "a-client-token"
	data, body := []byte("{\n  \"text\": \"hi\"\n}\n"), []byte(`{"message":{"data":"…"}}`)
	mac := func(h func() hash.Hash, key string, b []byte) []byte {
		m := hmac.New(h, []byte(key))
		m.Write(b)
		return m.Sum(nil)
	}
	std := base64.StdEncoding.EncodeToString
	for name, c := range map[string]struct{ given, says string }{
		"right":         {std(mac(sha512.New, token, data)), "It verifies"},
		"with spaces":   {" " + std(mac(sha512.New, token, data)) + "\n", "It verifies"},
		"body":          {std(mac(sha512.New, token, body)), "the whole body"},
		"base64":        {std(mac(sha512.New, token, []byte(std(data)))), "decode its base64"},
		"written again": {std(mac(sha512.New, token, []byte(`{"text":"hi"}`))), "written again"},
		"hex":           {hex.EncodeToString(mac(sha512.New, token, data)), "in hex"},
		"SHA-256 hex":   {hex.EncodeToString(mac(sha256.New, token, data)), "SHA-256: use SHA-512. You write it in hex"},
		"newline":       {std(mac(sha512.New, token+"\n", data)), "newline"},
		"another token": {std(mac(sha512.New, "other", data)), "the token is another one"},
		"nothing":       {"", "the token is another one"},
	} {
		if got := Diagnose(token, data, body, c.given); !strings.Contains(got.Text, c.says) || got.Verifies != strings.HasPrefix(c.says, "It verifies") {
			t.Errorf("%s: %+v, want %q", name, got, c.says)
		}
	}
}
