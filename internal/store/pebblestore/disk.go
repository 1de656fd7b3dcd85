package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

// again is the time after which an operation that lacked space is tried again.
const again = 200 * time.Millisecond

// disk is the file system under Pebble. It keeps the errors of changes from
// Pebble, which cannot live with them: what fails for lack of space waits for
// space, and any other failure stops the store for good. Until it is live, that
// is during Open, it passes errors on.
type disk struct {
	vfs.FS
	log *slog.Logger

	gathering atomic.Bool // bodies go back into the tables: see Compact

	ops  sync.RWMutex // held by each change while it runs; taken for good by stop
	once sync.Once    // for stop

	mu       sync.Mutex
	live     bool
	passed   error         // the first error passed on to Pebble before that
	waiting  int           // changes that wait for space
	cause    error         // why the store is down; nil while it is up
	down     chan struct{} // closed while the store is down
	lock     io.Closer     // of the directory
	replayed string        // the log that was read last

	failed  chan struct{} // closed when the store is down for good
	stopped chan struct{} // closed when nothing changes the disk any more
	closing chan struct{} // closed when waiting for space no longer makes sense
}

func newDisk(fs vfs.FS, log *slog.Logger) *disk {
	return &disk{
		FS: fs, log: log,
		down: make(chan struct{}), failed: make(chan struct{}), stopped: make(chan struct{}), closing: make(chan struct{}),
	}
}

// goLive ends the passing on of errors, unless the disk has failed already.
func (d *disk) goLive() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.live = true
	return d.cause
}

// state is why the store is down, and a channel that is closed when it goes down.
func (d *disk) state() (down <-chan struct{}, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.down, d.unavailable()
}

// failure is why the store is down for good.
func (d *disk) failure() error {
	select {
	case <-d.failed:
		_, cause := d.state()
		return cause
	default:
		return nil
	}
}

// unavailable is the cause as callers see it. The caller holds mu.
func (d *disk) unavailable() error {
	if d.cause == nil {
		return nil
	}
	return fmt.Errorf("pebblestore: %w: %w", store.ErrUnavailable, d.cause)
}

// change runs an operation that changes the disk. When the disk is live, it
// returns only with success.
func (d *disk) change(what, name string, f func() error) error {
	return d.attempt(what, name, lacksSpace, f)
}

// sync runs an operation that makes changes durable. It is never repeated: a
// second sync may succeed although what the first one lost is lost.
func (d *disk) sync(what, name string, f func() error) error {
	return d.attempt(what, name, func(error) bool { return false }, f)
}

func (d *disk) attempt(what, name string, mayWait func(error) bool, f func() error) error {
	for waited := false; ; waited = true {
		err := d.try(f)
		if err == nil && waited {
			d.resume()
		}
		if err == nil {
			return nil
		}
		err = fmt.Errorf("%s %s: %w", what, name, err)
		if d.pass(err) {
			return err
		}
		if !mayWait(err) || !d.pause(err, waited) {
			d.fail(err)
			select {} // see the package comment
		}
	}
}

// try runs f unless changes are stopped; then it never returns.
func (d *disk) try(f func() error) error {
	d.ops.RLock()
	defer d.ops.RUnlock()
	return f()
}

// pass says whether err goes to Pebble, which is so until the disk is live.
func (d *disk) pass(err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.live {
		return false
	}
	if d.passed == nil {
		d.passed = err
	}
	return true
}

// firstError is the first error that went to Pebble.
func (d *disk) firstError() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}

// background hears of an error in what Pebble does by itself, which it will
// then try again at once and without end. During Open nobody else would stop it.
func (d *disk) background(err error) {
	d.log.Warn("pebble: background error", "error", err)
	d.mu.Lock()
	endless := !d.live && d.passed != nil
	d.mu.Unlock()
	if endless {
		d.fail(err)
	}
}

// lacksSpace recognises what an operator, or the end of a busy hour, puts right.
func lacksSpace(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// pause takes the store down and waits a moment. It says whether to try again.
func (d *disk) pause(err error, counted bool) bool {
	d.mu.Lock()
	if !counted {
		d.waiting++
	}
	if d.cause == nil {
		d.cause = err
		close(d.down)
		d.log.Error("the disk takes no more; commits are refused until it does", "error", err)
	}
	d.mu.Unlock()
	t := time.NewTimer(again)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-d.failed:
	case <-d.closing:
	}
	return false
}

// resume takes the store up again when no change waits any more.
func (d *disk) resume() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
	select {
	case <-d.failed:
		return
	default:
	}
	if d.waiting == 0 {
		d.cause = nil
		d.down = make(chan struct{})
		d.log.Info("the disk takes writes again")
	}
}

// fail takes the store down for good.
func (d *disk) fail(cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.failed:
		return
	default:
	}
	if d.cause == nil {
		close(d.down)
	}
	if !d.live && d.passed != nil {
		cause = d.passed // what Pebble made of it hides the error's type
	}
	d.cause = cause
	close(d.failed)
	d.log.Error("the store is down", "error", cause)
	go d.stop()
}

// abandon stops what is left of an Open that failed.
func (d *disk) abandon() {
	close(d.closing)
	d.stop()
}

// stop waits for the running changes and lets no other one begin.
func (d *disk) stop() {
	d.once.Do(func() {
		d.ops.Lock()
		close(d.stopped)
	})
}

// Lock locks the directory and remembers the lock: a failed Pebble cannot be
// closed, but its directory must be free for the next one.
func (d *disk) Lock(name string) (io.Closer, error) {
	l, err := d.FS.Lock(name)
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("the directory %s is %w: %w", d.FS.PathDir(name), ErrInUse, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lock = &onceCloser{Closer: l}
	return d.lock, nil
}

// unlock frees the directory, once changes have stopped.
func (d *disk) unlock() error {
	<-d.stopped
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}

type onceCloser struct {
	io.Closer
	once sync.Once
}

func (c *onceCloser) Close() (err error) {
	c.once.Do(func() { err = c.Closer.Close() })
	return err
}
