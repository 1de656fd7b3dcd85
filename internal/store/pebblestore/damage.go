package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

// ErrCorrupt is why a store is down that cannot work with the damage it has: a
// backup is needed. It matches store.ErrUnavailable too.
var ErrCorrupt = errors.New("pebblestore: the store is corrupt and a backup is needed")

// tidying is how often, in a minute, a store may fail at its own work because of
// damage before it is taken down: it would do nothing else.
const tidying = 20

// damage hears what Pebble finds to be damaged.
type damage struct {
	disk  *disk
	mu    sync.Mutex
	files map[string]bool // of which it has been said
	since time.Time
	tries int
}

// found logs a damaged file, once.
func (d *damage) found(i pebble.DataCorruptionInfo) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files == nil {
		d.files = make(map[string]bool)
	}
	if !d.files[i.Path] {
		d.files[i.Path] = true
		d.disk.log.Error("a file of the store is damaged: what is in its damaged part answers errors, a backup is needed",
			"file", i.Path, "keys", i.Bounds.String(), "error", i.Details)
	}
}

// recount is how often Pebble may try to count what is in a table that cannot be
// opened. It would try again at once and without end.
const recount = 10 * time.Second

// counting says whether Pebble's attempt to count failed, and keeps the next one
// waiting. Of all that Pebble does by itself it holds no lock only then.
func (d *damage) counting() bool {
	if !bytes.Contains(debug.Stack(), []byte("scanReadStateTableStats")) {
		return false
	}
	wait := time.NewTimer(recount)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-d.disk.closing:
		wait.Reset(time.Millisecond) // Pebble closes when it has looked once more
		select {
		case <-wait.C:
		case <-d.disk.stopped:
			select {} // a Pebble that was left behind
		}
	case <-d.disk.stopped:
		select {}
	}
	return true
}

// tidyingFailed counts the failures of Pebble's own work.
func (d *damage) tidyingFailed(err error, now time.Time) {
	if !pebble.IsCorruptionError(err) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.since) > time.Minute {
		d.since, d.tries = now, 0
	}
	if d.tries++; d.tries == tidying {
		go d.disk.fail(fmt.Errorf("%w: %w", ErrCorrupt, err)) // Pebble holds its locks here
	}
}

// readError is err as callers of the store see it.
func readError(err error) error {
	switch {
	case err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	case pebble.IsCorruptionError(err):
		return fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}

// valueOf is the value at which it stands. Pebble panics when the file of a body is
// gone instead of saying so.
func valueOf(it *pebble.Iterator) (v []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("%w: pebble gave up: %v", store.ErrDamaged, r)
		}
	}()
	return it.ValueAndErr()
}

// Open remembers which log was read last: Pebble does not say in which one it met
// damage.
func (d *disk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if isBodies(name) {
		return d.openBodies(name, opts...)
	}
	if strings.HasSuffix(name, ".log") {
		d.mu.Lock()
		d.replayed = name
		d.mu.Unlock()
	}
	return d.FS.Open(name, opts...)
}

// refusal is why an Open failed, as operators are to read it.
func (d *disk) refusal(err error) error {
	if !pebble.IsCorruptionError(err) || errors.Is(err, ErrCorrupt) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.replayed != "" && strings.Contains(err.Error(), "replaying WAL") {
		err = fmt.Errorf("%s: %w", d.replayed, err)
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}
