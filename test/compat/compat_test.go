// Package compat tests that docs/compatibility.md is true: each proof that it links
// to is there.
package compat

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const docs = "../../docs"

var link = regexp.MustCompile(`\[([^\]]+)\]\(([^)]+)\)`)

// TestProofs looks at every link and every row of the tables.
func TestProofs(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(docs, "compatibility.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range link.FindAllStringSubmatch(string(page), -1) {
		file, err := os.ReadFile(filepath.Join(docs, l[2]))
		if err != nil {
			t.Errorf("%s: %v", l[1], err)
		} else if !proves(string(file), l[2], l[1]) {
			t.Errorf("%s has no %s", l[2], l[1])
		}
	}
	rows := 0
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(strings.Trim(line, "|\n"), " | "); strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| fact |") {
			rows++
			checkRow(t, line, cells)
		}
	}
	if rows < 250 {
		t.Errorf("only %d rows: the tables are not read", rows)
	}
}

// checkRow wants a fact, a state and a proof, or the words that there is none.
func checkRow(t *testing.T, line string, cells []string) {
	t.Helper()
	switch {
	case len(cells) != 4 || !slices.Contains([]string{"yes", "partly", "no"}, cells[1]):
		t.Errorf("not a row of fact, state, proof and note: %s", line)
	case cells[2] != "no test" && strings.Trim(link.ReplaceAllString(cells[2], ""), ", ") != "":
		t.Errorf("the proof is neither links nor \"no test\": %s", line)
	}
}

// proves says whether the file has the test, the row of a test or the step of a
// script that name names: TestX, "TestX: row" and "script: step".
func proves(file, path, name string) bool {
	first, rest, _ := strings.Cut(name, ": ")
	if strings.HasSuffix(path, ".txt") {
		return filepath.Base(path) == first+".txt" && strings.Contains(file, "\n=== "+rest+"\n")
	}
	_, body, found := strings.Cut(file, "\nfunc "+first+"(t *testing.T) {")
	body, _, _ = strings.Cut(body, "\n}\n")
	return strings.HasSuffix(path, "_test.go") && found && (rest == "" || strings.Contains(body, `"`+rest+`"`))
}
