package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// Names are the files in what a phone is told of a message's files.
func Names(attachments []byte) []string {
	var list []Attachment
	if json.Unmarshal(attachments, &list) != nil {
		return nil
	}
	var names []string
	for _, a := range list {
		for _, u := range []string{a.URL, a.ThumbnailURL} {
			if name, ok := strings.CutPrefix(u, Path); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// Erase removes the files of those names, those that owner sent, their thumbnails
// and what is cached of the URLs that they came from. A content goes with the last
// file that has it. It says how many files it removed, and may be done again.
func (f *Files) Erase(ctx context.Context, owner string, names []string) (n int, err error) {
	var files, thumbs []*File
	for after := ""; ; {
		page, err := f.files.List(ctx, ledger.ID(fileID, ""), after, sweepBatch)
		if err != nil {
			return 0, err
		}
		for _, file := range page {
			after = ledger.ID(fileID, file.Name)
			if file.Owner != owner && !slices.Contains(names, file.Name) {
				continue
			}
			files = append(files, file)
			if file.Thumb != nil {
				thumbs = append(thumbs, file.Thumb)
			}
		}
		if len(page) < sweepBatch {
			break
		}
	}
	if err := f.eraseCached(ctx, files); err != nil {
		return 0, err
	}
	for _, file := range append(thumbs, files...) { // a file tells of its thumbnail
		if err := f.forgetFile(ctx, file.Name, file.Sum); err != nil {
			return n, fmt.Errorf("media: erasing %s: %w", file.Name, err)
		}
	}
	return len(files), nil
}

// eraseCached forgets which URLs held the files that are to go.
func (f *Files) eraseCached(ctx context.Context, files []*File) error {
	gone := make(map[string]bool)
	for _, file := range files {
		gone[file.Name] = true
	}
	for after := ""; ; {
		page, err := f.urls.IDs(ctx, ledger.ID(urlID, ""), after, sweepBatch)
		if err != nil {
			return err
		}
		for _, id := range page {
			after = id
			if err := f.eraseURL(ctx, id, gone); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		if len(page) < sweepBatch {
			return nil
		}
	}
}

func (f *Files) eraseURL(ctx context.Context, id string, gone map[string]bool) error {
	c, err := f.urls.Get(ctx, id)
	if err != nil {
		return err
	}
	if !gone[c.File.Name] {
		return nil
	}
	err = f.urls.Delete(ctx, id)
	f.known.urls.Purge() // the store will be asked
	return err
}
