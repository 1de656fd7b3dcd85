package httpapi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2/google"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

var pathName = regexp.MustCompile(`\{[A-Za-z]+\}`)

// auditedPath says that what is below a path is administration.
func auditedPath(path string) bool {
	for _, prefix := range []string{"/admin/v1/", "/v1/brands", "/v1/partners", "/v1/testers"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}

// Every route that writes leaves an entry, whatever comes of it: the routes are
// those of the OpenAPI document, which has all.
func TestEveryActIsInTheAuditLog(t *testing.T) {
	w := newWire(t)
	key, err := w.s.Admin.CreatePartnerKey(w.s.Context())
	if err != nil {
		t.Fatal(err)
	}
	config, err := google.JWTConfigFromJSON(key, client.ManagementScope)
	if err != nil {
		t.Fatal(err)
	}
	partner, err := config.TokenSource(w.s.Context()).Token()
	if err != nil {
		t.Fatal(err)
	}
	doc, routes := newOpenAPI(w), 0
	doc.operations(func(method, path string, op object) {
		method = strings.ToUpper(method)
		if method == "GET" || !auditedPath(path) {
			return
		}
		routes++
		token := partner.AccessToken
		if strings.HasPrefix(path, "/admin/") {
			token = w.s.Ready.AdminToken
		}
		real := pathName.ReplaceAllString(strings.ReplaceAll(path, "{phone}", "+12223339999"), "nobody")
		w.send(method+" "+real, "Authorization: Bearer "+token+"\nX-Forwarded-For: 192.0.2.7", `{"secretField":"do-not-keep-this"}`)
		acts, err := w.s.Admin.AuditLog(w.s.Context(), client.ActFilter{Limit: 1})
		if err != nil || len(acts) != 1 {
			t.Fatalf("%s %s: %v, %v", method, path, acts, err)
		}
		a := acts[0]
		if a.Method != method || shape(a.Route) != shape(path) || a.Outcome == "" || a.From != "127.0.0.1" || a.ForwardedFor != "192.0.2.7" {
			t.Errorf("%s %s left %+v", method, path, a)
		}
		if byAdmin := a.Who == "admin"; byAdmin != strings.HasPrefix(path, "/admin/") || !byAdmin && a.KeyID == "" {
			t.Errorf("%s %s was done by %q", method, path, a.Who)
		}
		if strings.Contains(fmt.Sprint(a), "2223339999") || strings.Contains(fmt.Sprint(a), "do-not-keep") {
			t.Errorf("%s %s left more than it may: %+v", method, path, a)
		}
	})
	if routes < 35 {
		t.Errorf("only %d routes that write", routes)
	}
	t.Logf("%d routes", routes)
}

// shape is a path whatever its names are called.
func shape(path string) string { return pathName.ReplaceAllString(path, "{}") }

// The log says who did what, and can be filtered and paged; reading leaves no
// entry, and neither do agents, nor who is nobody.
func TestAuditLog(t *testing.T) {
	s := servertest.New(t, servertest.Options{Settings: `admin.audit_retention = "2h"`})
	ctx := s.Context()
	const number = "+12223330042"
	before, err := s.Admin.AuditLog(ctx, client.ActFilter{})
	if err != nil {
		t.Fatal(err)
	}
	s.NewAgent("shop", true)
	s.NewPhone(number)
	if _, err := s.Admin.CreateTester(ctx, "shop", number); err != nil {
		t.Fatal(err)
	}
	s.Webhook("shop")
	if _, err := s.Client().CreateAgentMessage(ctx, number, client.NewMessageID(), &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "hello"}}); err != nil {
		t.Fatal(err)
	}
	stranger, err := client.NewAdmin(client.AdminOptions{BaseURL: s.Ready.APIURL, Token: "wrong wrong wrong wrong"})
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.DeleteAgent(ctx, "shop"); err == nil {
		t.Fatal("a stranger deletes agents")
	}
	if err := s.Admin.DeleteAgent(ctx, "nobody"); err == nil {
		t.Fatal("an agent that is not there was deleted")
	}
	list := func(f client.ActFilter) []string {
		t.Helper()
		acts, err := s.Admin.AuditLog(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, a := range acts[:len(acts)-min(len(before), len(acts))] {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %v %s", a.Method, a.Resource, a.Target, a.Fields, a.Outcome)))
		}
		slices.Reverse(lines)
		return lines
	}
	all := list(client.ActFilter{})
	mark := regexp.MustCompile(`phone:[0-9a-f]{20}`).FindString(strings.Join(all, "\n"))
	want := []string{
		"POST /admin/v1/agents shop [agentId displayName launched] OK",
		"POST /admin/v1/agents/shop/keys KEY [] OK",
		"POST /admin/v1/phones " + mark + " [features phoneNumber rcsEnabled] OK",
		"POST /admin/v1/agents/shop/testers " + mark + " [phoneNumber] OK",
		"PUT /admin/v1/agents/shop/webhook  [clientToken uri] OK",
		"DELETE /admin/v1/agents/nobody  [] NOT_FOUND",
	}
	for i := range all {
		all[i] = regexp.MustCompile(`\b[0-9a-f]{40}\b`).ReplaceAllString(all[i], "KEY")
	}
	if !slices.Equal(all, want) {
		t.Errorf("the log has\n%s\nwant\n%s", strings.Join(all, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range []struct {
		f client.ActFilter
		n int
	}{
		{client.ActFilter{PhoneNumber: number}, 2}, {client.ActFilter{PhoneNumber: "+12223330043"}, 0}, {client.ActFilter{Resource: "agents/shop/"}, 3},
		{client.ActFilter{Outcome: "NOT_FOUND"}, 1}, {client.ActFilter{Who: "nobody"}, 0}, {client.ActFilter{Limit: 2}, 2},
		{client.ActFilter{Until: time.Now().Add(-time.Hour)}, 0}, {client.ActFilter{Since: time.Now().Add(time.Hour)}, 0},
	} {
		if acts, err := s.Admin.AuditLog(ctx, c.f); err != nil || len(acts) != c.n {
			t.Errorf("%+v: %d entries, %v; want %d", c.f, len(acts), err, c.n)
		}
	}
	wantOnDisk(t, s, "servertest-client-token", true) // the webhook's record has it
	raw, err := json.Marshal(all)
	if err != nil || strings.Contains(string(raw), "servertest-client-token") || strings.Contains(string(raw), number) {
		t.Errorf("%s, %v", raw, err)
	}
	if _, err := s.Admin.AdvanceClock(ctx, 3*time.Hour); err != nil {
		t.Fatal(err)
	}
	for {
		acts, err := s.Admin.AuditLog(ctx, client.ActFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(acts) <= 1 { // that of the clock may be new or old
			break
		}
	}
}

// Pages follow each other without gaps or repeats.
func TestAuditLogPages(t *testing.T) {
	w := newWire(t)
	for range 7 {
		_ = w.s.Admin.DeleteAgent(w.s.Context(), "nobody")
	}
	var times []string
	token := ""
	for pages := 0; pages == 0 || token != ""; pages++ {
		r := w.send("GET /admin/v1/auditLog?pageSize=3&resource=nobody&pageToken="+token, "Authorization: Bearer "+w.s.Ready.AdminToken, "")
		page := decoded(t, r.body)
		for _, e := range page["entries"].([]any) {
			times = append(times, e.(object)["time"].(string))
		}
		token, _ = page["nextPageToken"].(string)
		if pages > 4 {
			t.Fatal("the pages have no end")
		}
	}
	if len(times) != 7 || len(slices.Compact(times)) != 7 {
		t.Errorf("%v", times)
	}
	for _, q := range []string{"pageToken=x!", "pageSize=-1", "startTime=yesterday", "endTime=1"} {
		w.want(w.send("GET /admin/v1/auditLog?"+q, "Authorization: Bearer "+w.s.Ready.AdminToken, ""), 400)
	}
}

func wantOnDisk(t *testing.T, s *servertest.Server, text string, want bool) {
	t.Helper()
	found := false
	err := filepath.WalkDir(filepath.Join(s.Dir, "store"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found = found || strings.Contains(string(b), text)
		return err
	})
	if err != nil || found != want {
		t.Errorf("%q is on the disk: %v, %v", text, found, err)
	}
}
