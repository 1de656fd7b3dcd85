package media

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Blobs keeps contents, each under its SHA-256 in hex. Every method may be called
// again when its outcome is unknown.
type Blobs interface {
	// Put stores the content of the file at path, which is taken over or removed. It
	// is durable when Put returns nil.
	Put(ctx context.Context, sum, path string) error
	// Open returns the content, or ErrNoContent.
	Open(ctx context.Context, sum string) (io.ReadSeekCloser, error)
	// Delete removes the content; removing what is not there is no error.
	Delete(ctx context.Context, sum string) error
}

// ErrNoContent is the error for a content that is not stored.
var ErrNoContent = errors.New("media: no such content")

// Dir keeps contents as files of a directory of this machine.
type Dir string

// path spreads the contents over 256 directories.
func (d Dir) path(sum string) string { return filepath.Join(string(d), sum[:2], sum) }

// Put moves the file at path, which must be on the same file system.
func (d Dir) Put(_ context.Context, sum, path string) error {
	to := d.path(sum)
	if _, err := os.Stat(to); err == nil {
		return os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := syncPath(path); err != nil {
		return err
	}
	if err := os.Rename(path, to); err != nil {
		return err
	}
	return errors.Join(syncPath(filepath.Dir(to)), syncPath(string(d)))
}

// Open opens the file.
func (d Dir) Open(_ context.Context, sum string) (io.ReadSeekCloser, error) {
	file, err := os.Open(d.path(sum))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNoContent
	}
	return file, err
}

// Delete removes the file.
func (d Dir) Delete(_ context.Context, sum string) error {
	err := os.Remove(d.path(sum))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// syncPath makes a file, or the names in a directory, durable.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
