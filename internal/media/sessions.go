package media

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// sessionLife is how long an upload may take in all: Google keeps them a week.
const sessionLife = 7 * 24 * time.Hour

const sessionID = "session" // sessionID, upload id

// Unknown is the size of an upload whose size is not known yet.
const Unknown = -1

// session is a resumable upload. What has come of it is in a file; how much, the
// file itself says.
type session struct {
	Details Details   `json:"details"`
	Size    int64     `json:"size"` // Unknown until it is said
	Expire  time.Time `json:"expire"`
	File    *File     `json:"file,omitzero"` // when it is complete
}

// partOf is the file of what has come of an upload.
func (f *Files) partOf(id string) string { return filepath.Join(f.opts.Dir, "uploads", id) }

// Begin begins a resumable upload of size bytes, or of Unknown size, and returns
// its id. It can be resumed for a week, also after a restart.
func (f *Files) Begin(ctx context.Context, size int64, d Details) (id string, err error) {
	if size > MaxFile {
		return "", errTooLarge(MaxFile)
	}
	id = newName()
	s := session{Details: d, Size: size, Expire: f.clock.Now().Add(sessionLife)}
	if err := f.expires(ctx, s.Expire, due{Session: id}); err != nil {
		return "", err
	}
	return id, f.sessions.Create(ctx, ledger.ID(sessionID, id), &s)
}

// Chunk is a piece of an upload, as a Content-Range says it.
type Chunk struct {
	First int64 // the place of its first byte
	// Length is how many bytes it has, or Unknown: all that come.
	Length int64
	// Total is the size of the whole file, or Unknown.
	Total int64
	Final bool      // the file ends with it, whatever Total is
	Body  io.Reader // nil: only asks how far the upload is
	// Interrupt makes a Read of Body that is under way return, when the client has
	// come back on another connection.
	Interrupt func()
}

// Progress is how far an upload is.
type Progress struct {
	Received int64 // bytes, all durable
	File     *File // when it is complete
}

