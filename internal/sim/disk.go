package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

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
	ground  Ground
	out     *outside
	durable store.DB
	last    uint64               // the number given out last, if durable gives none
	by      map[store.Key]author // for a mistake: of mailbox rows
	broken  float64              // of commits and reads, how many fail
	late    []*late
	// With the mistake of saying success too early: what nodes see, and what of it
	// a loss of power takes away.
	seen     store.DB
	unsynced []*store.Batch
}

// late is a batch that will be written, or not, after its commit was given up.
type late struct {
	who   string
	batch store.Batch
	over  bool
}

// author is who has written a row, and when.
type author struct {
	life *life
	at   time.Time
}

// sign notes who has written the mailbox rows of b.
func (d *disk) sign(b *store.Batch, l *life) {
	for _, p := range b.Puts {
		if p.Key.Kind() == 'q' {
			d.by[p.Key] = author{l, time.Now()}
		}
	}
}

// openDisk opens the store of a world. It is called outside of the bubble.
func openDisk(g Ground) (*disk, error) {
	d := &disk{ground: g, out: newOutside(), by: make(map[store.Key]author)}
	return d, d.open()
}

func (d *disk) open() error {
	db, err := d.ground.Open()
	if err != nil {
		return err
	}
	d.durable = db
	if _, local := d.ground.(memory); !local {
		d.durable = distant{db, d.out}
		if s, ok := db.(store.Sequencer); ok {
			d.durable = remote{distant{db, d.out}, s}
		}
	}
	d.seen = d.durable
	return nil
}

// enter gives the disk to its world.
func (d *disk) enter(w *world) *disk {
	d.w = w
	if w.mistake.early {
		d.seen = memstore.New()
	}
	return d
}

// remove removes the store when the world has ended, outside of the bubble.
func (d *disk) remove() error {
	d.out.close()
	switch db := d.durable.(type) {
	case remote:
		_ = db.DB.Close() // whatever it says, it goes
	case distant:
		_ = db.DB.Close()
	}
	return d.ground.Remove()
}

// write makes b durable, if its checks hold.
func (d *disk) write(b *store.Batch) error {
	err := d.seen.Commit(context.Background(), b)
	if err != nil {
		return err
	}
	for _, p := range b.Puts {
		if p.Key.Kind() == 'm' { // whoever commits a number makes the store know it
			d.last = max(d.last, seqOf(p.Key))
		}
	}
	if !d.w.mistake.early {
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
	d.restart()
	if !d.w.mistake.early {
		d.crash()
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

// crash takes the power from the store, which is then opened again.
func (d *disk) crash() {
	var err error
	d.out.do(func() {
		switch db := d.durable.(type) {
		case remote:
			err = d.ground.Crash(db.DB)
		case distant:
			err = d.ground.Crash(db.DB)
		}
		err = errors.Join(err, d.open())
	})
	if err != nil {
		d.w.fault("the store does not open after a loss of power: %v", err)
	}
	d.w.oracle.reopen()
}

// sequence gives the next number.
func (d *disk) sequence(atLeast uint64) (uint64, error) {
	if s, ok := d.durable.(remote); ok {
		return s.Sequence(context.Background(), atLeast)
	}
	n := max(d.last+1, atLeast)
	d.last = n
	if !d.w.calm && d.w.chance(0.05) {
		d.w.say("store", "restarts, and forgets a number that it has given")
		d.restart()
	}
	return n, nil
}

// restart is a database that comes back: it may give numbers again that no commit
// has used.
func (d *disk) restart() {
	d.last = 0
	for r := range d.seen.Scan(context.Background(), store.Range{Start: "m", End: "n", Limit: 1, Reverse: true}) {
		d.last = seqOf(r.Key)
	}
}

// seqOf is the place in the key of a body.
func seqOf(k store.Key) uint64 { return binary.BigEndian.Uint64([]byte(k[1:])) }

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
