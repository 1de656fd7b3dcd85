package pgstore

import (
	"bytes"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// A group takes no further batch when it has this many bytes or batches.
const (
	fullGroup   = 1 << 20
	fullBatches = 2000
)

// request is a batch on its way through a writer.
type request struct {
	done chan error // gets the one answer

	// Guarded by DB.mu until the request is in a group, then by the group's mu.
	batch *store.Batch
	group *group // guarded by DB.mu
	gone  bool   // withdrawn before it was in a group; guarded by DB.mu
}

// group is the batches of one transaction.
type group struct {
	requests []*request
	writes   map[store.Key]bool // the keys that are touched, and whether they are written; constant once in flight
	size     int
	began    time.Time     // when the first batch was taken
	settled  chan struct{} // closed when no more is done
	left     bool          // whether a caller stopped waiting; guarded by DB.mu

	mu sync.Mutex // held while batches are read
}

func newGroup() *group {
	return &group{writes: map[store.Key]bool{}, began: time.Now(), settled: make(chan struct{})}
}

func (g *group) full() bool { return g.size >= fullGroup || len(g.requests) >= fullBatches }

// add takes a batch. The caller holds DB.mu.
func (g *group) add(r *request) {
	r.group = g
	g.requests = append(g.requests, r)
	for _, c := range r.batch.Checks {
		if !g.writes[c.Key] {
			g.writes[c.Key] = false // touched
		}
		g.size += len(c.Key) + len(c.Value)
	}
	for _, p := range r.batch.Puts {
		g.writes[p.Key] = true
		g.size += len(p.Key) + len(p.Value)
	}
	for _, k := range r.batch.Deletes {
		g.writes[k] = true
	}
}

// meets says whether b and g cannot be in flight at once: one writes what the
// other touches.
func (g *group) meets(b *store.Batch) bool {
	for _, c := range b.Checks {
		if g.writes[c.Key] {
			return true
		}
	}
	for _, p := range b.Puts {
		if _, ok := g.writes[p.Key]; ok {
			return true
		}
	}
	for _, k := range b.Deletes {
		if _, ok := g.writes[k]; ok {
			return true
		}
	}
	return false
}

// writesIn says whether g writes a key of r.
func (g *group) writesIn(r store.Range) bool {
	for k, written := range g.writes {
		if written && r.Start <= k && (r.End == "" || k < r.End) {
			return true
		}
	}
	return false
}

// plan plans the group and answers each batch, given what was read or nil.
// What it returns holds nothing of the callers'.
func (g *group) plan(read map[store.Key]value) (todo []statement, answers []error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := plan{read, make(map[store.Key]*fate, len(g.writes))}
	answers = make([]error, len(g.requests))
	for i, r := range g.requests {
		answers[i] = p.add(r.batch)
	}
	return p.statements(), answers
}

// checked are the keys that the group's batches check, in order.
func (g *group) checked() []store.Key {
	g.mu.Lock()
	defer g.mu.Unlock()
	keys := map[store.Key]struct{}{}
	for _, r := range g.requests {
		for _, c := range r.batch.Checks {
			if storable(c.Key) {
				keys[c.Key] = struct{}{}
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// disown makes r independent of its caller's batch.
func (g *group) disown(r *request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := *r.batch
	b.Checks, b.Puts, b.Deletes = slices.Clone(b.Checks), slices.Clone(b.Puts), slices.Clone(b.Deletes)
	for i := range b.Checks {
		b.Checks[i].Value = bytes.Clone(b.Checks[i].Value)
	}
	for i := range b.Puts {
		b.Puts[i].Value = bytes.Clone(b.Puts[i].Value)
	}
	r.batch = &b
}
