package auth

import (
	"strings"

	"github.com/openrbm/openrbm/rbm"
)

// The reasons of ErrorInfo (facts/rbm-api.md §4.3).
const (
	reasonMissing     = "CREDENTIALS_MISSING"
	reasonUnsupported = "ACCESS_TOKEN_TYPE_UNSUPPORTED"
	reasonExpired     = "ACCESS_TOKEN_EXPIRED"
	reasonScope       = "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
)

const (
	missingText = "Request is missing required authentication credential."
	badText     = "Request had invalid authentication credentials."
	expected    = " Expected OAuth 2 access token, login cookie or other valid authentication credential." +
		" See https://developers.google.com/identity/sign-in/web/devconsole-project."
)

// badToken is the reason why a token is not good.
type badToken string

func (b badToken) Error() string { return "auth: " + string(b) }

func unauthenticated(reason, method string) *rbm.Error {
	text := badText
	if reason == reasonMissing {
		text = missingText
	}
	return refusal(rbm.CodeUnauthenticated, text+expected, reason, method)
}

func insufficientScope(method string) *rbm.Error {
	return refusal(rbm.CodePermissionDenied, "Request had insufficient authentication scopes.", reasonScope, method)
}

func refusal(code rbm.Code, text, reason, method string) *rbm.Error {
	return &rbm.Error{Code: code, Message: text, Reason: reason, Domain: "googleapis.com",
		Metadata: map[string]string{"service": serviceOf(method), "method": method}}
}

// serviceOf is the host of the service of a method: rcsbusinessmessaging.googleapis.com
// for google.communications.rcsbusinessmessaging.v1.RcsBusinessMessagingService.CreateTester.
func serviceOf(method string) string {
	if strings.HasPrefix(method, "google.communications.businesscommunications.") {
		return "businesscommunications.googleapis.com"
	}
	return "rcsbusinessmessaging.googleapis.com"
}

// Challenge is the WWW-Authenticate header of the answer to err; "" if it needs
// none (facts/rbm-api.md §4.3).
func Challenge(err error) string {
	e := rbm.AsError(err)
	if e == nil || e.Code != rbm.CodeUnauthenticated {
		return ""
	}
	realm := "https://accounts.google.com/"
	if e.Domain == adminDomain {
		realm = adminDomain
	}
	if e.Reason == reasonMissing {
		return `Bearer realm="` + realm + `"`
	}
	return `Bearer realm="` + realm + `", error="invalid_token"`
}
