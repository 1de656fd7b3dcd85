// Package disk runs the real server on disks that break, fill up and turn
// read-only.
package disk

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

const (
	timeout = 30 * time.Second
	token   = "the client token of the webhook"
)

// world is a server on a disk with faults, an agent that calls once, a phone and a
// webhook.
type world struct {
	t     *testing.T
	ctx   context.Context
	fault atomic.Pointer[func(errorfs.Op) error] // nil: the disk works
	ready *client.Ready
	agent *client.Client
	admin *client.Admin
	phone *phone.Phone
	heard chan string // DELIVERED of these messages
}

func newWorld(t *testing.T) *world {
	ctx, cancel := context.WithTimeout(t.Context(), 2*timeout)
	t.Cleanup(cancel)
	w := &world{t: t, ctx: ctx, heard: make(chan string, 10_000)}
	dir := t.TempDir()
	cfg := server.DemoConfig(dir, "127.0.0.1:0")
	cfg.Log.Level = "error"
	cfg.Store.FS = errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if f := w.fault.Load(); f != nil {
			return (*f)(op)
		}
		return nil
	}))
	s, ready, err := server.StartDemo(ctx, dir, cfg)
	w.must(err)
	t.Cleanup(func() {
		stopping, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if err := s.Stop(stopping); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	w.ready = ready
	w.agent, err = client.New(client.Options{BaseURL: ready.APIURL, KeyFile: ready.Agents[0].KeyFile, AgentID: ready.Agents[0].AgentID, MaxAttempts: 1})
	w.must(err)
	w.admin, err = client.NewAdmin(client.AdminOptions{BaseURL: ready.APIURL, Token: ready.AdminToken})
	w.must(err)
	hook := httptest.NewServer(&client.Webhook{ClientToken: token, Handle: func(_ context.Context, e client.Event) error {
		if e.UserEvent != nil && e.UserEvent.EventType == rbm.UserEventDelivered {
			w.heard <- e.UserEvent.MessageID
		}
		return nil
	}})
	t.Cleanup(hook.Close)
	_, err = w.admin.SetWebhook(ctx, ready.Agents[0].AgentID, client.WebhookConfig{URI: hook.URL, ClientToken: token})
	w.must(err)
	w.phone, err = phone.Dial(ctx, phone.Options{URL: ready.DeviceURL, Number: w.number(), Token: ready.Phones[0].DeviceToken,
		RetryMin: 10 * time.Millisecond, RetryMax: 50 * time.Millisecond})
	w.must(err)
	t.Cleanup(func() { w.phone.Close() })
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) number() string { return w.ready.Phones[0].PhoneNumber }

func (w *world) send(id string) error {
	_, err := w.agent.CreateAgentMessage(w.ctx, w.number(), id, &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: id}})
	return err
}

