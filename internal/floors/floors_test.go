package floors

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
	Doc             string
}

func packages(t *testing.T) []pkg {
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports,Doc", Module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestEveryPackageStandsOnItsFloor(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, Module+"/")
		if len(p.GoFiles) == 0 {
			continue // only tests: they may look at the whole house
		}
		floor, known := Table[name]
		if !known {
			t.Errorf("%s is not in the table of floors", name)
			continue
		}
		seen[name] = true
		for _, imported := range p.Imports {
			below, ours := strings.CutPrefix(imported, Module+"/")
			if ours && Table[below].Level >= floor.Level {
				t.Errorf("%s (floor %d) imports %s (floor %d)", name, floor.Level, below, Table[below].Level)
			}
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", name)
		}
		if lines := productionLines(t, p); lines > floor.Budget {
			t.Errorf("%s has %d lines, its budget is %d: make it simpler, or say in the table why it needs more", name, lines, floor.Budget)
		}
	}
	for name := range Table {
		if !seen[name] {
			t.Errorf("%s is in the table of floors and does not exist", name)
		}
	}
}

// productionLines counts lines that are neither blank nor only a comment.
func productionLines(t *testing.T, p pkg) int {
	n := 0
	for _, file := range p.GoFiles {
		b, err := os.ReadFile(filepath.Join(p.Dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				n++
			}
		}
	}
	return n
}

// Law 2, one path each way: to a phone only the pump of its mailbox sends, to an
// agent only the outbox posts, and only the ledger writes, except that an archive
// is read into an empty store.
func TestOnePathEachWay(t *testing.T) {
	for what, only := range map[string][]string{
		".link.Send(":         {"internal/engine/pump.go"},
		"db.Commit(":          {"internal/ledger/", "internal/archive/store.go", "internal/store/pebblestore/lasting.go"},
		"http.MethodPost, w.": {"internal/outbox/"},
	} {
		found := false
		for _, p := range packages(t) {
			for _, file := range p.GoFiles {
				path := strings.TrimPrefix(p.ImportPath, Module+"/") + "/" + file
				b, err := os.ReadFile(filepath.Join(p.Dir, file))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Contains(b, []byte(what)) || strings.HasPrefix(path, "internal/store/storetest/") {
					continue
				}
				found = true
				if !slices.ContainsFunc(only, func(p string) bool { return strings.HasPrefix(path, p) }) {
					t.Errorf("%s has %q: only %s may", path, what, only)
				}
			}
		}
		if !found {
			t.Errorf("%q is nowhere: this test looks for the wrong words", what)
		}
	}
}
