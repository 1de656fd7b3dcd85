package client

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openrbm/openrbm/rbm"
)

func TestTokenIsKept(t *testing.T) {
	r := newRemote(t, answer{status: 200, body: "{}"})
	c, _ := r.client(Options{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := c.Capabilities(t.Context(), phone); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	_, bearers := r.seen()
	if len(bearers) != 8 || slices.ContainsFunc(bearers, func(b string) bool { return b != "Bearer t1" }) {
		t.Errorf("bearers %q, want t1 eight times", bearers)
	}
}

func TestTokenIsRenewedOnceOn401(t *testing.T) {
	r := newRemote(t, badToken, accepted)
	c, pauses := r.client(Options{})
	if _, err := c.CreateAgentMessage(t.Context(), phone, "m1", hello()); err != nil {
		t.Fatal(err)
	}
	asked, bearers := r.seen()
	if !slices.Equal(bearers, []string{"Bearer t1", "Bearer t2"}) || asked[0] != asked[1] || len(*pauses) != 0 {
		t.Errorf("bearers %q, asked %q, pauses %v", bearers, asked, *pauses)
	}
}

func TestSecond401IsFinal(t *testing.T) {
	r := newRemote(t, badToken)
	c, _ := r.client(Options{})
	_, err := c.CreateAgentMessage(t.Context(), phone, "m1", hello())
	if _, bearers := r.seen(); !hasCode(err, rbm.CodeUnauthenticated) || len(bearers) != 2 {
		t.Errorf("error %v, bearers %q", err, bearers)
	}
}

// The old token is refused to a call that began before another call renewed it.
func TestRefusedTokenOfOldIsNotTheCurrentOne(t *testing.T) {
	r := newRemote(t, accepted)
	c, _ := r.client(Options{})
	g := c.tokens.(*grant)
	first, err := g.token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g.refused(t.Context(), first)
	second, err := g.token(t.Context())
	if err != nil || second == first {
		t.Fatalf("token %q again, error %v", second, err)
	}
	g.refused(t.Context(), first)
	if third, err := g.token(t.Context()); third != second || err != nil {
		t.Errorf("token %q, error %v, want %q kept", third, err, second)
	}
}

func TestTokenErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		answers []answer
		want    *TokenError
	}{
		"refused":            {[]answer{{status: 400, body: `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`}}, &TokenError{400, "invalid_grant", "Invalid JWT Signature."}},
		"a page":             {[]answer{{status: 404, body: "<html>\n\tnot here"}}, &TokenError{404, "", "<html> not here"}},
		"no token":           {[]answer{{status: 200, body: "{}"}}, &TokenError{200, "", "the answer holds no access_token"}},
		"not JSON":           {[]answer{{status: 200, body: "hello"}}, &TokenError{200, "", "the answer holds no access_token"}},
		"failures, then one": {[]answer{{status: 503}, {status: 429}, {hangUp: true}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t, accepted)
			r.tokens = tc.answers
			c, _ := r.client(Options{})
			_, err := c.CreateAgentMessage(t.Context(), phone, "m1", hello())
			if tc.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if e, ok := errors.AsType[*TokenError](err); !ok || *e != *tc.want {
				t.Errorf("error %#v, want %#v", err, tc.want)
			}
			if asked, _ := r.seen(); len(asked) != 0 {
				t.Errorf("asked %q without a token", asked)
			}
		})
	}
}

// local is a transport that hands requests to a handler, for bubbles of fake time.
type local struct{ http.Handler }

func (l local) RoundTrip(q *http.Request) (*http.Response, error) {
	if q = q.Clone(q.Context()); q.Body == nil {
		q.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, q)
	return w.Result(), nil
}

func TestTokenIsRenewedBeforeItEnds(t *testing.T) {
	signer() // not in the bubble: it takes real time
	synctest.Test(t, func(t *testing.T) {
		r := &remote{t: t, url: "http://platform.test", life: 3600, answers: []answer{{status: 200, body: "{}"}}}
		c, _ := r.client(Options{HTTPClient: &http.Client{Transport: local{r}}})
		for _, after := range []time.Duration{0, time.Hour - earlyRenewal - time.Second, time.Second} {
			<-time.After(after) // of the bubble's time
			if _, err := c.Capabilities(t.Context(), phone); err != nil {
				t.Fatal(err)
			}
		}
		if _, bearers := r.seen(); !slices.Equal(bearers, []string{"Bearer t1", "Bearer t1", "Bearer t2"}) {
			t.Errorf("bearers %q", bearers)
		}
	})
}

func TestBadKeys(t *testing.T) {
	good := string(keyFor(t, "https://platform.test"))
	for name, key := range map[string]string{
		"not JSON":     "secret",
		"wrong type":   strings.Replace(good, "service_account", "authorized_user", 1),
		"no email":     strings.Replace(good, "demo@openrbm.test", "", 1),
		"no token_uri": strings.Replace(good, "https://platform.test/token", "", 1),
		"odd token":    strings.Replace(good, "https://platform.test/token", "file:///etc/passwd", 1),
		"broken key":   strings.Replace(good, "BEGIN PRIVATE", "BEGIN SECRET", 1),
	} {
		if _, err := New(Options{Key: []byte(key)}); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes the file: %v", name, err)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no key: accepted")
	}
	if _, err := New(Options{Key: []byte(good), KeyFile: "key.json"}); err == nil {
		t.Error("two keys: accepted")
	}
	if _, err := New(Options{KeyFile: t.TempDir() + "/none.json"}); err == nil {
		t.Error("missing file: accepted")
	}
	for _, base := range []string{"platform.test", "ftp://platform.test", "https://", "https://platform.test/?x=1", "://"} {
		if _, err := New(Options{Key: []byte(good), BaseURL: base}); err == nil {
			t.Errorf("base URL %q: accepted", base)
		}
	}
	c, err := New(Options{Key: []byte(good)})
	if err != nil || c.base != "https://platform.test" {
		t.Errorf("base URL by default %q, error %v", c.base, err)
	}
}
