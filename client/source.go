package client

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// source is a reader that is the body of a call. An attempt that failed can be
// repeated if nothing was read, or if the reader can be rewound.
type source struct {
	seeker io.Seeker // nil: what is read is gone
	start  int64     // where the file begins in it

	read  atomic.Bool           // something was
	wrong atomic.Pointer[error] // why it could not be

	mu   sync.Mutex // owns the reader and what follows
	r    io.Reader
	turn int // counts the attempts
}

func newSource(r io.Reader) *source {
	s := &source{r: r}
	if seeker, ok := r.(io.Seeker); ok {
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil { // pipes are seekers that cannot
			s.seeker, s.start = seeker, start
		}
	}
	return s
}

// spent says that no further attempt can send the whole file.
func (s *source) spent() bool { return s != nil && s.seeker == nil && s.read.Load() }

// failure is why the file could not be read, or nil.
func (s *source) failure() error {
	if s == nil || s.wrong.Load() == nil {
		return nil
	}
	return fmt.Errorf("client: reading the file: %w", *s.wrong.Load())
}

// open begins an attempt. The ones before read nothing from then on, although the
// HTTP transport may not be done with them.
func (s *source) open() (io.Reader, error) {
	if s.seeker != nil {
		s.mu.Lock()
	} else if !s.mu.TryLock() { // a read is under way, and may block for ever
		return nil, errTurnOver
	}
	defer s.mu.Unlock()
	s.turn++
	if s.spent() {
		return nil, errTurnOver
	}
	if s.read.Load() {
		if _, err := s.seeker.Seek(s.start, io.SeekStart); err != nil {
			return nil, fmt.Errorf("client: rewinding the file: %w", err)
		}
	}
	return &sourceTurn{s, s.turn}, nil
}

// close ends the last attempt. A reader that may block for ever is not waited for.
func (s *source) close() {
	if s.seeker != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.turn++
	}
}

var errTurnOver = errors.New("client: the file was read by an earlier attempt")

// sourceTurn is a source as one attempt reads it.
type sourceTurn struct {
	s    *source
	turn int
}

func (t *sourceTurn) Read(b []byte) (int, error) {
	s := t.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.turn != s.turn {
		return 0, errTurnOver
	}
	s.read.Store(true)
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.wrong.Store(&err)
	}
	return n, err
}
