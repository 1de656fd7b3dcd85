package auth

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/openrbm/openrbm/rbm"
)

func TestKeyFileShape(t *testing.T) {
	w := newWorld(t)
	var f map[string]string
	must(t, json.Unmarshal(w.file, &f))
	origin := w.server.URL
	for name, form := range map[string]string{
		"type":                        `^service_account$`,
		"project_id":                  `^openrbm$`,
		"private_key_id":              `^[0-9a-f]{40}$`,
		"private_key":                 `^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END PRIVATE KEY-----\n$`,
		"client_email":                `^demo_agent@openrbm\.iam\.openrbm$`,
		"client_id":                   `^[1-9][0-9]{20}$`,
		"auth_uri":                    `^` + regexp.QuoteMeta(origin) + `/o/oauth2/auth$`,
		"token_uri":                   `^` + regexp.QuoteMeta(origin) + `/token$`,
		"auth_provider_x509_cert_url": `^` + regexp.QuoteMeta(origin) + `/`,
		"client_x509_cert_url":        `/demo_agent%40openrbm\.iam\.openrbm$`,
		"universe_domain":             `^googleapis\.com$`,
	} {
		if !regexp.MustCompile(form).MatchString(f[name]) {
			t.Errorf("%s = %q", name, f[name])
		}
		delete(f, name)
	}
	if len(f) != 0 {
		t.Errorf("other fields: %v", f)
	}
	if w.pair.N.BitLen() != 2048 {
		t.Errorf("a key of %d bits", w.pair.N.BitLen())
	}
}

// Nothing of a private key is left with the server.
func TestOnlyPublicKeysAreKept(t *testing.T) {
	w := newWorld(t)
	acc, err := w.Account(t.Context(), w.email)
	must(t, err)
	stored, err := json.Marshal(acc)
	must(t, err)
	if strings.Contains(string(stored), "PRIVATE") || !strings.Contains(string(stored), "PUBLIC KEY") {
		t.Errorf("stored: %s", stored)
	}
	keys, err := w.ListKeys(t.Context(), w.email)
	must(t, err)
	if len(keys) != 1 || keys[0].ID != w.key.PrivateKeyID || keys[0].CreateTime.IsZero() {
		t.Errorf("keys: %+v", keys)
	}
	public, err := keys[0].public()
	must(t, err)
	if !public.Equal(&w.pair.PublicKey) {
		t.Error("another public key")
	}
}

func TestEnsureAccount(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			acc, err := w.EnsureAccount(t.Context(), "new_agent")
			if err != nil || acc.Email != "new_agent@openrbm.iam.openrbm" {
				t.Errorf("%+v, %v", acc, err)
			}
		})
	}
	wg.Wait()
	for _, bad := range []string{"", "a b", "a@b", "a\x00", strings.Repeat("a", 129)} {
		if _, err := w.EnsureAccount(t.Context(), bad); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("agent %q: %v", bad, err)
		}
	}
	must(t, second(w.CreateAccount(t.Context(), Account{Email: AgentEmail("big"), AllAgents: true})))
	if _, err := w.EnsureAccount(t.Context(), "big"); rbm.CodeOf(err) != rbm.CodeAlreadyExists {
		t.Errorf("an agent got a partner's account: %v", err)
	}
	must(t, second(w.EnsureAccount(t.Context(), strings.Repeat("a", 128))))
}

func TestCreateAccount(t *testing.T) {
	w := newWorld(t)
	if _, err := w.CreateAccount(t.Context(), Account{Email: w.email}); rbm.CodeOf(err) != rbm.CodeAlreadyExists {
		t.Errorf("created twice: %v", err)
	}
	for _, bad := range []string{"", "a", "a@", "@b", "a b@c", "a@b@c", "a\x00@b", strings.Repeat("a", 253) + "@b"} {
		if _, err := w.CreateAccount(t.Context(), Account{Email: bad}); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("email %q: %v", bad, err)
		}
	}
	if _, err := w.CreateAccount(t.Context(), Account{Email: "p@q", Agents: []string{"a@rbm.goog"}}); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
		t.Errorf("an agent that is not local: %v", err)
	}
	acc, err := w.CreateAccount(t.Context(), Account{Email: "p@q", Keys: []Key{{ID: "planted"}}})
	must(t, err)
	if len(acc.Keys) != 0 {
		t.Error("created with keys")
	}
	longest := strings.Repeat("a", 252) + "@b"
	must(t, second(w.CreateAccount(t.Context(), Account{Email: longest, Agents: []string{"a"}})))
	_, key, pair := w.newKey(t, longest)
	old := w.email
	w.email, w.pair, w.key = longest, pair, key
	who, refused := w.authenticate(t, w.token(t))
	if refused != nil || who.Email != longest {
		t.Errorf("the longest email: %v", refused)
	}
	w.email = old
}

func TestKeyLimits(t *testing.T) {
	w := newWorld(t)
	for _, bad := range []string{"", "token", "ftp://a/token", "https:///token"} {
		if _, _, err := w.CreateKey(t.Context(), w.email, bad); rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("token_uri %q: %v", bad, err)
		}
	}
	const nobody = "nobody@openrbm.iam.openrbm"
	_, _, created := w.CreateKey(t.Context(), nobody, "https://a/token")
	_, listed := w.ListKeys(t.Context(), nobody)
	for _, err := range []error{created, listed, w.DeleteKey(t.Context(), nobody, "k"), w.DeleteAccount(t.Context(), nobody)} {
		if rbm.CodeOf(err) != rbm.CodeNotFound {
			t.Errorf("no such account: %v", err)
		}
	}
	must(t, second(w.accounts.Update(t.Context(), w.email, func(acc *Account) error {
		for len(acc.Keys) < maxKeys {
			acc.Keys = append(acc.Keys, acc.Keys[0])
		}
		return nil
	})))
	if _, _, err := w.CreateKey(t.Context(), w.email, "https://a/token"); rbm.CodeOf(err) != rbm.CodeFailedPrecondition {
		t.Errorf("an eleventh key: %v", err)
	}
}

// A damaged key is our fault, not the client's.
func TestDamagedKey(t *testing.T) {
	w := newWorld(t)
	assertion := w.signed(t, w.good())
	for _, pem := range []string{"", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		must(t, second(w.accounts.Update(t.Context(), w.email, func(acc *Account) error {
			acc.Keys[0].PublicKeyPEM = pem
			return nil
		})))
		_, refused := w.Exchange(t.Context(), GrantType, assertion, []string{w.server.URL})
		if refused == nil || refused.Status != 503 || refused.Unwrap() == nil {
			t.Errorf("%q: %v", pem, refused)
		}
	}
}
