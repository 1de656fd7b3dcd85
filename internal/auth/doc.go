// Package auth says who is calling and what they may do.
//
// An agent calls with a service account, as on Google's platform
// (facts/rbm-api.md §5): it signs a JWT with the private key of its key file
// (keyfile.go), exchanges it for an access token (exchange.go, endpoint.go) and
// sends that as bearer; or it sends such a JWT itself (selfsigned.go). The server
// keeps public keys only (accounts.go). Access tokens are sealed, not stored
// (accesstoken.go): any node that shares the store reads them, also after a
// restart. What a bearer proved is remembered for some seconds
// (authenticate.go), and a [Caller] answers what it may do (caller.go).
//
// The administrator has one token of their own (admin.go).
package auth
