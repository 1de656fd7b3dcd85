package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/loadgen"
	"github.com/openrbm/openrbm/servertest"
)

func TestBench(t *testing.T) {
	s := servertest.New(t)
	ready := filepath.Join(t.TempDir(), "ready.json")
	save(t, ready, s.Ready)
	args := []string{"bench", "--ready-file", ready, "--messages", "40", "--phones", "4", "--connections", "2", "--webhook", "127.0.0.1:0"}
	var out bytes.Buffer
	if err := runVerb(t, t.Context(), &out, append(args, "--json", "--online", "2", "../../examples/text.json")...); err != nil {
		t.Fatal(err)
	}
	var sum loadgen.Summary
	if err := json.Unmarshal(out.Bytes(), &sum); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if sum.Accepted != 40 || sum.Frame.Count != 20 || sum.Receipt.Count != 20 || sum.Online != 2 {
		t.Errorf("got %s", &out)
	}
	out.Reset()
	if err := runVerb(t, t.Context(), &out, args...); err != nil || !strings.Contains(out.String(), "sent 40, accepted 40") {
		t.Errorf("got %v\n%s", err, &out)
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	s := servertest.New(t)
	dir := t.TempDir()
	full, empty, broken := filepath.Join(dir, "full.json"), filepath.Join(dir, "empty.json"), filepath.Join(dir, "broken.json")
	save(t, full, s.Ready)
	save(t, empty, client.Ready{})
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := filepath.Join(dir, "refused.json")
	if err := os.WriteFile(refused, []byte(`{"contentMessage":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"UNAUTHENTICATED":                      {"--ready-file", full, "--token", "wrong-wrong-wrong"},
		"which server?":                        {"--ready-file", empty},
		"who sends?":                           {"--ready-file", empty, "--url", s.Ready.APIURL},
		"admin token":                          {"--ready-file", empty, "--url", s.Ready.APIURL, "--key", s.Ready.Agents[0].KeyFile, "--agent", s.Agent()},
		"is not JSON":                          {"--ready-file", full, broken},
		"no message was accepted: 400 INVALID": {"--ready-file", full, refused, "--messages", "5"},
	} {
		var out bytes.Buffer
		if err := runVerb(t, t.Context(), &out, append([]string{"bench"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}
