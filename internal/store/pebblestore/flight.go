package pebblestore

import (
	"slices"
	"sync"

	"github.com/openrbm/openrbm/internal/store"
)

// flight is the groups that readers of Pebble see before they are durable,
// oldest first. There are never more of them than slots.
type flight struct {
	mu     sync.Mutex
	groups []*group // replaced, never changed
}

// start adds g; it must come before Pebble shows the writes of g.
func (f *flight) start(g *group) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.groups = append(slices.Clip(f.groups), g)
}

// land removes g, which is the oldest, and lets its readers go on.
func (f *flight) land(g *group) {
	f.mu.Lock()
	f.groups = f.groups[1:]
	f.mu.Unlock()
	close(g.durable)
}

// last is the newest group that touches what is read, or nil. Waiting for it
// is waiting for all before it.
func (f *flight) last(touches func(*group) bool) *group {
	f.mu.Lock()
	groups := f.groups
	f.mu.Unlock()
	for _, g := range slices.Backward(groups) {
		if touches(g) {
			return g
		}
	}
	return nil
}

// writes says whether the group writes k.
func (g *group) writes(k store.Key) bool {
	_, ok := g.written[k]
	return ok
}

// writesIn says whether the group writes a key of r.
func (g *group) writesIn(r store.Range) bool {
	for k := range g.written {
		if r.Start <= k && (r.End == "" || k < r.End) {
			return true
		}
	}
	return false
}
