package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/openrbm/openrbm/internal/archive"
	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/internal/store"
)

// Backup writes an archive of all that a server keeps, which is not running, to
// w: as it stood at its end.
func Backup(ctx context.Context, cfg Config, w io.Writer) (t archive.Totals, err error) {
	s := &Server{cfg: cfg, log: newLogger(cfg.Log), clock: clock.New()}
	db, err := openExisting(ctx, &cfg, s.log)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := ledger.Readable(ctx, db); err != nil {
		return t, err
	}
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

// Restore makes a new data directory dir, which must not exist or be empty, of an
// archive, with the contents of files in the directory media in it.
func Restore(ctx context.Context, r io.Reader, dir string) (archive.Header, archive.Totals, error) {
	cfg := Default()
	cfg.Data = dir
	return RestoreInto(ctx, r, cfg)
}

// RestoreInto makes the store of cfg and the contents of its files of an archive. The
// store must be empty, a data directory may also not exist. Unless the error is nil, no server
// starts on it, and there is no directory: all of the archive has been checked then,
// and what was written has been read back.
func RestoreInto(ctx context.Context, r io.Reader, cfg Config) (h archive.Header, t archive.Totals, err error) {
	err = fill(ctx, cfg, func(db *ledger.Filling, dir string) (uint64, error) {
		s := &Server{cfg: cfg, log: quiet}
		s.cfg.Data = dir
		blobs, err := s.openBlobs(ctx)
		if err != nil {
			return 0, err
		}
		h, t, err = archive.Load(ctx, r, db, func(sum string, r io.Reader) error {
			if err := media.Store(ctx, blobs, s.mediaDir(), sum, r); !archive.Useless(err) {
				return err
			}
			return nil
		})
		return 0, err
	})
	return h, t, err
}