// status is that of a GET without credentials.
func (w *world) status(path string) int {
	res, err := http.Get(w.ready.APIURL + path)
	w.must(err)
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// write says that an operation changes the disk.
func write(op errorfs.Op) bool { return op.Kind.ReadOrWrite() == errorfs.OpIsWrite }

func sync(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
}

// With every kind of broken disk the API answers UNAVAILABLE, /readyz 503 and
// /healthz 200. When the disk works again all goes on without help: the retry of
// each send is taken, each message is shown once, and the agent hears of it.
func TestDisksThatBreak(t *testing.T) {
	for _, c := range []struct {
		name  string
		cause error
		hits  func(errorfs.Op) bool
	}{
		{"EIO on write", syscall.EIO, write},
		{"EIO on sync", syscall.EIO, sync},
		{"read-only", syscall.EROFS, write},
		{"full", syscall.ENOSPC, func(op errorfs.Op) bool { return write(op) && !sync(op) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.must(w.send("before"))
			w.breakDisk(c.cause, c.hits)
			var ids []string
			for i := range 20 {
				ids = append(ids, fmt.Sprint("during-", i))
				if err := w.send(ids[i]); rbm.CodeOf(err) != rbm.CodeUnavailable {
					t.Errorf("a send on a broken disk: %v", err)
				}
			}
			w.wantUnavailable()
			if got := w.status("/readyz"); got != 503 {
				t.Errorf("/readyz: %d", got)
			}
			if got := w.status("/healthz"); got != 200 {
				t.Errorf("/healthz: %d", got)
			}
			w.fault.Store(nil)
			w.awaitReady()
			for _, id := range ids {
				w.must(w.send(id))
			}
			for _, id := range append(ids, "before") {
				_, err := w.phone.WaitMessage(w.ctx, func(m *phone.Message) bool { return m.MessageID == id })
				w.must(err)
			}
			w.awaitReceipts(append(ids, "before"))
			if n := len(w.phone.Messages()); n != len(ids)+1 {
				t.Errorf("%d messages on the screen, want %d", n, len(ids)+1)
			}
			_, err := w.phone.Text(w.ctx, w.ready.Agents[0].AgentID, "hello")
			w.must(err)
		})
	}
}

func (w *world) breakDisk(cause error, hits func(errorfs.Op) bool) {
	f := func(op errorfs.Op) error {
		if hits(op) {
			return cause
		}
		return nil
	}
	w.fault.Store(&f)
}

// wantUnavailable makes calls of every kind that write.
func (w *world) wantUnavailable() {
	w.t.Helper()
	calls := map[string]func() error{
		"an agentEvent": func() error {
			_, err := w.agent.CreateAgentEvent(w.ctx, w.number(), client.NewMessageID(), &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping})
			return err
		},
		"making an agent": func() error {
			_, err := w.admin.CreateAgent(w.ctx, client.Agent{AgentID: "another", DisplayName: "Another"})
			return err
		},
		"making a phone": func() error {
			_, err := w.admin.CreatePhone(w.ctx, client.Phone{PhoneNumber: "+12223330009", RCSEnabled: true})
			return err
		},
		"making a key": func() error {
			_, err := w.admin.CreateKey(w.ctx, w.ready.Agents[0].AgentID)
			return err
		},
		"an upload": func() error {
			_, err := w.agent.UploadFile(w.ctx, bytes.NewReader([]byte("film")), "video/mp4")
			return err
		},
	}
	for what, call := range calls {
		if err := call(); rbm.CodeOf(err) != rbm.CodeUnavailable {
			w.t.Errorf("%s on a broken disk: %v", what, err)
		}
	}
}

// awaitReady asks /readyz, as a load balancer does, until it is.
func (w *world) awaitReady() {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for w.status("/readyz") != 200 {
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			w.t.Fatal("the server does not get ready again")
		}
	}
}

func (w *world) awaitReceipts(ids []string) {
	w.t.Helper()
	missing := make(map[string]bool)
	for _, id := range ids {
		missing[id] = true
	}
	for len(missing) > 0 {
		select {
		case id := <-w.heard:
			delete(missing, id)
		case <-w.ctx.Done():
			w.t.Fatalf("the agent never heard of %v", missing)
		}
	}
}

// A server does not start on damaged data, and says which file it is.
func TestDamagedDataAreRefused(t *testing.T) {
	dir := t.TempDir()
	cfg := server.DemoConfig(dir, "127.0.0.1:0")
	cfg.Log.Level = "error"
	s, _, err := server.StartDemo(t.Context(), dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "store", "MANIFEST-??????"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		flip(t, name)
	}
	_, _, err = server.StartDemo(t.Context(), dir, cfg)
	if err == nil || !strings.Contains(err.Error(), "the store is corrupt and a backup is needed") || !strings.Contains(err.Error(), "MANIFEST-") {
		t.Errorf("starting on damaged data: %v", err)
	}
}

// flip changes a bit in the middle of a file.
func flip(t *testing.T, name string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
