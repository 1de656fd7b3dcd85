package auth

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func (w *world) isAdmin(token string) bool {
	r := httptest.NewRequest("GET", "/admin/v1/status", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return w.CheckAdmin(r) == nil
}

func (w *world) accepts(t *testing.T, token string) bool {
	_, refused := w.authenticate(t, token)
	return refused == nil
}

func TestTokenSecretRotates(t *testing.T) {
	w := newWorld(t)
	first := w.token(t)
	must(t, w.RotateTokenSecret(t.Context(), 10*time.Minute))
	second := w.token(t)
	if !w.accepts(t, first) || !w.accepts(t, second) {
		t.Fatal("refused within the grace period")
	}
	w.restart(t)
	if !w.accepts(t, first) || !w.accepts(t, second) {
		t.Fatal("refused after a restart")
	}
	w.clock.Advance(10 * time.Minute)
	if w.accepts(t, first) || !w.accepts(t, second) {
		t.Fatal("after the grace period")
	}
	must(t, w.RotateTokenSecret(t.Context(), 0))
	if w.accepts(t, second) || !w.accepts(t, w.token(t)) {
		t.Fatal("after a rotation without grace")
	}
}

// A rotation without grace ends the grace of those before it.
func TestNoGraceIsForAll(t *testing.T) {
	w := newWorld(t)
	first := w.token(t)
	must(t, w.RotateTokenSecret(t.Context(), time.Hour))
	second := w.token(t)
	must(t, w.RotateTokenSecret(t.Context(), 0))
	if w.accepts(t, first) || w.accepts(t, second) {
		t.Error("an old token is good")
	}
	for range 10 {
		must(t, w.RotateTokenSecret(t.Context(), time.Hour))
	}
	if n := len(w.tokens.Load().secrets); n != 1+maxOld {
		t.Errorf("%d secrets are kept", n)
	}
}

func TestAdminTokenRotates(t *testing.T) {
	w := newWorld(t)
	first := w.AdminToken()
	second, err := w.RotateAdminToken(t.Context(), time.Hour)
	must(t, err)
	if second == first || !w.isAdmin(first) || !w.isAdmin(second) || w.AdminToken() != second {
		t.Fatal("within the grace period")
	}
	w.restart(t)
	w.clock.Advance(time.Hour)
	if w.isAdmin(first) || !w.isAdmin(second) || w.isAdmin("") {
		t.Fatal("after the grace period")
	}
	third, err := w.RotateAdminToken(t.Context(), 0)
	must(t, err)
	if w.isAdmin(second) || !w.isAdmin(third) {
		t.Fatal("without grace")
	}
}

// A rotation is seen by the other nodes of the same store.
func TestRotationIsSeenElsewhere(t *testing.T) {
	w := newWorld(t)
	here := w.Auth
	w.restart(t) // another node
	other := w.Auth
	token, admin := w.token(t), w.AdminToken()
	must(t, other.RotateTokenSecret(t.Context(), 0))
	next, err := other.RotateAdminToken(t.Context(), 0)
	must(t, err)
	w.Auth = here
	here.refreshed = time.Time{} // five seconds are over
	if w.accepts(t, token) || w.isAdmin(admin) || !w.isAdmin(next) {
		t.Error("the rotation was not seen")
	}
}

func TestGracePeriods(t *testing.T) {
	w := newWorld(t)
	for _, d := range []time.Duration{-1, time.Hour + 1} {
		if err := w.RotateTokenSecret(t.Context(), d); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("%v: %v", d, err)
		}
	}
	for _, d := range []time.Duration{-1, 7*24*time.Hour + 1} {
		if _, err := w.RotateAdminToken(t.Context(), d); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("%v: %v", d, err)
		}
	}
}

// With its URLs configured, what the request's Host says is no audience.
func TestHostIsNoAudience(t *testing.T) {
	w := newWorld(t)
	w.publicURLs, w.onlyPublic = []string{"https://rbm.example.com"}, true
	for audience, want := range map[string]bool{w.server.URL: false, "https://rbm.example.com": true} {
		if got := w.accepts(t, w.signed(t, with(w.good(), "aud", audience))); got != want {
			t.Errorf("%s as bearer: %v", audience, got)
		}
		_, refused := w.Exchange(t.Context(), GrantType, w.signed(t, with(w.good(), "aud", audience+"/token")), w.ownURLs("evil.example.com"))
		if (refused == nil) != want {
			t.Errorf("%s at the token endpoint: %v", audience, refused)
		}
	}
}
