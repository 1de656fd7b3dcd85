package client

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	bc "github.com/openrbm/openrbm/businesscommunications"
	"github.com/openrbm/openrbm/rbm"
)

// management is a client of the remote side that does not wait.
func (r *remote) management() *Management {
	r.t.Helper()
	r.scope = ManagementScope
	m, err := NewManagement(ManagementOptions{Key: keyFor(r.t, r.url)})
	if err != nil {
		r.t.Fatal(err)
	}
	m.retry.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return m
}

func TestManagementListsAllPages(t *testing.T) {
	r := newRemote(t,
		answer{status: 200, body: `{"agents":[{"name":"a"},{"name":"b"}],"nextPageToken":"p&2"}`},
		answer{status: 200, body: `{"agents":[{"name":"c"}]}`})
	agents, err := r.management().Agents(t.Context(), "brands/-", AgentFilter{LaunchState: bc.LaunchPending, LaunchData: true})
	if want := []bc.Agent{{Name: "a"}, {Name: "b"}, {Name: "c"}}; err != nil || !reflect.DeepEqual(agents, want) {
		t.Errorf("agents %+v, error %v", agents, err)
	}
	const first = "GET /v1/brands/-/agents?includeLaunchData=true&launchStateFilter=LAUNCH_STATE_PENDING"
	if asked, _ := r.seen(); len(asked) != 2 || asked[0] != first+" " || asked[1] != first+"&pageToken=p%262 " {
		t.Errorf("asked %q", asked)
	}
}

func TestManagementRepeats(t *testing.T) {
	for _, tc := range []struct {
		failed   answer
		creation int // how often it is asked
	}{{unavailable, 1}, {hangUp, 1}, {exhausted, 2}, {badToken, 2}} {
		r := newRemote(t, tc.failed, answer{status: 200, body: `{"name":"brands/b"}`})
		if b, err := r.management().CreateBrand(t.Context(), "B"); (err == nil) != (tc.creation == 2) {
			t.Errorf("brand %+v, error %v", b, err)
		}
		if asked, _ := r.seen(); len(asked) != tc.creation {
			t.Errorf("asked %q", asked)
		}
		r = newRemote(t, tc.failed, answer{status: 200, body: `{"name":"brands/b"}`})
		if b, err := r.management().UpdateBrand(t.Context(), "brands/b", &bc.Brand{DisplayName: "C"}, "displayName"); err != nil || b.Name != "brands/b" {
			t.Errorf("brand %+v, error %v", b, err)
		}
		const want = `PATCH /v1/brands/b?updateMask=displayName {"displayName":"C"}`
		if asked, _ := r.seen(); len(asked) != 2 || asked[1] != want {
			t.Errorf("asked %q", asked)
		}
	}
	r := newRemote(t, hangUp, answer{status: 404, body: `{"error":{"code":404,"status":"NOT_FOUND"}}`})
	if err := r.management().DeleteBrand(t.Context(), "brands/b", false); !hasCode(err, rbm.CodeNotFound) || !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("error %v", err)
	}
}

func TestManagementNames(t *testing.T) {
	const like = "brands/*/agents/*"
	for id, want := range map[string]string{
		"brands/b/agents/a@rbm.goog": "/v1/brands/b/agents/a@rbm.goog/launch",
		"brands/-/agents/a?b":        "/v1/brands/-/agents/a%3Fb/launch",
		"":                           "",
		"brands/b":                   "",
		"brands/b/agents/":           "",
		"brands//agents/a":           "",
		"brands/b/agents/..":         "",
		"brands/b/testers/a":         "",
		"brands/b/agents/a/launch":   "",
	} {
		got, err := resource{id, like, "/launch"}.path()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, error %v", id, got, err)
		}
	}
	m := newRemote(t, unavailable).management()
	if err := m.DeleteAgent(t.Context(), "brands/b"); err == nil {
		t.Error("deleted a brand as an agent")
	}
	if _, err := NewManagement(ManagementOptions{}); err == nil {
		t.Error("no key was taken")
	}
}
