package media

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// How often retention is looked at, and how much it reads at a time.
const (
	sweepInterval = 10 * time.Minute
	sweepBatch    = 256
)

const dueID = "due" // dueID, time, name

// due is something that is to be forgotten: a file with its use of a content, what
// is cached of a URL, or an unfinished upload.
type due struct {
	ID      string    `json:"id"`
	Expire  time.Time `json:"expire"`
	File    string    `json:"file,omitzero"`
	Sum     string    `json:"sum,omitzero"`
	URL     string    `json:"url,omitzero"`
	Session string    `json:"session,omitzero"`
}

// expires notes that d is to be forgotten at t. It comes before d exists.
func (f *Files) expires(ctx context.Context, t time.Time, d due) error {
	d.Expire = t
	d.ID = ledger.ID(dueID, fmt.Sprintf("%016x", t.UnixNano()), newName())
	return f.dues.Create(ctx, d.ID, &d)
}

// sweep forgets everything whose time is over.
func (f *Files) sweep(ctx context.Context) error {
	for {
		list, err := f.dues.List(ctx, dueID, "", sweepBatch)
		if err != nil {
			return err
		}
		for _, d := range list {
			if d.Expire.After(f.clock.Now()) {
				return nil
			}
			if err := errors.Join(f.forget(ctx, d), ctx.Err()); err != nil {
				return err
			}
		}
		if len(list) < sweepBatch {
			return nil
		}
	}
}

// forget removes what d names, and d last: what fails is tried again.
func (f *Files) forget(ctx context.Context, d *due) error {
	var err error
	switch {
	case d.File != "":
		err = f.forgetFile(ctx, d.File, d.Sum)
	case d.URL != "":
		c, readErr := f.urls.Get(ctx, d.URL)
		if err = readErr; err == nil && !c.Expire.After(d.Expire) { // else it was fetched again
			err = f.urls.Delete(ctx, d.URL)
		}
	case d.Session != "":
		if err = os.Remove(f.partOf(d.Session)); err == nil || errors.Is(err, os.ErrNotExist) {
			err = f.sessions.Delete(ctx, ledger.ID(sessionID, d.Session))
		}
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return f.dues.Delete(ctx, d.ID)
}

// forgetFile removes a file, and its content if no other file has it. What is known
// of the file goes last: as long as it is there, all of this can be done again.
func (f *Files) forgetFile(ctx context.Context, name, sum string) error {
	hold := f.hold(sum)
	hold.Lock()
	defer hold.Unlock()
	if err := f.files.Delete(ctx, ledger.ID(blobID, sum, name)); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	others, err := f.files.List(ctx, ledger.ID(blobID, sum, ""), "", 1)
	if err == nil && len(others) == 0 {
		err = f.blobs.Delete(ctx, sum)
	}
	if err != nil {
		return err
	}
	if err := f.files.Delete(ctx, ledger.ID(fileID, name)); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}
