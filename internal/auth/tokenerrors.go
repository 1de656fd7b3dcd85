package auth

import (
	"fmt"
	"net/http"
	"time"
)

// TokenError is the token endpoint's refusal (facts/rbm-api.md §5.3). Its JSON
// form is the answer's body. It never quotes an assertion.
type TokenError struct {
	Status      int    `json:"-"` // HTTP status
	Code        string `json:"error"`
	Description string `json:"error_description"`

	RetryAfter time.Duration `json:"-"`

	cause error // our own fault; for the log only
}

func (e *TokenError) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Description) }

// Unwrap is what went wrong on our side, if anything.
func (e *TokenError) Unwrap() error { return e.cause }

func refuse(code, description string) *TokenError {
	return &TokenError{Status: http.StatusBadRequest, Code: code, Description: description}
}

const badTime = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. " +
	"Check your iat and exp values in the JWT claim."

// The refusals. The texts of the signature, the time and the scope are Google's
// (facts/rbm-api.md §5.3).
var (
	errNoGrantType = refuse("invalid_request", "Required parameter is missing: grant_type")
	errNoAssertion = refuse("invalid_request", "Required parameter is missing: assertion")
	errForm        = refuse("invalid_request", "The body must be a form with each parameter at most once.")
	errTooLong     = refuse("invalid_request", fmt.Sprintf("The assertion is longer than %d bytes.", maxAssertion))
	errMalformed   = refuse("invalid_grant", "Invalid JWT: not three base64url parts with JSON objects.")
	errAlgorithm   = refuse("invalid_grant", "Invalid JWT: the algorithm must be RS256, without critical extensions.")
	errNoAccount   = refuse("invalid_grant", "Invalid grant: account not found")
	errSignature   = refuse("invalid_grant", "Invalid JWT Signature.")
	errTimeframe   = refuse("invalid_grant", badTime)
	errExpired     = refuse("invalid_grant", badTime)
	errAudience    = refuse("invalid_grant", "Invalid JWT: Failed audience check. The right audience is the token_uri of the key file.")
	errScope       = refuse("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
	errIDToken     = refuse("invalid_scope", "ID tokens are not issued here: claim a scope, not a target_audience.")
	errDelegation  = &TokenError{Status: http.StatusUnauthorized, Code: "unauthorized_client",
		Description: "Client is unauthorized to retrieve access tokens using this method: sub must be empty or equal iss."}
)
