package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/server"
)

type demoCmd struct {
	Listen    string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to serve on; port 0 picks a free one. (${default})"`
	Data      string `default:"openrbm-demo" type:"path" placeholder:"DIR" help:"Directory of everything that is kept. (${default})"`
	ReadyFile string `type:"path" placeholder:"FILE" help:"Write here too, as JSON, where the server is and its secrets, once it serves."`
	Config    string `type:"path" placeholder:"FILE" help:"A configuration (TOML) whose settings go over the demo's own, such as another store."`
	Debug     bool   `help:"Log every message."`
}

// Run serves the demo until a signal.
func (c *demoCmd) Run(ctx context.Context, out io.Writer) error {
	cfg := server.DemoConfig(c.Data, c.Listen)
	if c.Config != "" {
		if err := cfg.Load(c.Config); err != nil {
			return err
		}
	}
	if c.Debug {
		cfg.Log.Level = "debug"
	}
	s, ready, err := server.StartDemo(ctx, c.Data, cfg)
	if err != nil {
		return err
	}
	c.explain(out, ready)
	if c.ReadyFile != "" {
		if err := server.WriteReady(c.ReadyFile, ready); err != nil {
			return err
		}
	}
	return serveUntilDone(ctx, s)
}

// explain says what to do next, ready to paste.
func (c *demoCmd) explain(out io.Writer, r *client.Ready) {
	readyFile := c.relative(server.DemoReadyFile)
	number := r.Phones[0].PhoneNumber
	fmt.Fprintf(out, `OpenRBM serves at %[1]s
agent  %[2]s   key file %[3]s
phone  %[4]s

The console, with the phone in the browser:

   %[7]s

Or in terminals:

1. In a second one, be the phone:

   go run ./cmd/openrbm phone --ready-file %[5]s

2. In a third, be the agent's webhook, and see what the phone answers:

   go run ./cmd/openrbm webhook listen --register --ready-file %[5]s

3. In a fourth, send something:

   go run ./cmd/openrbm send examples/carousel.json --ready-file %[5]s

   or with curl, as with Google:

   TOKEN=$(go run ./cmd/openrbm key token --ready-file %[5]s)
   curl -X POST "%[1]s/v1/phones/%[4]s/agentMessages?messageId=$(cat /proc/sys/kernel/random/uuid)&agentId=%[2]s" \
     -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d @examples/carousel.json

Then tap a suggestion on the phone: type its number. Ctrl-C stops the server; what it has is kept in %[6]s.
`, r.APIURL, r.Agents[0].AgentID, c.relative(filepath.Base(r.Agents[0].KeyFile)), number, readyFile, c.relative(""), r.ConsoleURL)
}

// relative is a file of the demo as the user would type it.
func (c *demoCmd) relative(file string) string {
	path := filepath.Join(c.Data, file)
	if here, err := filepath.Abs("."); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}
