package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestSim(t *testing.T) {
	var out bytes.Buffer
	if err := (simCmd{Seeds: 3}).Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^3 worlds, 0 went wrong; drained at most \w+ after the storm; \d+ steps in .* of ours\n$`).MatchString(out.String()) {
		t.Errorf("printed %s", out.String())
	}
}

// A seed that goes wrong prints what happened, and printing it again is the same.
func TestSimShowsWhatWentWrong(t *testing.T) {
	var twice [2]string
	for i := range twice {
		var out bytes.Buffer
		if err := (simCmd{Seeds: 20, BothAccept: true}).Run(t.Context(), &out); err == nil {
			t.Fatal("two nodes that accept are in order: say so in docs/reliability.md")
		}
		twice[i], _, _ = strings.Cut(out.String(), " worlds, ")
		if !strings.Contains(twice[i], "ORACLE         WRONG: ") || !strings.Contains(twice[i], "openrbm sim --seed ") {
			t.Errorf("printed %s", twice[i])
		}
	}
	if twice[0] != twice[1] {
		t.Error("the second time it went otherwise")
	}
}
