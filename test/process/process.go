// Package process runs the real binary in tests: what only shows in a process of
// its own, such as signals, files and standard input, is tested through it.
package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
)

// Binary builds the binary once for the test process and returns its path.
var Binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "openrbm-binary-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "openrbm")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/openrbm/openrbm/cmd/openrbm").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the binary: %w\n%s", err, out)
	}
	return path, nil
})

// Command is the binary with arguments, which ends with the test.
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	path, err := Binary()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), path, args...)
}

// Demo is `openrbm demo` on one directory and, from its first start on, one address.
type Demo struct {
	// Ready is what the running process wrote into its ready file.
	Ready *client.Ready
	Dir   string

	t      testing.TB
	listen string
	args   []string
	cmd    *exec.Cmd
	gone   chan error // yields how the process ended
	stderr bytes.Buffer
}

// startTimeout bounds the start of a process.
const startTimeout = 60 * time.Second

// StartDemo starts a demo on dir, with further arguments, and returns when it serves.
func StartDemo(t testing.TB, dir string, args ...string) *Demo {
	t.Helper()
	d := &Demo{t: t, Dir: dir, listen: "127.0.0.1:0", args: args}
	d.Start()
	d.listen = strings.TrimPrefix(d.Ready.APIURL, "http://")
	t.Cleanup(d.Kill)
	return d
}

// Start starts the process again and returns when it serves.
func (d *Demo) Start() {
	d.t.Helper()
	readyFile := filepath.Join(d.t.TempDir(), "ready.json")
	d.cmd = Command(d.t, append([]string{"demo", "--listen", d.listen, "--data", d.Dir, "--ready-file", readyFile}, d.args...)...)
	d.cmd.Stderr = &d.stderr
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	gone := make(chan error, 1)
	d.gone = gone
	go func(cmd *exec.Cmd) {
		gone <- cmd.Wait()
		close(gone)
	}(d.cmd)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	late := time.After(startTimeout)
	for {
		select {
		case err := <-d.gone:
			d.t.Fatalf("the server ended: %v\n%s", err, d.stderr.String())
		case <-late:
			d.t.Fatalf("the server does not get ready\n%s", d.stderr.String())
		case <-look.C:
		}
		if r, err := client.ReadReadyFile(readyFile); err == nil {
			d.Ready = r
			return
		}
	}
}

// PID is the id of the running process.
func (d *Demo) PID() int { return d.cmd.Process.Pid }

// Kill sends SIGKILL and waits until the process is gone.
func (d *Demo) Kill() {
	_ = d.cmd.Process.Kill() // it may be gone already
	<-d.gone
}

// Log is what the process has logged, over all its starts. It must have ended.
func (d *Demo) Log() string { return d.stderr.String() }

// Stop sends SIGTERM and returns how the process ended and how long that took.
func (d *Demo) Stop(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case err := <-d.gone:
		return time.Since(begin), err
	case <-ctx.Done():
		return time.Since(begin), ctx.Err()
	}
}

// Client calls the API for the demo's agent.
func (d *Demo) Client() *client.Client {
	d.t.Helper()
	c, err := client.New(client.Options{BaseURL: d.Ready.APIURL, KeyFile: d.Ready.Agents[0].KeyFile, AgentID: d.Ready.Agents[0].AgentID})
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// Admin administers the demo.
func (d *Demo) Admin() *client.Admin {
	d.t.Helper()
	a, err := client.NewAdmin(client.AdminOptions{BaseURL: d.Ready.APIURL, Token: d.Ready.AdminToken})
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

// Logged is what the process has written to standard error. It must have ended.
func (d *Demo) Logged() string { return d.stderr.String() }
