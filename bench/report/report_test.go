package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const printed = `goos: linux
BenchmarkAccept/card-2         	       1	      1195 B/body	         0.31 vs-bare
BenchmarkAccept/card-2         	       1	      1195 B/body	         0.35 vs-bare
BenchmarkAccept/card-2         	       1	      1195 B/body	         0.34 vs-bare
BenchmarkAccept/text
BenchmarkAccept/text-16        	       1	        79 B/body	         0.39 vs-bare	2.3e+04 accepts/s
BenchmarkStage/auth            	 2846713	       421.5 ns/op	       0 B/op	       0 allocs/op
    queued_test.go:1: BenchmarkFrame-2 1 7 p50-vs-fsync is only talked of
PASS
ok  	github.com/openrbm/openrbm/bench	84.006s
`

// files are those that a run changes.
func files(t *testing.T) (results, doc string) {
	dir := t.TempDir()
	results, doc = filepath.Join(dir, "results.json"), filepath.Join(dir, "performance.md")
	if err := os.WriteFile(doc, []byte("before\n"+begin+"\nold\n"+end+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return results, doc
}

func contents(t *testing.T, file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func wants(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
}

// The medians reach both files; what has no figure is said to be missing.
func TestReport(t *testing.T) {
	results, doc := files(t)
	var out strings.Builder
	if err := run(strings.NewReader(printed), &out, results, doc, false); err != nil {
		t.Fatal(err)
	}
	if got, want := contents(t, results), "{\n  \"accept_card_vs_bare\": 0.34,\n  \"accept_text_vs_bare\": 0.39,\n  \"auth_us\": 0.4215\n}\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	text := contents(t, doc)
	wants(t, text, "before\n"+begin, end+"\nafter\n", "Machine: ",
		"| `accept_card_vs_bare` | 0.34 | ≥ 0.33 | reached | 20", "| `accept_text_vs_bare` | 0.39 | ≥ 0.4 | missed | 20", "| `restart_10m_s` | missing | ≤ 2 |  |  | ", "| `auth_us` | 0.421 | – |  | 20")
	if strings.Contains(text, "\nold\n") {
		t.Errorf("the old table is still there:\n%s", text)
	}
	wants(t, out.String(), printed, "| `accept_card_vs_bare` | 0.34 |")
}

// A quick run keeps what it has not measured, with its day; a whole one does not.
func TestQuickReport(t *testing.T) {
	results, doc := files(t)
	old := "| `restart_10m_s` | 1.5 | ≤ 2 | reached | 2026-01-01 | "
	must(t, os.WriteFile(doc, []byte(begin+"\n"+old+"what it was |\n"+end), 0o600))
	must(t, os.WriteFile(results, []byte(`{"restart_10m_s": 1.5, "accept_card_vs_bare": 0.1}`), 0o600))
	must(t, run(strings.NewReader(printed), io.Discard, results, doc, true))
	wants(t, contents(t, doc), old+"seconds from", "| `accept_card_vs_bare` | 0.34 |")
	wants(t, contents(t, results), `"restart_10m_s": 1.5`, `"accept_card_vs_bare": 0.34`)

	must(t, run(strings.NewReader(printed), io.Discard, results, doc, false))
	wants(t, contents(t, doc), "| `restart_10m_s` | missing |")
	if got := contents(t, results); strings.Contains(got, "restart_10m_s") {
		t.Errorf("it was not measured: %s", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What went wrong is an error, and what was measured is written all the same.
func TestReportOfFailure(t *testing.T) {
	for _, line := range []string{"--- FAIL: BenchmarkFrame-2", "FAIL", "FAIL\tgithub.com/openrbm/openrbm/bench [build failed]"} {
		results, doc := files(t)
		if err := run(strings.NewReader(printed+line+"\n"), io.Discard, results, doc, false); err == nil {
			t.Errorf("%q: no error", line)
		}
		wants(t, contents(t, results), `"accept_card_vs_bare": 0.34`)
	}
	results, doc := files(t)
	if err := run(strings.NewReader("PASS\n"), io.Discard, results, doc, false); err == nil {
		t.Error("nothing was measured, and that is no error")
	}
	must(t, os.WriteFile(doc, []byte("no marks"), 0o600))
	if err := run(strings.NewReader(printed), io.Discard, results, doc, false); err == nil || !strings.Contains(err.Error(), begin) {
		t.Errorf("without marks: %v", err)
	}
	must(t, os.WriteFile(results, []byte("{"), 0o600))
	if err := run(strings.NewReader(printed), io.Discard, results, doc, false); err == nil {
		t.Error("damaged results are overwritten")
	}
}

// Names and places of figures are distinct.
func TestFigures(t *testing.T) {
	names, places := map[string]bool{}, map[[2]string]bool{}
	for _, f := range figures {
		place := [2]string{f.benchmark, f.unit}
		if names[f.name] || places[place] {
			t.Errorf("%s is there twice", f.name)
		}
		names[f.name], places[place] = true, true
	}
}

func TestMachine(t *testing.T) {
	wants(t, machine(), "Machine: ", " cores, ", "go1")
}
