package main

import (
	"context"
	"io"
	"strconv"

	"github.com/openrbm/openrbm/client"
)

// eraseCmd is `openrbm erase`.
type eraseCmd struct {
	viewFlags
	Number string `arg:"" help:"Phone number, E.164, such as +12223334444."`
}

// Run removes all that is kept of a person and prints how much it was.
func (c eraseCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Erased, error) { return a.ErasePhone(ctx, c.Number) },
		func(e *client.Erased) table {
			n := strconv.Itoa
			return fields("registered", yes(e.Registered), "messages", n(e.Messages), "upstream", n(e.Upstream),
				"notices", n(e.Notices), "marks", n(e.Marks), "files", n(e.Files), "damaged", n(e.Damaged))
		})
}
