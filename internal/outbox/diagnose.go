package outbox

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"strings"
)

// Diagnosis says what is wrong with a signature.
type Diagnosis struct {
	Verifies bool
	Text     string // what is wrong, and what to do
}

// Diagnose compares a signature that an agent's code has computed with that of
// data under token, and finds the usual mistakes. body is the call that brought
// the data (facts/rbm-api.md §3.3).
func Diagnose(token string, data, body []byte, given string) Diagnosis {
	given = strings.TrimSpace(given)
	if given == sign(token, data) {
		return Diagnosis{true, "It verifies: HMAC-SHA-512 over the decoded message.data, under the clientToken, in base64."}
	}
	for _, b := range signedBytes(data, body) {
		for _, k := range keys(token) {
			for _, h := range hashes {
				mac := hmac.New(h.make, []byte(k.key))
				mac.Write(b.bytes)
				sum := mac.Sum(nil)
				for _, e := range encodings {
					if e.text(sum) == given {
						return Diagnosis{false, mistakes(b.wrong, k.wrong, h.wrong, e.wrong)}
					}
				}
			}
		}
	}
	return Diagnosis{false, "It is not made of this event under this clientToken, in none of the usual ways: most likely the token is another one, or the bytes were changed on the way."}
}

func mistakes(wrong ...string) string {
	var all []string
	for _, w := range wrong {
		if w != "" {
			all = append(all, w)
		}
	}
	return strings.Join(all, " ")
}

type variant struct {
	bytes []byte
	wrong string
}

func signedBytes(data, body []byte) []variant {
	all := []variant{
		{data, ""},
		{[]byte(base64.StdEncoding.EncodeToString(data)), "You sign message.data as it stands in the body: decode its base64 first."},
		{body, "You sign the whole body: sign message.data alone, decoded."},
	}
	var v any
	if json.Unmarshal(data, &v) == nil {
		if again, err := json.Marshal(v); err == nil {
			all = append(all, variant{again, "You sign JSON that was parsed and written again: sign the decoded bytes as they came."})
		}
	}
	return append(all, variant{[]byte(strings.TrimSpace(string(data))), "You sign the data without its white space at the end: sign every byte."})
}

type keyVariant struct{ key, wrong string }

func keys(token string) []keyVariant {
	return []keyVariant{
		{token, ""},
		{token + "\n", "Your clientToken has a newline at its end: take it away."},
		{token + "\r\n", "Your clientToken has a newline at its end: take it away."},
		{" " + token, "Your clientToken has a space before it: take it away."},
		{`"` + token + `"`, "Your clientToken has quotes around it: take them away."},
		{"", "Your clientToken is empty: is the setting read at all?"},
	}
}

var hashes = []struct {
	make  func() hash.Hash
	wrong string
}{
	{sha512.New, ""},
	{sha256.New, "You use SHA-256: use SHA-512."},
	{sha512.New384, "You use SHA-384: use SHA-512."},
	{sha1.New, "You use SHA-1: use SHA-512."},
}

var encodings = []struct {
	text  func([]byte) string
	wrong string
}{
	{base64.StdEncoding.EncodeToString, ""},
	{hex.EncodeToString, "You write it in hex: write it in base64."},
	{func(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }, "You write it in hex: write it in base64."},
	{base64.URLEncoding.EncodeToString, "You write it in base64url: use the standard alphabet, with + and /."},
	{base64.RawStdEncoding.EncodeToString, "You leave the = at the end away: pad the base64."},
	{base64.RawURLEncoding.EncodeToString, "You write it in base64url without padding: use standard base64 with =."},
}
