package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// MaxBatch is the largest sum of key and value bytes in one batch.
const MaxBatch = 256 << 20

// Commit implements store.DB. A batch that no writer has taken when ctx ends is
// withdrawn. While the database cannot be reached or cannot write, it fails with
// store.ErrUnavailable, having written nothing.
func (d *DB) Commit(ctx context.Context, b *store.Batch) error {
	if err := valid(b); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{batch: b, done: make(chan error, 1)}
	if err := d.submit(r); err != nil {
		return err
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return d.leave(r, ctx.Err())
	}
}

func valid(b *store.Batch) error {
	n := 0
	for _, c := range b.Checks {
		n += len(c.Key) + len(c.Value)
	}
	for _, p := range b.Puts {
		n += len(p.Key) + len(p.Value)
	}
	if n > MaxBatch {
		return fmt.Errorf("pgstore: batch of %d bytes, want at most %d", n, MaxBatch)
	}
	return b.Validate()
}

func (d *DB) submit(r *request) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return store.ErrClosed
	}
	d.queue = append(d.queue, r)
	d.changed.Signal()
	return nil
}

// leave is the answer for a caller that stops waiting because of cause.
func (d *DB) leave(r *request, cause error) error {
	d.mu.Lock()
	g := r.group
	if g == nil {
		r.gone = true
	} else {
		g.left = true
	}
	d.mu.Unlock()
	if g == nil {
		return cause
	}
	g.disown(r)
	select {
	case err := <-r.done:
		return err
	default:
		return fmt.Errorf("%w: %w", store.ErrUnknown, cause)
	}
}

// take waits for work and returns a group, which is then in flight; nil when
// the store is closed and nothing is left.
func (d *DB) take() *group {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		if g := d.fill(); len(g.requests) > 0 {
			d.flight[g] = true
			if len(d.queue) > 0 {
				d.changed.Signal()
			}
			return g
		}
		if d.closed && len(d.queue) == 0 {
			return nil
		}
		d.changed.Wait()
	}
}

// fill makes a group of what is first in the queue and meets no group in flight.
func (d *DB) fill() *group {
	g := newGroup()
	for ; len(d.queue) > 0 && !g.full(); d.queue = d.queue[1:] {
		r := d.queue[0]
		if r.gone {
			continue
		}
		for other := range d.flight {
			if other.meets(r.batch) {
				return g
			}
		}
		g.add(r)
	}
	return g
}

// land ends the flight of g and answers its callers.
func (d *DB) land(g *group, answers []error) {
	d.mu.Lock()
	delete(d.flight, g)
	close(g.settled)
	d.changed.Broadcast()
	d.mu.Unlock()
	for i, r := range g.requests {
		r.done <- answers[i]
	}
	d.observing.Lock()
	defer d.observing.Unlock()
	d.observe(len(answers), time.Since(g.began))
}

// settle waits for the groups in flight that touch what is about to be read and
// whose answer a caller did not wait for: reading back then tells the truth.
func (d *DB) settle(ctx context.Context, touches func(*group) bool) error {
	for _, g := range d.abandoned(touches) {
		select {
		case <-g.settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (d *DB) abandoned(touches func(*group) bool) (found []*group) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for g := range d.flight {
		if g.left && touches(g) {
			found = append(found, g)
		}
	}
	return found
}
