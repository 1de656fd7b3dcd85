package auth

import (
	"net/http/httptest"
	"testing"
)

// BenchmarkAuthenticate is the hot path: a token that was seen before.
func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b)
	r := httptest.NewRequest("POST", w.server.URL+"/v1/phones/+12223334444/agentMessages?messageId=1&agentId=demo_agent", nil)
	r.Header.Set("Authorization", "Bearer "+w.token(b))
	b.ReportAllocs()
	for b.Loop() {
		who, err := w.Authenticate(r.Context(), r, method)
		if err != nil || who.Require(ScopeMessaging) != nil {
			b.Fatal(err)
		}
		if _, err := who.Agent("demo_agent@rbm.goog"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstSight is a token that was not seen before.
func BenchmarkFirstSight(b *testing.B) {
	w := newWorld(b)
	r := httptest.NewRequest("POST", w.server.URL+"/v1/thing", nil)
	r.Header.Set("Authorization", "Bearer "+w.token(b))
	b.ReportAllocs()
	for b.Loop() {
		w.epoch.Add(1)
		if _, err := w.Authenticate(r.Context(), r, method); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExchange is one call of the token endpoint, without HTTP.
func BenchmarkExchange(b *testing.B) {
	w := newWorld(b)
	assertion := w.signed(b, w.good())
	b.ReportAllocs()
	for b.Loop() {
		if _, refused := w.Exchange(b.Context(), GrantType, assertion, []string{w.server.URL}); refused != nil {
			b.Fatal(refused)
		}
	}
}

// The hot path allocates nothing.
func TestAuthenticateAllocations(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest("POST", w.server.URL+"/v1/thing", nil)
	r.Header.Set("Authorization", "Bearer "+w.token(t))
	n := testing.AllocsPerRun(1000, func() {
		if _, err := w.Authenticate(r.Context(), r, method); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}
