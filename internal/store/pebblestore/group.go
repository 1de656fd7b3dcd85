package pebblestore

import (
	"bytes"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/openrbm/openrbm/internal/store"
)

// fullGroup is the size in bytes at which a group takes no further batch. At
// the usual kilobyte or so a message it holds some hundreds of them.
const fullGroup = 1 << 20

// request is a batch on its way through the writer.
type request struct {
	done chan error // gets the one answer

	mu    sync.Mutex
	batch *store.Batch // nil once it is taken or withdrawn
}

// withdraw gives the batch back to the caller. It says false when the writer
// took it first.
func (r *request) withdraw() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	mine := r.batch != nil
	r.batch = nil
	return mine
}

// group is the batches that one write to the log commits. The writer owns it
// until it is applied, then the syncer.
type group struct {
	db      *pebble.DB
	batch   *pebble.Batch
	before  *pebble.Iterator       // the database before the group; opened by the first check
	written map[store.Key]written  // constant once applied
	answers []answer               // in the order of submission
	began   time.Time              // when the first batch was taken
	durable chan struct{}          // closed when the group and all before it are durable
	key     [store.MaxKey + 1]byte // for lookups
}

// written is what the group makes of a key. The value lies in the memory of the
// group's batch and is valid until that is closed.
type written struct {
	value   []byte
	deleted bool
}

type answer struct {
	r   *request
	err error
}

func newGroup(db *pebble.DB) *group {
	return &group{
		db:      db,
		batch:   db.NewBatch(pebble.WithMaxRetainedSizeBytes(2 * fullGroup)),
		written: map[store.Key]written{},
		durable: make(chan struct{}),
	}
}

func (g *group) empty() bool { return len(g.answers) == 0 }
func (g *group) full() bool  { return g.batch.Len() >= fullGroup }

// add evaluates the checks of r's batch and, if they hold, adds its writes.
// After that the batch is the caller's again.
func (g *group) add(r *request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.batch == nil {
		return // withdrawn
	}
	if g.empty() {
		g.began = time.Now()
	}
	err := g.check(r.batch.Checks)
	if err == nil {
		g.write(r.batch)
	}
	r.batch = nil
	g.answers = append(g.answers, answer{r, err})
}

func (g *group) check(checks []store.Check) error {
	for _, c := range checks {
		v, ok, err := g.value(c.Key)
		if err != nil {
			return err
		}
		if ok == c.Absent || ok && !bytes.Equal(v, c.Value) {
			return &store.ConflictError{Key: c.Key}
		}
	}
	return nil
}

// value is the value of k after what the group has so far.
func (g *group) value(k store.Key) (v []byte, ok bool, err error) {
	if w, ok := g.written[k]; ok {
		return w.value, !w.deleted, nil
	}
	if len(k) == 0 || len(k) > store.MaxKey {
		return nil, false, nil // cannot have been written
	}
	if g.before == nil {
		if g.before, err = g.db.NewIter(pointReads); err != nil {
			return nil, false, err
		}
	}
	v, ok, err = seek(g.before, g.key[:copy(g.key[:], k)])
	return v, ok, readError(err)
}

// write adds the writes of b. No error can occur: the batch has no index.
func (g *group) write(b *store.Batch) {
	for _, p := range b.Puts {
		op := g.batch.SetDeferred(len(p.Key), len(p.Value))
		copy(op.Key, p.Key)
		copy(op.Value, p.Value)
		_ = op.Finish()
		g.written[p.Key] = written{value: op.Value}
	}
	for _, k := range b.Deletes {
		op := g.batch.DeleteDeferred(len(k))
		copy(op.Key, k)
		_ = op.Finish()
		g.written[k] = written{deleted: true}
	}
}

// apply writes the group to the log and to memory, without waiting for the disk.
func (g *group) apply() error {
	if g.before != nil {
		_ = g.before.Close() // who read what cannot be read has heard of it
	}
	if g.batch.Empty() {
		return nil
	}
	return g.db.ApplyNoSyncWait(g.batch, pebble.Sync)
}

// wait waits for the disk.
func (g *group) wait() error {
	if !g.batch.Empty() {
		if err := g.batch.SyncWait(); err != nil {
			return err
		}
	}
	return g.batch.Close()
}

// answer tells the callers.
func (g *group) answer() {
	for _, a := range g.answers {
		a.r.done <- a.err
	}
}
