package security

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/servertest"
)

const fewLogins = "[clients]\nfailed_logins_per_minute = 3\ntoken_requests_per_minute = 5\ntrusted_proxies = [\"127.0.0.1\"]\n"

// ask sends a request and gives its status and header. from is whom the proxy says
// it is of.
func ask(t testing.TB, s *servertest.Server, method, path, from, authorization, body string) (int, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.Ready.APIURL+path, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Authorization", authorization)
	req.Header.Set("X-Forwarded-For", from)
	req.Header.Set("X-Phone-Number", s.Number())
	if path == "/token" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header
}

func retryAfter(t testing.TB, h http.Header) {
	t.Helper()
	if n, err := strconv.Atoi(h.Get("Retry-After")); err != nil || n < 1 || n > 60 {
		t.Errorf("Retry-After: %q", h.Get("Retry-After"))
	}
}

// Whoever fails too often is not heard for a while, not even with the right secret.
// Others are.
func TestFailedLoginsAreBounded(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: fewLogins})
	wrongForm := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"a.b.c"}}.Encode()
	for name, c := range map[string]struct{ method, path, good, wrong, body string }{
		"admin": {"GET", "/admin/v1/status", "Bearer " + s.Ready.AdminToken, "Bearer wrong", ""},
		"phone": {"POST", "/device/v1/files", "Bearer " + s.Ready.Phones[0].DeviceToken, "Bearer wrong", ""},
		"token": {"POST", "/token", "", "", wrongForm},
	} {
		from, refused := "203.0.113.9", http.StatusUnauthorized
		if name == "token" {
			refused = http.StatusBadRequest
		}
		for range 3 {
			if status, _ := ask(t, s, c.method, c.path, from, c.wrong, c.body); status != refused {
				t.Fatalf("%s: %d", name, status)
			}
		}
		for _, authorization := range []string{c.wrong, c.good} {
			status, header := ask(t, s, c.method, c.path, from, authorization, c.body)
			if status != http.StatusTooManyRequests {
				t.Errorf("%s: a fourth: %d", name, status)
			}
			retryAfter(t, header)
		}
		if status, _ := ask(t, s, c.method, c.path, "203.0.113.10", c.good, c.body); status == http.StatusTooManyRequests {
			t.Errorf("%s: others are not heard", name)
		}
	}
}

// Failed logins are in the audit log as counts.
func TestFailedLoginsAreAudited(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[clients]\ntrusted_proxies = [\"127.0.0.1\"]\ntoken_requests_per_minute = 1\n"})
	for range 20 {
		if status, _ := ask(t, s, "GET", "/admin/v1/status", "203.0.113.1", "Bearer wrong", ""); status != http.StatusUnauthorized {
			t.Fatal(status)
		}
	}
	for range 2 { // the second is one too many
		ask(t, s, "POST", "/token", "2001:db8::7", "", "grant_type=x")
	}
	_, err := s.Admin.AdvanceClock(s.Context(), time.Minute)
	must(t, err)
	want := map[string]int{"203.0.113.1 /admin/v1": 20, "2001:db8:: /token": 2}
	await(t, func() bool {
		acts, err := s.Admin.AuditLog(s.Context(), client.ActFilter{Who: "nobody", Outcome: "UNAUTHENTICATED"})
		must(t, err)
		got := map[string]int{}
		for _, a := range acts {
			got[a.From+" "+a.Resource] += a.Count
		}
		return maps.Equal(got, want)
	})
}

func TestTokenRequestsAreBounded(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[clients]\ntoken_requests_per_minute = 5\n"})
	good := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion(t, s.Ready.Agents[0].KeyFile, nil)}}.Encode()
	for i := range 6 {
		status, header := ask(t, s, "POST", "/token", "", "", good)
		if want := map[bool]int{true: 200, false: 429}[i < 5]; status != want {
			t.Errorf("request %d: %d", i, status)
		}
		if i == 5 {
			retryAfter(t, header)
		}
	}
}

// A phone that guesses tokens is told to wait, in its own protocol.
func TestFailedHellosAreBounded(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: "[clients]\nfailed_logins_per_minute = 3\n"})
	for i := range 5 {
		want := map[bool]string{true: `"code":401`, false: `"code":429`}[i < 3]
		if _, got := hello(t, s.Ready.DeviceURL, s.Number(), fmt.Sprintf("wrong-%d", i)); !strings.Contains(got, want) {
			t.Errorf("hello %d: %s", i, got)
		}
	}
	other := s.NewPhone("+12223335555")
	p, err := phone.Dial(s.Context(), phone.Options{URL: s.Ready.DeviceURL, Number: "+12223335555", Token: other})
	if err != nil {
		t.Fatalf("another phone behind the same address: %v", err)
	}
	p.Close()
}