// Resume adds a chunk to an upload and says how far it is; it is complete when all
// its bytes are there and its size is known. Bytes that came before are passed
// over, and a chunk that begins after what has come is not read. What has come of a
// chunk that is cut short is kept, and returned together with the error. An upload
// that is not known, or too old, is store.ErrNotFound.
func (f *Files) Resume(ctx context.Context, id string, c Chunk) (Progress, error) {
	release := f.writers.take(id, c.Interrupt)
	defer release()
	s, err := f.session(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	if s.File != nil {
		return Progress{s.File.Size, s.File}, nil
	}
	if err := f.agree(ctx, id, s, c); err != nil {
		return Progress{}, err
	}
	received, err := f.extend(id, c, s.Size)
	if err == nil && c.Final && c.First <= received && s.Size == Unknown {
		s.Size = received
		err = f.note(ctx, id, func(s *session) { s.Size = received })
	}
	if err != nil || received != s.Size {
		return Progress{Received: received}, err
	}
	return f.complete(ctx, id, s)
}

// Cancel ends an upload and forgets what has come of it.
func (f *Files) Cancel(ctx context.Context, id string) error {
	release := f.writers.take(id, nil)
	defer release()
	if _, err := f.session(ctx, id); err != nil {
		return err
	}
	if err := f.sessions.Delete(ctx, ledger.ID(sessionID, id)); err != nil {
		return err
	}
	if err := os.Remove(f.partOf(id)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (f *Files) session(ctx context.Context, id string) (*session, error) {
	if !validName(id) {
		return nil, store.ErrNotFound
	}
	s, err := f.sessions.Get(ctx, ledger.ID(sessionID, id))
	if err == nil && !f.clock.Now().Before(s.Expire) {
		return nil, store.ErrNotFound
	}
	return s, err
}

// agree checks a chunk against what is known of the upload's size, and notes a size
// that is new.
func (f *Files) agree(ctx context.Context, id string, s *session, c Chunk) error {
	switch {
	case c.Total > MaxFile || c.First > MaxFile || c.Length > MaxFile-c.First:
		return errTooLarge(MaxFile)
	case c.Total != Unknown && s.Size != Unknown && c.Total != s.Size:
		return fail("the upload was to have %d bytes, and now has %d", s.Size, c.Total)
	}
	if s.Size == Unknown && c.Total != Unknown {
		s.Size = c.Total
		if err := f.note(ctx, id, func(s *session) { s.Size = c.Total }); err != nil {
			return err
		}
	}
	if s.Size != Unknown && c.Length != Unknown && c.First+c.Length > s.Size {
		return fail("the chunk ends after byte %d, the last one", s.Size-1)
	}
	return nil
}

// extend writes what is new of a chunk of an upload of size bytes, and says how much
// of it is there.
func (f *Files) extend(id string, c Chunk, size int64) (received int64, err error) {
	part, err := os.OpenFile(f.partOf(id), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	if received, err = part.Seek(0, io.SeekEnd); err != nil || c.Body == nil || c.First > received {
		return received, errors.Join(err, part.Sync())
	}
	cut := write(part, received, c, size)
	received, err = part.Seek(0, io.SeekEnd)
	return received, errors.Join(cut, err, part.Sync())
}

// write appends to part, which has received bytes, what is new of c.
func write(part io.Writer, received int64, c Chunk, size int64) error {
	n := c.Length
	if n == Unknown {
		n = MaxFile - c.First
		if size != Unknown {
			n = size - c.First
		}
	}
	_, err := io.CopyN(io.Discard, c.Body, min(received-c.First, n))
	if err == nil && c.First+n > received {
		_, err = io.CopyN(part, c.Body, c.First+n-received)
	}
	if err == io.EOF && c.Length == Unknown {
		return nil // that was all
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	if more, _ := io.CopyN(io.Discard, c.Body, 1); err == nil && more > 0 {
		return fail("more bytes come than the %d that were announced", n)
	}
	return err
}

// complete makes a file of what has come. The session's own file is kept until
// that is done: it is needed again if this fails.
func (f *Files) complete(ctx context.Context, id string, s *session) (Progress, error) {
	path := f.partOf(id)
	part, err := os.Open(path)
	if err != nil {
		return Progress{}, err
	}
	defer part.Close()
	file, err := f.Create(ctx, part, MaxFile, s.Details)
	if err != nil {
		return Progress{}, err
	}
	err = f.note(ctx, id, func(s *session) { s.File = file })
	if err != nil {
		return Progress{}, err
	}
	return Progress{file.Size, file}, os.Remove(path)
}

func (f *Files) note(ctx context.Context, id string, change func(*session)) error {
	_, err := f.sessions.Update(context.WithoutCancel(ctx), ledger.ID(sessionID, id), func(s *session) error {
		change(s)
		return nil
	})
	return err
}

// writers are those who have an upload in hand, one each.
type writers struct {
	mu   sync.Mutex
	held map[string]*writer
}

type writer struct {
	interrupt func()
	free      chan struct{} // closed when it is done
}

// take waits until nobody else has the upload. Whoever has it is interrupted: its
// client would not come twice if the first connection still worked.
func (w *writers) take(id string, interrupt func()) (release func()) {
	mine := &writer{interrupt: interrupt, free: make(chan struct{})}
	for {
		w.mu.Lock()
		if w.held == nil {
			w.held = make(map[string]*writer)
		}
		other := w.held[id]
		if other == nil {
			w.held[id] = mine
			w.mu.Unlock()
			break
		}
		w.mu.Unlock()
		if other.interrupt != nil {
			other.interrupt()
		}
		<-other.free
	}
	return func() {
		w.mu.Lock()
		delete(w.held, id)
		w.mu.Unlock()
		close(mine.free)
	}
}
