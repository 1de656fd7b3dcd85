package media

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// File is what is known of a file. It never changes.
type File struct {
	Name     string    `json:"name"` // 24 characters that nobody can guess
	Sum      string    `json:"sum"`  // SHA-256 of the content, hex
	MimeType string    `json:"mimeType"`
	Size     int64     `json:"size"`           // bytes
	Title    string    `json:"title,omitzero"` // the name that its sender gave it
	Owner    string    `json:"owner,omitzero"` // the agent or the number that sent it
	Alt      string    `json:"alt,omitzero"`   // its description for screen readers
	Thumb    *File     `json:"thumb,omitzero"` // a smaller picture of it
	Create   time.Time `json:"create"`
	Expire   time.Time `json:"expire"`
}

// Details are what the sender of a file says of it.
type Details struct {
	MimeType string
	Title    string
	Owner    string
	Alt      string
	// Thumb is its thumbnail; nil makes one, of an image.
	Thumb *File
}

const (
	fileID = "file"
	blobID = "blob" // blobID, sum, name: the file uses the content
)

// Create keeps the content of r as a new file. More than limit bytes are refused
// with a Failure; an error of r is returned as it is.
func (f *Files) Create(ctx context.Context, r io.Reader, limit int64, d Details) (*File, error) {
	c, err := f.receive(r, limit)
	if err != nil {
		return nil, err
	}
	return f.keep(ctx, c, d)
}

// content is a file of the directory Dir that is complete, and not yet kept.
type content struct {
	path, sum string
	size      int64
}

// receive writes r to a file.
func (f *Files) receive(r io.Reader, limit int64) (*content, error) {
	file, err := os.CreateTemp(f.incoming(), "")
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = errTooLarge(limit)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(file.Name())
		return nil, err
	}
	return &content{file.Name(), hex.EncodeToString(hash.Sum(nil)), n}, nil
}

// keep makes a file of c, which is used up, and a thumbnail if it needs one.
func (f *Files) keep(ctx context.Context, c *content, d Details) (*File, error) {
	ctx = context.WithoutCancel(ctx)
	if d.Thumb == nil && kinds[d.MimeType] == image {
		d.Thumb = f.makeThumbnail(ctx, c.path, d)
	}
	return f.store(ctx, c, d)
}

// store writes what makes a file of c. The order of the writes is such that what
// a crash leaves behind is found by the retention.
func (f *Files) store(ctx context.Context, c *content, d Details) (*File, error) {
	defer os.Remove(c.path) // if it is still there
	now := f.clock.Now().Truncate(time.Millisecond)
	file := &File{
		Name: newName(), Sum: c.sum, MimeType: d.MimeType, Size: c.size, Title: d.Title, Owner: d.Owner, Alt: d.Alt,
		Thumb: d.Thumb, Create: now, Expire: now.Add(f.opts.Retention),
	}
	if err := f.expires(ctx, file.Expire, due{File: file.Name, Sum: file.Sum}); err != nil {
		return nil, err
	}
	hold := f.hold(c.sum)
	hold.Lock()
	defer hold.Unlock()
	if err := f.files.Create(ctx, ledger.ID(blobID, c.sum, file.Name), &File{Name: file.Name}); err != nil {
		return nil, err
	}
	if err := f.blobs.Put(ctx, c.sum, c.path); err != nil {
		return nil, fmt.Errorf("media: storing %s: %w", file.Name, err)
	}
	if err := f.files.Create(ctx, ledger.ID(fileID, file.Name), file); err != nil {
		return nil, err
	}
	f.log.DebugContext(ctx, "file kept", "file", file.Name, "mimeType", file.MimeType, "size", file.Size, "owner", file.Owner)
	return file, nil
}

// hold is the lock of a content.
func (f *Files) hold(sum string) *sync.Mutex {
	b, _ := hex.DecodeString(sum[:2])
	return &f.holding[b[0]]
}

// File returns the file of that name, or store.ErrNotFound: also when its time is over.
func (f *Files) File(ctx context.Context, name string) (*File, error) {
	if !validName(name) {
		return nil, store.ErrNotFound
	}
	file, err := f.files.Get(ctx, ledger.ID(fileID, name))
	if err == nil && !f.clock.Now().Before(file.Expire) {
		return nil, store.ErrNotFound
	}
	return file, err
}

// newName makes a name in the form that Google's have (facts/rbm-api.md §1.9).
func newName() string {
	var b [18]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func validName(s string) bool {
	return len(s) == 24 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
