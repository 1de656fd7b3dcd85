package main

import (
	"context"
	"io"
	"time"

	"github.com/openrbm/openrbm/client"
)

// clockCmd is `openrbm clock`: the platform's time, which tests turn ahead.
type clockCmd struct {
	Get     clockGetCmd     `cmd:"" help:"Show the platform's time."`
	Advance clockAdvanceCmd `cmd:"" help:"Turn the platform's time ahead, to see messages expire."`
}

func clockFields(c *client.Clock) table {
	return fields("now", when(c.Now), "ahead by", c.Offset)
}

type clockGetCmd struct{ viewFlags }

// Run prints the platform's time.
func (c clockGetCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Clock, error) { return a.Clock(ctx) }, clockFields)
}

type clockAdvanceCmd struct {
	viewFlags
	By time.Duration `arg:"" help:"How far, such as 90s, 1h or 360h."`
}

// Run turns the time ahead and prints it.
func (c clockAdvanceCmd) Run(ctx context.Context, out io.Writer) error {
	return show(c.viewFlags, out,
		func(a *client.Admin) (*client.Clock, error) { return a.AdvanceClock(ctx, c.By) }, clockFields)
}
