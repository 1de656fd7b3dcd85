package client

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
)

// The two headers of a webhook request (facts/rbm-api.md §3.3).
const (
	HeaderSignature   = "X-Goog-Signature"
	HeaderWebhookType = "X-Goog-Webhook-Type"
)

// SignWebhook is the X-Goog-Signature of data under an agent's client token:
// standard base64 of HMAC-SHA512. data is what message.data holds once its
// base64 is decoded, byte for byte (facts/rbm-api.md §3.3).
func SignWebhook(clientToken string, data []byte) string {
	return base64.StdEncoding.EncodeToString(webhookMAC(clientToken, data))
}

// VerifyWebhook tells whether signature is the X-Goog-Signature of data, in a
// time that does not depend on how much of it is right. An empty client token
// verifies nothing.
func VerifyWebhook(clientToken string, data []byte, signature string) bool {
	if clientToken == "" {
		return false
	}
	got, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && hmac.Equal(got, webhookMAC(clientToken, data))
}

func webhookMAC(clientToken string, data []byte) []byte {
	mac := hmac.New(sha512.New, []byte(clientToken))
	mac.Write(data)
	return mac.Sum(nil)
}
