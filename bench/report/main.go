// Command report reads what `go test -bench` prints, passes it through, and
// writes the medians into bench/results.json and into the table of
// docs/performance.md. `make bench` runs it.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	quick := flag.Bool("quick", false, "keep the figures that were not measured this time")
	results := flag.String("results", "bench/results.json", "file of the medians")
	doc := flag.String("doc", "docs/performance.md", "file with the table")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *results, *doc, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// run updates both files. A benchmark that failed is an error, after that: what
// the others have measured counts.
func run(in io.Reader, out io.Writer, results, doc string, quick bool) error {
	measured, failed, err := read(in, out)
	if err != nil {
		return err
	}
	medians := measured.medians()
	if len(medians) == 0 {
		return fmt.Errorf("there is no figure in what was printed")
	}
	known, err := readResults(results)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(doc)
	if err != nil {
		return err
	}
	t := table{machine: machine(), medians: map[string]float64{}, days: daysOf(string(text))}
	if quick {
		t.medians = known
	}
	for name, v := range medians {
		t.medians[name], t.days[name] = v, time.Now().Format(time.DateOnly)
	}
	updated, err := t.into(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", doc, err)
	}
	fmt.Fprintf(out, "\n%s\n", t.render())
	if err := writeResults(results, t.medians); err != nil {
		return err
	}
	if err := os.WriteFile(doc, []byte(updated), 0o644); err != nil {
		return err
	}
	if failed {
		return fmt.Errorf("a benchmark failed; see above")
	}
	return nil
}
