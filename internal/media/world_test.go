package media

import (
	"bytes"
	"context"
	stdimage "image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// world is Files over a store in memory and a directory.
type world struct {
	*Files
	t     *testing.T
	clock *clock.Clock
	led   *ledger.Ledger
	dir   string
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, clock: clock.New(), dir: t.TempDir()}
	var err error
	if w.led, err = ledger.Open(t.Context(), memstore.New(), w.clock); err != nil {
		t.Fatal(err)
	}
	w.reopen(change...)
	return w
}

// reopen is a restart of the process.
func (w *world) reopen(change ...func(*Options)) {
	w.t.Helper()
	o := Options{Dir: w.dir, PublicURL: "https://rbm.example", AllowPrivate: true, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&o)
	}
	files, err := Open(w.led, Dir(filepath.Join(w.dir, "content")), o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Files = files
	w.t.Cleanup(files.Close)
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	w.t.Cleanup(cancel)
	return ctx
}

func (w *world) create(content []byte, d Details) *File {
	w.t.Helper()
	file, err := w.Create(w.ctx(), bytes.NewReader(content), MaxFile, d)
	if err != nil {
		w.t.Fatal(err)
	}
	return file
}

// stored are the files below a directory of the world.
func (w *world) stored(dir string) []string {
	var list []string
	filepath.WalkDir(filepath.Join(w.dir, dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return nil
	})
	return list
}

// picture is a PNG of w by h pixels that does not compress well.
func picture(w, h int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	m := stdimage.NewNRGBA(stdimage.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.NRGBA{uint8(x), uint8(y), uint8(rnd.IntN(256)), uint8(255 - y%3)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// site is a web server that counts what it is asked for.
type site struct {
	*httptest.Server
	hits atomic.Int32
}

func newSite(t *testing.T, serve http.HandlerFunc) *site {
	s := new(site)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		serve(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func serveAs(contentType string, content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(content)
	}
}

// zeros are n bytes that are made as they are read.
func zeros(n int64) io.Reader { return io.LimitReader(zeroReader{}, n) }

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) { clear(b); return len(b), nil }
