package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// Contents lists the SHA-256 of every content that files use in s, each once.
func Contents(ctx context.Context, s store.Snapshot) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		last := ""
		for id, err := range ledger.MediaIDs(ctx, s, ledger.ID(blobID, "")) {
			if err != nil {
				yield("", err)
				return
			}
			parts := strings.Split(id, "\x00") // blobID, sum, name
			if len(parts) != 3 || len(parts[1]) != 2*sha256.Size {
				yield("", fmt.Errorf("media: damaged record of a content: %q", id))
				return
			}
			if parts[1] == last {
				continue
			}
			if last = parts[1]; !yield(last, nil) {
				return
			}
		}
	}
}

// Blobs is where the contents are.
func (f *Files) Blobs() Blobs { return f.blobs }

// Store puts what r reads into blobs, if it is the content of sum; otherwise they
// stay as they were. It is durable when Store returns nil. On its way it is a file in dir, which
// must be on the file system of a Dir.
func Store(ctx context.Context, blobs Blobs, dir, sum string, r io.Reader) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".storing-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, hash), r)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != sum {
		return fmt.Errorf("media: the content %s has the SHA-256 %s", sum, got)
	}
	return blobs.Put(ctx, sum, filepath.Clean(file.Name()))
}
