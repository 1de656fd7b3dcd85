package pebblestore

import (
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// gate is a file system whose log syncs can be held up.
type gate struct {
	vfs.FS
	mu      sync.Mutex
	barrier chan struct{} // syncs wait until it is closed; nil: they do not
	waiting chan struct{} // gets one for each sync that waits
}

func newGate(fs vfs.FS) *gate { return &gate{FS: fs, waiting: make(chan struct{}, 100)} }

// shut holds syncs up until open, or the end of the test.
func (g *gate) shut(t *testing.T) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.barrier = make(chan struct{})
	t.Cleanup(g.open)
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.barrier != nil {
		close(g.barrier)
	}
	g.barrier = nil
}

// awaitSync returns when a sync waits at the gate.
func (g *gate) awaitSync() { <-g.waiting }

func (g *gate) pass() {
	g.mu.Lock()
	b := g.barrier
	g.mu.Unlock()
	if b != nil {
		g.waiting <- struct{}{}
		<-b
	}
}

func (g *gate) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := g.FS.Create(name, c)
	return g.wrap(name, f, err)
}

func (g *gate) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := g.FS.ReuseForWrite(oldname, newname, c)
	return g.wrap(newname, f, err)
}

func (g *gate) wrap(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, ".log") {
		return f, err
	}
	return &gateFile{f, g}, nil
}

type gateFile struct {
	vfs.File
	gate *gate
}

func (f *gateFile) Sync() error     { f.gate.pass(); return f.File.Sync() }
func (f *gateFile) SyncData() error { f.gate.pass(); return f.File.SyncData() }
