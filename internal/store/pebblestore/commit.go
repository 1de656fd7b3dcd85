package pebblestore

import (
	"context"
	"fmt"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// slots is how many groups may be applied and not yet durable. With one, what
// arrives during a sync goes out in the next, in groups half as large again as
// with two, which cost a tenth more CPU and hold the disk no busier.
const slots = 1

// MaxBatch is the largest sum of key and value bytes in one batch.
const MaxBatch = 256 << 20

// Commit implements store.DB. A batch that the writer has not yet taken when
// ctx ends is withdrawn: the error is then that of ctx alone, and nothing was
// or will be written. It fails with store.ErrUnavailable, having written nothing,
// while the disk is out of order.
func (d *DB) Commit(ctx context.Context, b *store.Batch) error {
	if err := valid(b); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	down, cause := d.disk.state()
	r := &request{batch: b, done: make(chan error, 1)}
	if err := d.submit(r, cause); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return r.leave(ctx.Err())
	case <-down:
		_, cause := d.disk.state()
		return r.leave(cause)
	}
}

func valid(b *store.Batch) error {
	n := 0
	for _, p := range b.Puts {
		n += len(p.Key) + len(p.Value)
	}
	if n > MaxBatch {
		return fmt.Errorf("pebblestore: batch of %d bytes, want at most %d", n, MaxBatch)
	}
	return b.Validate()
}

// submit queues r for the writer, unless the store is closed or down.
func (d *DB) submit(r *request, down error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return store.ErrClosed
	}
	if down != nil {
		return down
	}
	d.queue = append(d.queue, r)
	d.nudge()
	return nil
}

// nudge tells the writer that the queue or closed has changed.
func (d *DB) nudge() {
	select {
	case d.wake <- struct{}{}:
	default: // it knows already
	}
}

// leave is the answer for a caller that stops waiting because of cause.
func (r *request) leave(cause error) error {
	if r.withdraw() {
		return cause
	}
	select {
	case err := <-r.done:
		return err
	default:
		return fmt.Errorf("%w: %w", store.ErrUnknown, cause)
	}
}

// write is the writer: it fills a group while the ones before it sync, and
// applies it as soon as there is a slot.
func (d *DB) write() {
	defer close(d.applied)
	var backlog []*request
	for g := newGroup(d.pebble); ; {
		var ended bool
		if backlog, ended = d.fill(g, backlog); ended && g.empty() {
			_ = g.batch.Close()
			return
		}
		slot, more := d.slots, d.wake
		if g.empty() {
			slot = nil
		}
		if g.full() {
			more = nil
		}
		select {
		case <-d.disk.failed:
			return
		case <-more:
		case slot <- struct{}{}:
			backlog, _ = d.fill(g, backlog)
			d.apply(g)
			g = newGroup(d.pebble)
		}
	}
}

// fill adds to g what fits of the backlog and the queue. It says whether the
// store is closed and nothing is left.
func (d *DB) fill(g *group, backlog []*request) (left []*request, ended bool) {
	if len(backlog) == 0 {
		d.mu.Lock()
		backlog, d.queue = d.queue, nil
		ended = d.closed && len(backlog) == 0
		d.mu.Unlock()
	}
	for len(backlog) > 0 && !g.full() {
		g.add(backlog[0])
		backlog = backlog[1:]
	}
	return backlog, ended
}

func (d *DB) apply(g *group) {
	d.flight.start(g)
	if err := g.apply(); err != nil {
		d.disk.fail(fmt.Errorf("apply: %w", err))
		return
	}
	d.applied <- g
}

// sync is the syncer: it waits for each group in turn and answers its callers.
func (d *DB) sync() {
	defer close(d.drained)
	for g := range d.applied {
		if err := g.wait(); err != nil {
			d.disk.fail(fmt.Errorf("sync: %w", err))
			return
		}
		d.flight.land(g)
		<-d.slots
		g.answer()
		d.observe(len(g.answers), time.Since(g.began))
	}
}
