package auth

import "time"

// adminKey stands in an access token for the key that it was got with, when it
// was the administrator who got it. No key has this id.
const adminKey = "admin"

// AdminGrant is an access token of one hour, with every scope, that the
// administrator gets without a key of the account. It ends early only with the
// account itself.
func (a *Auth) AdminGrant(acc *Account) Token {
	g := grant{email: acc.Email, keyID: adminKey, scopes: everyScope, expires: a.clock.Now().Add(tokenLife)}
	return Token{AccessToken: a.seal(g), ExpiresIn: int(tokenLife/time.Second) - 1, TokenType: "Bearer"}
}
