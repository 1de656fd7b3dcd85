package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/openrbm/openrbm/internal/server"
)

// askWithin bounds the question whether a server is ready.
const askWithin = 5 * time.Second

// readyCmd is for health checks where there is no other program to ask with.
type readyCmd struct{ configFlags }

// Run asks the server of the configuration, on this machine, for /readyz. That it is
// not ready is an error.
func (c *readyCmd) Run(ctx context.Context, out io.Writer) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	if err := server.AskReady(ctx, cfg); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "ready")
	return err
}
