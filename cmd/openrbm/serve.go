package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/openrbm/openrbm/internal/server"
)

// stopWithin is how long requests and phones have to finish. Webhook calls
// under way have three seconds more: all is over within ten.
const stopWithin = 6 * time.Second

// configFlags are the flags of every verb that reads the configuration of a server.
type configFlags struct {
	Config string   `required:"" type:"path" placeholder:"FILE" help:"The configuration (TOML). Check it with: openrbm check --config FILE"`
	Set    []string `sep:"none" placeholder:"SETTING" help:"One more line of it, such as cluster.node='rcs-1'; goes before the file's. Can be repeated."`
}

func (f configFlags) load() (server.Config, error) { return server.LoadConfig(f.Config, f.Set...) }

type serveCmd struct{ configFlags }

// Run serves until a signal.
func (c *serveCmd) Run(ctx context.Context, out io.Writer) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	s, err := server.Start(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "OpenRBM %s serves.\nAPI      %s\nDevices  %s\nAdmin    %s/admin/v1/\n", server.Version, s.APIURL(), s.DeviceURL(), s.AdminURL())
	return serveUntilDone(ctx, s)
}

// serveUntilDone waits for the signal and stops the server.
func serveUntilDone(ctx context.Context, s *server.Server) error {
	paceCollections()
	tellSupervisor("READY=1")
	<-ctx.Done()
	tellSupervisor("STOPPING=1")
	stopping, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return s.Stop(stopping)
}

type checkCmd struct{ configFlags }

// Run says what is wrong with the configuration, all at once.
func (c *checkCmd) Run(out io.Writer) error {
	cfg, err := c.load()
	if err == nil {
		err = cfg.Check()
	}
	if err != nil {
		return fmt.Errorf("%s is not in order:\n%w", c.Config, err)
	}
	_, err = fmt.Fprintf(out, "%s is in order.\n", c.Config)
	return err
}

type tokenCmd struct{ configFlags }

// Run prints the admin token, from the store itself: the server must not run.
func (c *tokenCmd) Run(ctx context.Context, out io.Writer) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	token, err := server.ReadAdminToken(ctx, cfg)
	if err != nil {
		return errors.Join(err, errors.New("a server on a data directory must not be running meanwhile"))
	}
	_, err = fmt.Fprintln(out, token)
	return err
}
