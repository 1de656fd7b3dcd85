// Command dockerfile reads the Dockerfile that comes on standard input with BuildKit's own
// parser, as `docker build` does, and prints what its checks of instructions say.
package main

import (
	"fmt"
	"os"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func main() {
	warnings := 0
	checks := linter.New(&linter.Config{Warn: func(rule, _, _, message string, at []parser.Range) {
		fmt.Fprintf(os.Stderr, "%v: %s: %s\n", at, rule, message)
		warnings++
	}})
	tree, err := parser.Parse(os.Stdin)
	if err != nil {
		fail(err)
	}
	for _, w := range tree.Warnings {
		fmt.Fprintln(os.Stderr, w.Short)
		warnings++
	}
	stages, _, err := instructions.Parse(tree.AST, checks)
	if err != nil {
		fail(err)
	}
	if warnings > 0 {
		os.Exit(1)
	}
	fmt.Println("stages:", len(stages))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
