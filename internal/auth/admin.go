package auth

import (
	"net/http"

	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/rbm"
)

// adminDomain is the domain and realm of the refusals that are not Google's.
const adminDomain = "openrbm"

// AdminToken is the administrator's token: the configured one, else one that was
// made at the first start or when it was rotated last. It belongs in the ready file
// and in no log.
func (a *Auth) AdminToken() string { return a.admin.Load().secrets[0].Secret }

// CheckAdmin fails with UNAUTHENTICATED unless the Authorization header of r
// bears the admin token. It takes as long for a near miss as for a far one. Who has
// sent too many wrong ones is refused for a while, with RESOURCE_EXHAUSTED.
func (a *Auth) CheckAdmin(r *http.Request) error {
	header := r.Header.Get("Authorization")
	if header == "" {
		return adminRefusal(reasonMissing, "The admin token is missing: send it as Authorization: Bearer.")
	}
	from := a.logins.Client(r)
	if err := a.logins.Blocked(front.AdminDoor, from, ""); err != nil {
		return err
	}
	a.refresh(r.Context())
	if !a.admin.Load().has(bearer(header), a.clock.Now()) {
		a.logins.Failed(front.AdminDoor, from, "")
		return adminRefusal("ADMIN_TOKEN_INVALID", "The admin token is wrong.")
	}
	return nil
}

func adminRefusal(reason, text string) error {
	return &rbm.Error{Code: rbm.CodeUnauthenticated, Message: text, Reason: reason, Domain: adminDomain}
}
