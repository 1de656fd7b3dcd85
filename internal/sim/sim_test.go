package sim

import (
	"bytes"
	"testing"
)

// Some worlds; `openrbm sim` lives as many as you like, and shows what happens in them.
func TestWorlds(t *testing.T) {
	const n = 300
	Run(t.Context(), 1, n, Options{}, func(w *Outcome) bool {
		for _, wrong := range w.Wrong {
			t.Errorf("seed %d: %s", w.Seed, wrong)
		}
		if w.Steps < 100 {
			t.Errorf("seed %d: nothing happens: %d steps", w.Seed, w.Steps)
		}
		return true
	})
}

// Everything follows from the seed: transcripts are the same to the byte. So they
// are when things go wrong.
func TestTheSameSeedIsTheSameWorld(t *testing.T) {
	for name, o := range map[string]Options{"well": {}, "both accept": {BothAccept: true}} {
		t.Run(name, func(t *testing.T) {
			var first [60][]byte
			for again := range 2 {
				Run(t.Context(), 1, len(first), o, func(w *Outcome) bool {
					if again == 0 {
						first[w.Seed-1] = w.Transcript
					} else if here := firstDifference(first[w.Seed-1], w.Transcript); here != "" {
						t.Errorf("seed %d: %s", w.Seed, here)
					}
					return true
				})
			}
		})
	}
	if World(1, Options{}).Steps == World(2, Options{}).Steps {
		t.Error("another seed is the same world")
	}
}

// firstDifference is the first line in which a and b differ; "" if they are equal.
func firstDifference(a, b []byte) string {
	as, bs := bytes.Split(a, []byte{'\n'}), bytes.Split(b, []byte{'\n'})
	for i := range max(len(as), len(bs)) {
		switch {
		case i >= len(as) || i >= len(bs):
			return "one ends before the other"
		case !bytes.Equal(as[i], bs[i]):
			return string(as[i]) + "\nand then " + string(bs[i])
		}
	}
	return ""
}
