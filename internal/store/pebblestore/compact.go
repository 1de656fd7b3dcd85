package pebblestore

import (
	"context"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

var (
	_ store.Compactor = (*DB)(nil)
	_ store.Compactor = (*Lasting)(nil)
	_ store.Trimmer   = (*DB)(nil)
	_ store.Trimmer   = (*Lasting)(nil)
)

// rotations is how often a new MANIFEST is tried for: with a rewritten store the
// first or second flush makes one.
const rotations = 100

// Compact implements store.Compactor. Only one is under way at a time. Tables are
// rewritten; logs, which Pebble
// keeps to use their files again, are emptied; and the MANIFEST, which names the
// first and last keys of tables that are gone, is made anew.
func (d *DB) Compact(ctx context.Context) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.users.Done()
	d.compacting.Lock()
	defer d.compacting.Unlock()
	return d.tidy("compact", func() error { return d.compact(ctx) })
}

// tidy runs f, which may stop for good when the disk fails; then it does not wait.
func (d *DB) tidy(what string, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("pebblestore: %s: %w", what, readError(err))
		}
	case <-d.disk.failed:
	}
	return d.disk.failure()
}

func (d *DB) compact(ctx context.Context) error {
	if err := d.rewrite(ctx); err != nil {
		return err
	}
	if err := d.renewManifest(ctx); err != nil {
		return err
	}
	// Twice: the log that the first one begins may have taken an old file, the one
	// of the second takes one that is empty.
	for range 2 {
		if err := d.emptyLogs(); err != nil {
			return err
		}
	}
	return nil
}

// rewrite makes new tables of all tables. Pebble alone rewrites only those that
// something overlaps: here it is the deletion of range keys, of which there are
// none, and which ends at the last level. Bodies that stand in files of their own
// go into the tables, since such a file keeps what was deleted as long as anything
// else in it is in use.
func (d *DB) rewrite(ctx context.Context) error {
	first, last := []byte{0}, []byte(strings.Repeat("\xff", store.MaxKey+1))
	d.disk.gathering.Store(true)
	defer d.disk.gathering.Store(false)
	if err := d.pebble.RangeKeyDelete(first, last, pebble.NoSync); err != nil {
		return err
	}
	return d.pebble.Compact(ctx, first, last, true)
}

// emptyLogs flushes, after which all logs that were there are of no use, and
// empties them.
func (d *DB) emptyLogs() error {
	list, err := d.disk.List(d.dir)
	if err != nil {
		return err
	}
	if err := d.pebble.Flush(); err != nil {
		return err
	}
	newest, _, err := newestLog(d.disk, d.dir)
	if err != nil {
		return err
	}
	for _, file := range list {
		name := d.disk.PathJoin(d.dir, file)
		if _, err := d.disk.Stat(name); !strings.HasSuffix(file, ".log") || name == newest || err != nil {
			continue
		}
		f, err := d.disk.Create(name, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// renewManifest flushes until there is a new MANIFEST, and removes the others.
func (d *DB) renewManifest(ctx context.Context) error {
	before, err := pebble.Peek(d.dir, d.disk)
	if err != nil {
		return err
	}
	for range rotations {
		// A key that nobody has, so that there is something to flush.
		if err := d.pebble.DeleteRange([]byte{0}, []byte{0, 0}, pebble.NoSync); err != nil {
			return err
		}
		if err := d.pebble.Flush(); err != nil {
			return err
		}
		now, err := pebble.Peek(d.dir, d.disk)
		if err != nil {
			return err
		}
		if now.ManifestFilename != before.ManifestFilename {
			return d.removeManifests(now.ManifestFilename)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s is still in use", before.ManifestFilename)
}

func (d *DB) removeManifests(but string) error {
	list, err := d.disk.List(d.dir)
	if err != nil {
		return err
	}
	for _, file := range list {
		name := d.disk.PathJoin(d.dir, file)
		if !isManifest(d.disk, name) || name == but {
			continue
		}
		if err := d.disk.Remove(name); err != nil && !notExist(err) {
			return err
		}
	}
	return nil
}

// Trim implements store.Trimmer.
func (d *DB) Trim(ctx context.Context, r store.Range) error {
	if err := d.enter(ctx); err != nil {
		return err
	}
	defer d.users.Done()
	d.compacting.Lock()
	defer d.compacting.Unlock()
	return d.tidy("trim", func() error {
		if err := d.pebble.Flush(); err != nil { // the deletions may be in memory yet
			return err
		}
		return d.pebble.Compact(ctx, []byte(r.Start), []byte(r.End), true)
	})
}

// Trim implements store.Trimmer.
func (l *Lasting) Trim(ctx context.Context, r store.Range) error {
	db, err := l.use()
	if err != nil {
		return err
	}
	return l.outcome(db.Trim(ctx, r))
}

// Compact implements store.Compactor.
func (l *Lasting) Compact(ctx context.Context) error {
	db, err := l.use()
	if err != nil {
		return err
	}
	return l.outcome(db.Compact(ctx))
}
