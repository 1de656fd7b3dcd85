package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/openrbm/openrbm/internal/archive"
	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/pebblestore"
)

// Backup writes an archive of all that a server keeps, which is not running, to
// w: as it stood at its end.
func Backup(ctx context.Context, cfg Config, w io.Writer) (t archive.Totals, err error) {
	if _, err := os.Stat(cfg.Data); cfg.Store.Postgres == "" && err != nil {
		return t, err // opening would make a new store there
	}
	s := &Server{cfg: cfg, log: newLogger(cfg.Log), clock: clock.New()}
	db, err := openStore(ctx, &cfg, s.log, func(int, time.Duration) {})
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	blobs, err := s.openBlobs(ctx)
	if err != nil {
		return t, err
	}
	snap, err := ledger.Snapshot(ctx, db)
	if err != nil {
		return t, err
	}
	return s.archive(ctx, snap, blobs, w)
}

// backup is Backup of the running server: as it stands now.
func (s *Server) backup(ctx context.Context, w io.Writer) (archive.Totals, error) {
	snap, err := s.ledger.Snapshot(ctx)
	if err != nil {
		return archive.Totals{}, err
	}
	return s.archive(ctx, snap, s.media.Blobs(), w)
}

// archive writes snap, which it closes, and the contents that it refers to.
func (s *Server) archive(ctx context.Context, snap store.Snapshot, blobs media.Blobs, w io.Writer) (t archive.Totals, err error) {
	defer func() { err = errors.Join(err, snap.Close()) }()
	out, err := archive.NewWriter(w, archive.Header{Program: Version, Time: s.clock.Now().UTC().Truncate(time.Millisecond)})
	if err != nil {
		return t, err
	}
	if err := out.Records(ctx, snap); err != nil {
		return t, err
	}
	for sum, err := range media.Contents(ctx, snap) {
		if err == nil {
			err = s.archiveContent(ctx, out, blobs, sum)
		}
		if err != nil {
			return t, err
		}
	}
	return out.Close()
}

func (s *Server) archiveContent(ctx context.Context, out *archive.Writer, blobs media.Blobs, sum string) error {
	content, err := blobs.Open(ctx, sum)
	if errors.Is(err, media.ErrNoContent) {
		return nil // the time of its files was over, and it has been removed since
	}
	if err != nil {
		return fmt.Errorf("content %s: %w", sum, err)
	}
	defer content.Close()
	why, err := out.Content(sum, content)
	if why != nil {
		s.log.ErrorContext(ctx, "backup: a content is damaged", "sha256", sum, "err", why)
	}
	return errors.Join(err, ctx.Err())
}

// Restore makes a new data directory dir of an archive; dir must not exist or be
// empty. Nothing is there unless the error is nil: all of the archive has been
// checked then, and what was written has been read back. The contents of files
// go to the directory media in dir.
func Restore(ctx context.Context, r io.Reader, dir string) (h archive.Header, t archive.Totals, err error) {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return h, t, fmt.Errorf("%s is not empty", dir)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return h, t, err
	}
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return h, t, err
	}
	building, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-restoring-*") // mode 0700
	if err != nil {
		return h, t, err
	}
	defer os.RemoveAll(building)
	if h, t, err = load(ctx, r, building); err != nil {
		return h, t, err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return h, t, err
	}
	if err := os.Rename(building, dir); err != nil {
		return h, t, err
	}
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return h, t, err
	}
	return h, t, errors.Join(parent.Sync(), parent.Close())
}

// load reads an archive into the directory of a server and opens it once, which
// refuses what a newer program has written.
func load(ctx context.Context, r io.Reader, dir string) (h archive.Header, t archive.Totals, err error) {
	db, err := pebblestore.Open(dir, pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return h, t, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	contents := media.Dir(filepath.Join(dir, "media", "content"))
	h, t, err = archive.Load(ctx, r, db, func(sum string, r io.Reader) error {
		if err := contents.Store(ctx, sum, r); !archive.Useless(err) {
			return err
		}
		return nil
	})
	if err == nil {
		_, err = ledger.Open(ctx, db, clock.New())
	}
	return h, t, err
}
