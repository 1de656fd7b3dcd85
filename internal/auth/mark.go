package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// PhoneMark stands for a phone number where the number itself must not: the same
// for the same number, and worthless to whoever has not the store's secret.
func (a *Auth) PhoneMark(number string) string {
	h := hmac.New(sha256.New, []byte(a.markSecret))
	h.Write([]byte(number))
	return "phone:" + hex.EncodeToString(h.Sum(nil)[:10])
}
