package media

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

func (w *world) begin(size int64) string {
	w.t.Helper()
	id, err := w.Begin(w.ctx(), size, Details{MimeType: "video/mp4", Owner: "agent"})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// chunk is the bytes of content from first to before last.
func chunk(content string, first, last int, total int64) Chunk {
	return Chunk{First: int64(first), Length: int64(last - first), Total: total, Body: strings.NewReader(content[first:last])}
}

var question = Chunk{Length: Unknown, Total: Unknown}

func TestResumableUpload(t *testing.T) {
	w := newWorld(t)
	const content = "0123456789abcdef"
	const size = int64(len(content))
	id := w.begin(size)
	ask := func(c Chunk, want int64) Progress {
		t.Helper()
		p, err := w.Resume(w.ctx(), id, c)
		if err != nil || p.Received != want {
			t.Fatalf("%+v: %+v, %v; want %d bytes", c, p, err, want)
		}
		return p
	}
	ask(question, 0)
	ask(chunk(content, 0, 4, size), 4)
	ask(chunk(content, 0, 4, size), 4)    // again
	ask(chunk(content, 2, 6, Unknown), 6) // overlaps
	ask(chunk(content, 9, 12, size), 6)   // leaves a gap: not taken
	cut := chunk(content, 6, 12, size)
	cut.Body = io.MultiReader(strings.NewReader(content[6:9]), errReader{io.ErrUnexpectedEOF})
	if p, err := w.Resume(w.ctx(), id, cut); p.Received != 9 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("a chunk that is cut: %+v, %v", p, err)
	}
	w.reopen() // the process restarts
	ask(question, 9)
	short := chunk(content, 9, 12, size)
	short.Body = strings.NewReader(content[9:11])
	if p, err := w.Resume(w.ctx(), id, short); p.Received != 11 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("a chunk with too few bytes: %+v, %v", p, err)
	}
	done := ask(chunk(content, 11, 16, size), size)
	if done.File == nil || done.File.Size != size || done.File.MimeType != "video/mp4" || done.File.Owner != "agent" {
		t.Fatalf("complete: %+v", done.File)
	}
	if again := ask(question, size); again.File.Name != done.File.Name {
		t.Errorf("asked again: %+v", again.File)
	}
	if again := ask(chunk(content, 11, 16, size), size); again.File.Name != done.File.Name {
		t.Errorf("sent again: %+v", again.File)
	}
	r, err := w.blobs.Open(w.ctx(), done.File.Sum)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, _ := io.ReadAll(r); string(got) != content {
		t.Errorf("content %q", got)
	}
	if parts := w.stored("uploads"); len(parts) != 0 {
		t.Errorf("left: %v", parts)
	}
}

