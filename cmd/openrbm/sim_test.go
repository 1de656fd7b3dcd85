package main

import (
	"bytes"
	"io"
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

// On the embedded store, and with nodes that all accept, all is well, too.
func TestSimOnPebble(t *testing.T) {
	var out bytes.Buffer
	if err := (simCmd{Seeds: 3, BothAccept: true, Store: "pebble"}).Run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
}

// A world that goes wrong ends the command with an error, and says how to watch it.
func TestSimShowsWhatWentWrong(t *testing.T) {
	var out bytes.Buffer
	err := simCmd{Seed: 7, BothAccept: true, Store: "postgres://127.0.0.1:1/none"}.Run(t.Context(), &out)
	if err == nil || err.Error() != "1 of 1 worlds went wrong" {
		t.Errorf("it ends with %v", err)
	}
	for _, want := range []string{"seed 7: WRONG: making a store: ", "watch it again with: openrbm sim --seed 7 --verbose --both-accept\n", "1 worlds, 1 went wrong"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %s", want, out.String())
		}
	}
}

func TestSimStore(t *testing.T) {
	err := simCmd{Store: "sqlite"}.Run(t.Context(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), `--store "sqlite": want memory, pebble, or`) {
		t.Error(err)
	}
}
