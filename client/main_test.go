package client_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/server"
)

// What the examples are run with: a server of their own, as `openrbm demo` makes it.
var (
	keyFile   string // the key of its agent, demo_agent
	readyFile string
)

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() != "" {
		os.Exit(m.Run()) // without examples, in several processes
	}
	code, err := withDemo(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "the server of the examples:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// withDemo runs something while there is a server.
func withDemo(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "client-examples-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	cfg := server.DemoConfig(dir, "127.0.0.1:0")
	cfg.Log.Level = "error"
	running, ready, err := server.StartDemo(context.Background(), dir, cfg)
	if err != nil {
		return 1, err
	}
	keyFile, readyFile = ready.Agents[0].KeyFile, filepath.Join(dir, server.DemoReadyFile)
	code = run()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return code, running.Stop(ctx)
}
