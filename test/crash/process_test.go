// Package crash kills the real server process under load, and holds it to what
// it acknowledged.
package crash

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "openrbm-crash-*")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "openrbm")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/openrbm").CombinedOutput(); err != nil {
		fmt.Printf("building the server: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// process is the real server on one directory and, from its first start on,
// one address.
type process struct {
	t      testing.TB
	dir    string
	listen string
	cmd    *exec.Cmd
	gone   chan error // yields when the process has ended
	log    bytes.Buffer
	ready  *client.Ready
}

func newProcess(t testing.TB) *process {
	p := &process{t: t, dir: t.TempDir(), listen: "127.0.0.1:0"}
	p.start()
	p.listen = strings.TrimPrefix(p.ready.APIURL, "http://")
	t.Cleanup(func() { p.kill() })
	return p
}

// start returns when the server serves.
func (p *process) start() {
	p.t.Helper()
	readyFile := filepath.Join(p.dir, "now.json")
	_ = os.Remove(readyFile)
	p.cmd = exec.Command(binary, "demo", "--listen", p.listen, "--data", p.dir, "--ready-file", readyFile)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.gone = make(chan error, 1)
	go func(cmd *exec.Cmd, gone chan error) {
		gone <- cmd.Wait()
		close(gone)
	}(p.cmd, p.gone)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		select {
		case err := <-p.gone:
			p.t.Fatalf("the server ended: %v\n%s", err, p.log.String())
		case <-late:
			p.t.Fatalf("the server does not get ready\n%s", p.log.String())
		case <-tick.C:
		}
		if r, err := client.ReadReadyFile(readyFile); err == nil {
			p.ready = r
			return
		}
	}
}

// kill sends SIGKILL and waits until the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.gone
}

func (p *process) client() *client.Client {
	c, err := client.New(client.Options{BaseURL: p.ready.APIURL, KeyFile: p.ready.Agents[0].KeyFile, AgentID: p.ready.Agents[0].AgentID})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
