package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/server"
)

// start runs a server on free ports; separate gives the administrator their own.
func start(t *testing.T, separate bool) *server.Server {
	t.Helper()
	cfg := server.DemoConfig(t.TempDir(), "127.0.0.1:0")
	if separate {
		cfg.Admin.Listen = "127.0.0.1:0"
	}
	s, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// fetch returns the status and the body of a GET with a bearer token, "" for none.
func fetch(t *testing.T, url, token string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

// Profiles are for the bearer of the admin token, on the administrator's listener.
func TestProfiles(t *testing.T) {
	for _, separate := range []bool{false, true} {
		s := start(t, separate)
		for _, page := range []string{"", "cmdline", "heap?debug=1", "goroutine?debug=1", "symbol", "profile?seconds=1", "trace?seconds=1"} {
			url := s.AdminURL() + "/debug/pprof/" + page
			for _, token := range []string{"", "wrong", s.AdminToken() + "x"} {
				status, header, body := fetch(t, url, token)
				if status != http.StatusUnauthorized || header.Get("WWW-Authenticate") == "" || !strings.Contains(body, `"UNAUTHENTICATED"`) {
					t.Errorf("%s with token %q: %d %v %s", page, token, status, header, body)
				}
			}
			if status, _, body := fetch(t, url, s.AdminToken()); status != http.StatusOK || len(body) == 0 {
				t.Errorf("%s with the admin token: %d %s", page, status, body)
			}
			if !separate {
				continue
			}
			if status, _, body := fetch(t, s.APIURL()+"/debug/pprof/"+page, s.AdminToken()); status != http.StatusNotFound {
				t.Errorf("%s on the public listener: %d %.200s", page, status, body)
			}
		}
	}
}