func TestResumableUploadOfUnknownSize(t *testing.T) {
	const content = "0123456789"
	for name, last := range map[string]Chunk{
		"total":    chunk(content, 6, 10, 10),
		"final":    {First: 6, Length: Unknown, Total: Unknown, Final: true, Body: strings.NewReader(content[6:])},
		"overlaps": {First: 0, Length: 10, Total: 10, Body: strings.NewReader(content)},
	} {
		w := newWorld(t)
		id := w.begin(Unknown)
		if p, err := w.Resume(w.ctx(), id, chunk(content, 0, 6, Unknown)); err != nil || p.Received != 6 {
			t.Fatalf("%s: %+v, %v", name, p, err)
		}
		if p, err := w.Resume(w.ctx(), id, last); err != nil || p.File == nil || p.File.Size != 10 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	// The total may come alone, at the end; and a file may be empty.
	w := newWorld(t)
	id := w.begin(Unknown)
	if _, err := w.Resume(w.ctx(), id, chunk(content, 0, 10, Unknown)); err != nil {
		t.Fatal(err)
	}
	if p, err := w.Resume(w.ctx(), id, Chunk{Length: Unknown, Total: 10}); err != nil || p.File == nil {
		t.Errorf("the total alone: %+v, %v", p, err)
	}
	if p, err := w.Resume(w.ctx(), w.begin(Unknown), Chunk{Length: Unknown, Total: 0}); err != nil || p.File == nil || p.File.Size != 0 {
		t.Errorf("an empty file: %+v, %v", p, err)
	}
}

func TestResumableUploadRefuses(t *testing.T) {
	w := newWorld(t)
	id := w.begin(10)
	for name, c := range map[string]Chunk{
		"another total":       {Length: 1, Total: 11, Body: strings.NewReader("x")},
		"after the end":       {First: 9, Length: 2, Total: 10, Body: strings.NewReader("xx")},
		"too large":           {Length: 1, Total: MaxFile + 1, Body: strings.NewReader("x")},
		"too far":             {First: MaxFile + 1, Length: 1, Total: Unknown, Body: strings.NewReader("x")},
		"too long":            {First: 1, Length: 1<<62 - 1, Total: Unknown, Body: strings.NewReader("x")},
		"more than announced": {Length: 3, Total: 10, Body: strings.NewReader("xxxx")},
		"more than the size":  {Length: Unknown, Total: Unknown, Body: strings.NewReader("01234567890")},
	} {
		if _, err := w.Resume(w.ctx(), id, c); !isFailure(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Begin(w.ctx(), MaxFile+1, Details{}); !isFailure(err) {
		t.Errorf("begin: %v", err)
	}
	for _, unknown := range []string{"", "x", "../../../../etc/passwd00", newName()} {
		if _, err := w.Resume(w.ctx(), unknown, question); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("upload %q: %v", unknown, err)
		}
		if err := w.Cancel(w.ctx(), unknown); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("cancel %q: %v", unknown, err)
		}
	}
	if err := w.Cancel(w.ctx(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Resume(w.ctx(), id, question); !errors.Is(err, store.ErrNotFound) || len(w.stored("uploads")) != 0 {
		t.Errorf("after cancel: %v, %v", err, w.stored("uploads"))
	}
}

func isFailure(err error) bool {
	_, ok := errors.AsType[*Failure](err)
	return ok
}

func TestUploadsAreKeptAWeek(t *testing.T) {
	w := newWorld(t)
	id := w.begin(10)
	if _, err := w.Resume(w.ctx(), id, chunk("0123456789", 0, 5, 10)); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(sessionLife - time.Minute)
	if err := w.sweep(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if p, err := w.Resume(w.ctx(), id, question); err != nil || p.Received != 5 {
		t.Fatalf("within the week: %+v, %v", p, err)
	}
	w.clock.Advance(time.Minute)
	if _, err := w.Resume(w.ctx(), id, question); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after it: %v", err)
	}
	if err := w.sweep(w.ctx()); err != nil || len(w.stored("")) != 0 {
		t.Errorf("swept: %v, left %v", err, w.stored(""))
	}
}

// A client that comes back on a new connection does not wait for the old one.
func TestResumeInterrupts(t *testing.T) {
	w := newWorld(t)
	id := w.begin(10)
	dead, writer := io.Pipe()
	reading := make(chan struct{})
	var once sync.Once
	old := make(chan Progress, 1)
	go func() {
		p, _ := w.Resume(w.ctx(), id, Chunk{Length: 10, Total: 10, Interrupt: func() { writer.CloseWithError(os.ErrDeadlineExceeded) },
			Body: readFunc(func(b []byte) (int, error) {
				n, err := dead.Read(b)
				once.Do(func() { close(reading) })
				return n, err
			})})
		old <- p
	}()
	writer.Write([]byte("0123"))
	<-reading
	p, err := w.Resume(w.ctx(), id, question)
	if err != nil || p.Received != 4 {
		t.Fatalf("%+v, %v", p, err)
	}
	if p := <-old; p.Received != 4 {
		t.Errorf("the old connection: %+v", p)
	}
	if p, err = w.Resume(w.ctx(), id, chunk("0123456789", 4, 10, 10)); err != nil || p.File == nil {
		t.Errorf("%+v, %v", p, err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

func TestLongUploadIsNotHeldInMemory(t *testing.T) {
	w := newWorld(t)
	id := w.begin(Unknown)
	const n = 64 << 20
	p, err := w.Resume(w.ctx(), id, Chunk{Length: Unknown, Total: Unknown, Final: true, Body: zeros(n)})
	if err != nil || p.File == nil || p.File.Size != n {
		t.Fatalf("%+v, %v", p, err)
	}
	if allocated := testing.AllocsPerRun(1, func() {
		if _, err := w.receive(zeros(n), MaxFile); err != nil {
			t.Error(err)
		}
	}); allocated > 100 {
		t.Errorf("%v allocations", allocated)
	}
	if _, err := w.receive(bytes.NewReader(nil), 0); err != nil {
		t.Error(err)
	}
}
