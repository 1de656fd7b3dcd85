package memstore

import (
	"context"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Notifier = (*DB)(nil)

// earshot is how many hints wait for a listener; more are lost.
const earshot = 1024

// Notify implements store.Notifier.
func (d *DB) Notify(ctx context.Context, hint string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return store.ErrClosed
	}
	for l := range d.listeners {
		select {
		case l <- hint:
		default:
		}
	}
	return nil
}

// Listen implements store.Notifier. It ends with ctx, not with Close.
func (d *DB) Listen(ctx context.Context, ready func(), hear func(string)) error {
	hints := make(chan string, earshot)
	d.mu.Lock()
	if d.listeners == nil {
		d.listeners = make(map[chan string]struct{})
	}
	d.listeners[hints] = struct{}{}
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.listeners, hints)
		d.mu.Unlock()
	}()
	ready()
	for {
		select {
		case h := <-hints:
			hear(h)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
