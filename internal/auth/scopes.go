package auth

import "strings"

// The scopes of OAuth (facts/rbm-api.md §0.1).
const (
	ScopeMessaging  = "https://www.googleapis.com/auth/rcsbusinessmessaging"
	ScopeManagement = "https://www.googleapis.com/auth/businesscommunications"
)

// scopes is a set of scopes, one bit each; the bits are part of access tokens.
type scopes byte

const (
	messaging scopes = 1 << iota
	management

	everyScope = messaging | management
)

var scopeBits = map[string]scopes{ScopeMessaging: messaging, ScopeManagement: management}

// parseScopes reads scopes with spaces between; false if one is unknown or
// there is none.
func parseScopes(s string) (set scopes, ok bool) {
	for name := range strings.FieldsSeq(s) {
		bit, known := scopeBits[name]
		if !known {
			return 0, false
		}
		set |= bit
	}
	return set, set != 0
}
