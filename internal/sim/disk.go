package sim

import (
	"context"
	"errors"
	"slices"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

var (
	errDisk = errors.New("disk on fire")
	errDead = errors.New("this node is dead")
)

// disk is the store that all nodes share. What is in durable survives everything.
type disk struct {
	w       *world
	durable *memstore.DB
	broken  float64 // of commits and reads, how many fail
	late    []*late
	// With the mistake of saying success too early: what nodes see, and what of it
	// a loss of power takes away.
	seen     *memstore.DB
	unsynced []*store.Batch
}

// late is a batch that will be written, or not, after its commit was given up.
type late struct {
	who   string
	batch store.Batch
	over  bool
}

func newDisk(w *world) *disk {
	d := &disk{w: w, durable: memstore.New()}
	d.seen = d.durable
	if w.mistake.early {
		d.seen = memstore.New()
	}
	return d
}

// write makes b durable, if its checks hold.
func (d *disk) write(b *store.Batch) error {
	err := d.seen.Commit(context.Background(), b)
	if err != nil {
		return err
	}
	if d.seen == d.durable {
		d.w.oracle.written(b)
		return nil
	}
	d.unsynced = append(d.unsynced, cloneBatch(b))
	d.w.after(d.w.upTo(d.w.script.syncDelay), d.sync)
	return nil
}

// sync makes the oldest batch durable that is not.
func (d *disk) sync() {
	if len(d.unsynced) == 0 {
		return
	}
	b := d.unsynced[0]
	d.unsynced = d.unsynced[1:]
	b.Checks = nil // they held
	if err := d.durable.Commit(context.Background(), b); err == nil {
		d.w.oracle.written(b)
	}
}

// power is lost: so is what was not durable.
func (d *disk) power() {
	d.resolve()
	if d.seen == d.durable {
		return
	}
	d.unsynced, d.seen = nil, memstore.New()
	var all store.Batch
	for r, err := range d.durable.Scan(context.Background(), store.Range{Start: "\x00", End: "\xff"}) {
		if err == nil {
			all.Put(r.Key, slices.Clone(r.Value))
		}
	}
	d.seen.Commit(context.Background(), &all)
}

// later writes b after its commit was answered with ErrUnknown.
func (d *disk) later(who string, b *store.Batch) {
	l := &late{who: who, batch: *cloneBatch(b)}
	d.late = append(d.late, l)
	d.w.after(d.w.upTo(d.w.script.lateness), func() { d.land(l, true) })
}

func (d *disk) land(l *late, write bool) {
	if l.over {
		return
	}
	l.over = true
	err := errDisk
	if write {
		err = d.write(&l.batch)
	}
	d.w.say("store", "what %s did not hear of: %s: %s", l.who, verdict(err), describe(&l.batch))
}

// resolve decides what is not decided: a store that a new owner opens has no
// writes of an old one under way.
func (d *disk) resolve() {
	for _, l := range d.late {
		d.land(l, d.w.chance(0.5))
	}
	d.late = nil
}

func (d *disk) scan(r store.Range) (found []store.Record, err error) {
	if err := d.readFault(); err != nil {
		return nil, err
	}
	if blind := d.w.mistake.blind; blind != nil && blind(r) {
		return nil, nil
	}
	for rec, err := range d.seen.Scan(context.Background(), r) {
		if err != nil {
			return nil, err
		}
		found = append(found, store.Record{Key: rec.Key, Value: slices.Clone(rec.Value)})
	}
	return found, nil
}

func (d *disk) readFault() error {
	if !d.w.calm && d.w.chance(d.broken/2) {
		return errDisk
	}
	return nil
}

func cloneBatch(b *store.Batch) *store.Batch {
	return &store.Batch{Checks: slices.Clone(b.Checks), Puts: slices.Clone(b.Puts), Deletes: slices.Clone(b.Deletes)}
}
