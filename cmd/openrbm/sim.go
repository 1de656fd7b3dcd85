package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/sim"
	"github.com/openrbm/openrbm/internal/store/pgstore"
)

// simCmd is `openrbm sim`.
type simCmd struct {
	Seeds      int    `placeholder:"N" help:"How many worlds to live, one for each seed. (100, or 1 with --seed)"`
	Seed       uint64 `placeholder:"S" help:"The first seed. The same seed is the same world, step by step. (1)"`
	Verbose    bool   `help:"Print the transcript of every world, not only of those that go wrong."`
	BothAccept bool   `help:"Two or three nodes that all accept messages for the same phones at once."`
	Cluster    bool   `help:"Nodes that all accept, and know each other as the servers of a cluster do."`
	Store      string `placeholder:"memory|pebble|postgres://…" default:"memory" help:"The store under each world. On PostgreSQL each has a schema of its own, which is removed after it. (memory)"`
}

// maxFailed is how many worlds may go wrong before the rest is not lived.
const maxFailed = 10

// Run lives worlds, and fails if one goes wrong.
func (c simCmd) Run(ctx context.Context, out io.Writer) error {
	first, n := max(c.Seed, 1), c.Seeds
	switch {
	case n <= 0 && c.Seed > 0:
		n = 1
	case n <= 0:
		n = 100
	}
	open, err := c.ground()
	if err != nil {
		return err
	}
	var failed, lived, steps int
	var lasted, drained time.Duration
	began := time.Now()
	sim.Run(ctx, first, n, sim.Options{BothAccept: c.BothAccept || c.Cluster, Cluster: c.Cluster, Store: open}, func(w *sim.Outcome) bool {
		lived, steps, lasted, drained = lived+1, steps+w.Steps, lasted+w.Lasted, max(drained, w.Drained)
		if wrong := len(w.Wrong) > 0; wrong || c.Verbose {
			c.show(out, w, c.Verbose || failed == 0)
			if wrong {
				failed++
			}
		}
		return failed < maxFailed
	})
	fmt.Fprintf(out, "%d worlds, %d went wrong; drained at most %v after the storm; %d steps in %v of their time, %v of ours\n",
		lived, failed, drained.Round(time.Second), steps, lasted.Round(time.Second), time.Since(began).Round(time.Millisecond))
	if failed > 0 {
		return fmt.Errorf("%d of %d worlds went wrong", failed, lived)
	}
	return context.Cause(ctx)
}

// ground is what makes the stores of the worlds.
func (c simCmd) ground() (func() (sim.Ground, error), error) {
	switch {
	case c.Store == "" || c.Store == "memory":
		return sim.Memory, nil
	case c.Store == "pebble":
		return sim.Pebble, nil
	case strings.Contains(c.Store, "://") || strings.Contains(c.Store, "="):
		return sim.Postgres(c.Store), pgstore.CheckDSN(c.Store)
	}
	return nil, fmt.Errorf("--store %q: want memory, pebble, or how to reach a PostgreSQL database (postgres://…)", c.Store)
}

// again is the command that lives the world of seed again.
func (c simCmd) again(seed uint64) string {
	command := fmt.Sprintf("openrbm sim --seed %d --verbose", seed)
	if c.BothAccept {
		command += " --both-accept"
	}
	if c.Cluster {
		command += " --cluster"
	}
	return command
}

// show prints what became of one world.
func (c simCmd) show(out io.Writer, w *sim.Outcome, transcript bool) {
	if transcript {
		out.Write(w.Transcript)
	}
	for _, wrong := range w.Wrong {
		fmt.Fprintf(out, "seed %d: WRONG: %s\n", w.Seed, wrong)
	}
	if len(w.Wrong) > 0 {
		fmt.Fprintf(out, "seed %d: watch it again with: %s\n", w.Seed, c.again(w.Seed))
	}
}
