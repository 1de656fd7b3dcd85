// Command openrbm is the whole platform in one binary: the server, the phone in
// the terminal, and the verbs that administer a server. Each verb has a file.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/openrbm/openrbm/internal/server"
)

// commands are the verbs of the binary.
type commands struct {
	Demo        demoCmd        `cmd:"" help:"Run a server with an agent, its key and a phone, ready to try."`
	Serve       serveCmd       `cmd:"" help:"Run a server for real traffic."`
	Check       checkCmd       `cmd:"" help:"Say what is wrong with a configuration file."`
	Ready       readyCmd       `cmd:"" help:"Ask the server of a configuration file, on this machine, whether it is ready."`
	Token       tokenCmd       `cmd:"" help:"Print the admin token of a server that is not running."`
	Restore     restoreCmd     `cmd:"" help:"Make the data directory of a server from a backup, or check one."`
	Copy        copyCmd        `cmd:"" help:"Copy a store to another kind of store, as from a data directory to PostgreSQL, of servers that do not run."`
	Phone       PhoneCmd       `cmd:"" help:"Be a phone in the terminal."`
	Conformance ConformanceCmd `cmd:"" help:"Run raw HTTP scripts against any server of the API and compare its answers with Google's."`
	Sim         simCmd         `cmd:"" help:"Simulate the platform in worlds where everything breaks, and check that nothing is lost."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
	remoteVerbs
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "openrbm", server.Version)
	return err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c,
		kong.Name("openrbm"),
		kong.Description("A self-hosted RCS for Business platform, wire-compatible with Google's API. Begin with: openrbm demo"),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(os.Stdout, (*io.Writer)(nil)),
	)
	k.FatalIfErrorf(k.Run())
}
