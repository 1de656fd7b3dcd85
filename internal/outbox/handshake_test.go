package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHandshake(t *testing.T) {
	const token = `to"ken<&>`
	type question struct{ ClientToken, Secret string }
	for name, c := range map[string]struct {
		answer func(rw http.ResponseWriter, q question, raw []byte)
		err    string // part of it; "": verified
	}{
		"plain":    {func(rw http.ResponseWriter, q question, _ []byte) { fmt.Fprint(rw, q.Secret) }, ""},
		"line":     {func(rw http.ResponseWriter, q question, _ []byte) { fmt.Fprintf(rw, " %s\r\n", q.Secret) }, ""},
		"labelled": {func(rw http.ResponseWriter, q question, _ []byte) { fmt.Fprint(rw, "secret: "+q.Secret) }, ""},
		"JSON": {func(rw http.ResponseWriter, q question, _ []byte) {
			fmt.Fprintf(rw, `{"ok": true, "secret": %q}`, q.Secret)
		}, ""},
		"empty 200": {func(http.ResponseWriter, question, []byte) {}, "without the secret"},
		"OK":        {func(rw http.ResponseWriter, _ question, _ []byte) { fmt.Fprint(rw, "OK") }, "without the secret: OK"},
		"inside":    {func(rw http.ResponseWriter, q question, _ []byte) { fmt.Fprint(rw, "the "+q.Secret) }, "without the secret: the …"},
		"echo":      {func(rw http.ResponseWriter, _ question, raw []byte) { fmt.Fprint(rw, "got "+string(raw)) }, `"clientToken":"…"`},
		"refused":   {func(rw http.ResponseWriter, _ question, _ []byte) { http.Error(rw, "no", http.StatusForbidden) }, "answered 403: no"},
		"201": {func(rw http.ResponseWriter, q question, _ []byte) {
			rw.WriteHeader(201)
			fmt.Fprint(rw, q.Secret)
		}, "answered 201"},
		"redirect": {func(rw http.ResponseWriter, _ question, _ []byte) {
			rw.Header().Set("Location", "/good")
			rw.WriteHeader(307)
		}, "answered 307"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				raw, _ := io.ReadAll(r.Body)
				var q question
				if err := json.Unmarshal(raw, &q); err != nil || q.ClientToken != token || len(q.Secret) < 20 {
					t.Errorf("question %s, %v", raw, err)
				}
				if r.URL.Path == "/good" {
					t.Error("a redirect was followed")
				}
				if h := r.Header; h.Get("X-Goog-Webhook-Type") != "verification" || h.Get("Content-Type") != "application/json" || h.Get("X-Goog-Signature") != "" {
					t.Errorf("header %v", h)
				}
				c.answer(rw, q, raw)
			}))
			defer s.Close()
			err := Handshake(t.Context(), s.Client(), Webhook{URL: s.URL, Token: token})
			if c.err == "" && err != nil {
				t.Errorf("not verified: %v", err)
			}
			if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "ken<")) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestHandshakeWithoutAnAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.serve("a", hang)
		err := Handshake(t.Context(), w.opts.Client, w.hooks.byAgent["a"])
		if err == nil || err.Error() != "webhook verification: no answer after 10s" {
			t.Errorf("a silent webhook: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Handshake(ctx, w.opts.Client, w.hooks.byAgent["a"]); err == nil {
			t.Error("verified after the end")
		}
	})
}

func FuzzReturns(f *testing.F) {
	f.Add([]byte("abc123"), "abc123")
	f.Add([]byte("secret: abc123\n"), "abc123")
	f.Add([]byte(`{"secret":"abc123"}`), "abc123")
	f.Add([]byte(`{"secret":""}`), "")
	f.Add([]byte("secret:"), "")
	f.Add([]byte("[[[["), "x")
	f.Fuzz(func(t *testing.T, body []byte, secret string) {
		got := returns(body, secret)
		if got && secret == "" {
			t.Fatal("an empty secret is no proof")
		}
		if got && !strings.Contains(string(body), secret) {
			var object struct{ Secret string }
			if err := json.Unmarshal(body, &object); err != nil || object.Secret != secret {
				t.Fatalf("%q does not give back %q", body, secret)
			}
		}
		if token := fmt.Sprintf("%x", secret); token != "" {
			for _, form := range []string{"%s", " %s\n", "secret: %s", "secret:%s", `{"secret":"%s"}`} {
				if answer := fmt.Sprintf(form, token); !returns([]byte(answer), token) {
					t.Fatalf("%q is not taken for %q", answer, token)
				}
			}
			if returns(body, "0"+token+string(body)) {
				t.Fatalf("%q gives back what is longer than itself", body)
			}
		}
	})
}

func FuzzExcerpt(f *testing.F) {
	f.Add([]byte("line\r\n\x00two"), "two")
	f.Add([]byte(`{"token":"a\"b\u003c"}`), `a"b<`)
	f.Add([]byte("\xff\xfe é"), "é")
	f.Fuzz(func(t *testing.T, body []byte, secret string) {
		got := excerpt(body, secret)
		if !utf8.ValidString(got) || len(got) > maxExcerpt+len("…") || strings.ContainsAny(got, "\r\n\x00\x1b") {
			t.Fatalf("excerpt %q", got)
		}
		if len(secret) > len("…") && utf8.ValidString(secret) && strings.Join(strings.Fields(secret), " ") == secret &&
			strings.Contains(got, secret) && strings.Contains(string(body), secret) && !strings.Contains(secret, "…") {
			t.Fatalf("excerpt %q shows the secret %q", got, secret)
		}
	})
}
