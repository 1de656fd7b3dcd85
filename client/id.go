package client

import (
	"crypto/rand"
	"fmt"
)

// NewMessageID makes a random UUID (RFC 9562, version 4), the form that the API
// asks for in messageId, eventId and requestId (facts/rbm-api.md §1.0). Messages
// and events of one agent share one id namespace.
func NewMessageID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
