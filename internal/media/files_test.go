package media

import (
	"bytes"
	"context"
	"errors"
	stdimage "image"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

func TestIdenticalContentIsStoredOnce(t *testing.T) {
	w := newWorld(t)
	content := bytes.Repeat([]byte("video "), 1000)
	first := w.create(content, Details{MimeType: "video/mp4", Owner: "a"})
	w.clock.Advance(24 * time.Hour)
	second := w.create(content, Details{MimeType: "video/mp4", Owner: "b"})
	if first.Name == second.Name || first.Sum != second.Sum || first.Size != 6000 {
		t.Fatalf("%+v and %+v", first, second)
	}
	if got := w.stored("content"); len(got) != 1 {
		t.Fatalf("stored: %v", got)
	}
	// The content stays as long as one of them.
	w.clock.Advance(59 * 24 * time.Hour)
	if err := w.sweep(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.File(w.ctx(), first.Name); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the first after 60 days: %v", err)
	}
	if _, err := w.File(w.ctx(), second.Name); err != nil || len(w.stored("content")) != 1 {
		t.Errorf("the second after 59 days: %v, stored %v", err, w.stored("content"))
	}
	w.clock.Advance(24 * time.Hour)
	if err := w.sweep(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if got := w.stored(""); len(got) != 0 {
		t.Errorf("after all: %v", got)
	}
	if left, err := w.dues.Count(w.ctx()); err != nil || left != 0 {
		t.Errorf("%d documents left, %v", left, err)
	}
}

func TestWhatIsTooLargeLeavesNothing(t *testing.T) {
	w := newWorld(t)
	_, err := w.Create(w.ctx(), zeros(MaxFile+1), MaxFile, Details{MimeType: "video/mp4"})
	if f, ok := errors.AsType[*Failure](err); !ok || !strings.Contains(f.Error(), "104857600 bytes") {
		t.Fatalf("got %v", err)
	}
	broken := errors.New("the client is gone")
	if _, err := w.Create(w.ctx(), io.MultiReader(zeros(9), errReader{broken}), MaxFile, Details{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got := w.stored(""); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

// blobsThatFail breaks a write both ways: failed and not stored, failed but stored.
type blobsThatFail struct {
	Dir
	fail, after bool
}

func (b *blobsThatFail) Put(ctx context.Context, sum, path string) error {
	if b.fail && !b.after {
		return io.ErrNoProgress
	}
	err := b.Dir.Put(ctx, sum, path)
	if b.fail {
		return io.ErrNoProgress
	}
	return err
}

func TestFailedStoreIsSweptUp(t *testing.T) {
	for _, after := range []bool{false, true} {
		w := newWorld(t)
		blobs := &blobsThatFail{Dir: w.blobs.(Dir), fail: true, after: after}
		w.blobs = blobs
		if _, err := w.Create(w.ctx(), strings.NewReader("x"), MaxFile, Details{MimeType: pdf}); !errors.Is(err, io.ErrNoProgress) {
			t.Fatalf("after %t: %v", after, err)
		}
		blobs.fail = false
		if file := w.create([]byte("x"), Details{MimeType: pdf}); file.Size != 1 {
			t.Errorf("after %t: %+v", after, file)
		}
		w.clock.Advance(61 * 24 * time.Hour)
		if err := w.sweep(w.ctx()); err != nil {
			t.Fatal(err)
		}
		if left, _ := w.dues.Count(w.ctx()); left != 0 || len(w.stored("")) != 0 {
			t.Errorf("after %t: %d documents and %v left", after, left, w.stored(""))
		}
	}
}

func TestOpenDropsWhatWasArriving(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(filepath.Join(w.incoming(), "half"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	if got := w.stored(""); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestThumbnails(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		name, mimeType string
		content        []byte
		width, height  int // 0: none
	}{
		{"large", "image/png", picture(1600, 800), 480, 240},
		{"small", "image/png", picture(20, 10), 20, 10},
		{"tall", "image/png", picture(2, 2000), 1, 480},
		{"wrong type", "image/jpeg", picture(30, 30), 30, 30}, // the header is believed, the decoder looks
		{"damaged", "image/png", picture(300, 300)[:2000], 0, 0},
		{"no image", "image/gif", []byte("GIF89a?"), 0, 0},
		{"bomb", "image/png", bombPNG(), 0, 0},
		{"video", "video/mp4", picture(30, 30), 0, 0},
	} {
		file := w.create(row.content, Details{MimeType: row.mimeType, Title: row.name})
		if row.width == 0 {
			if file.Thumb != nil {
				t.Errorf("%s: has a thumbnail %+v", row.name, file.Thumb)
			}
			continue
		}
		if file.Thumb == nil || file.Thumb.MimeType != "image/jpeg" || file.Thumb.Size > thumbnailBytes || file.Thumb.Thumb != nil {
			t.Errorf("%s: %+v", row.name, file.Thumb)
			continue
		}
		content, err := w.blobs.Open(w.ctx(), file.Thumb.Sum)
		if err != nil {
			t.Fatal(err)
		}
		c, kind, err := stdimage.DecodeConfig(content)
		content.Close()
		if err != nil || kind != "jpeg" || c.Width != row.width || c.Height != row.height {
			t.Errorf("%s: %s %dx%d, %v", row.name, kind, c.Width, c.Height, err)
		}
	}
}

// bombPNG says that it has 65,535 by 65,535 pixels.
func bombPNG() []byte {
	b := picture(9, 9)
	copy(b[16:24], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff})
	return b
}

func TestServe(t *testing.T) {
	w := newWorld(t)
	content := []byte("0123456789")
	file := w.create(content, Details{MimeType: "video/mp4", Title: "trip \"1\".mp4"})
	page := w.create([]byte("<script>"), Details{MimeType: "text/html", Title: "x.html"})
	get := func(method, path string, header ...string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		return rec.Result()
	}
	for _, row := range []struct {
		method, path, rng string
		status            int
		body              string
	}{
		{"GET", Path + file.Name, "", 200, "0123456789"},
		{"HEAD", Path + file.Name, "", 200, ""},
		{"GET", Path + file.Name, "bytes=2-4", 206, "234"},
		{"GET", Path + file.Name, "bytes=-3", 206, "789"},
		{"GET", Path + file.Name, "bytes=8-", 206, "89"},
		{"GET", Path + file.Name, "bytes=10-", 416, ""},
		{"POST", Path + file.Name, "", 405, ""},
		{"GET", Path + "../../x", "", 404, ""},
		{"GET", Path + strings.Repeat("a", 24), "", 404, ""},
		{"GET", Path, "", 404, ""},
	} {
		res := get(row.method, row.path, "Range", row.rng)
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != row.status || row.status < 300 && string(body) != row.body {
			t.Errorf("%s %s %s: %d %q", row.method, row.path, row.rng, res.StatusCode, body)
		}
	}
	h := get("GET", Path+file.Name).Header
	for name, want := range map[string]string{
		"Content-Type": "video/mp4", "X-Content-Type-Options": "nosniff", "Content-Disposition": `inline; filename="trip \"1\".mp4"`,
		"Etag": `"` + file.Sum + `"`, "Accept-Ranges": "bytes", "Content-Security-Policy": "frame-ancestors 'none'",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
	if c := h.Get("Cache-Control"); !strings.HasPrefix(c, "public, immutable, max-age=518") {
		t.Errorf("Cache-Control: %q", c)
	}
	if res := get("GET", Path+file.Name, "If-None-Match", `"`+file.Sum+`"`); res.StatusCode != http.StatusNotModified {
		t.Errorf("If-None-Match: %d", res.StatusCode)
	}
	h = get("GET", Path+page.Name).Header
	if h.Get("Content-Disposition") != "attachment; filename=x.html" || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
		t.Errorf("a page of a user: %v", h)
	}
	w.clock.Advance(60 * 24 * time.Hour) // before any sweep
	if res := get("GET", Path+file.Name); res.StatusCode != http.StatusNotFound {
		t.Errorf("after its time: %d", res.StatusCode)
	}
}

func TestTypes(t *testing.T) {
	for header, want := range map[string]string{
		"image/jpeg": "image/jpeg", "Image/JPEG": "image/jpeg", "image/png; charset=binary": "image/png", "audio/mp4-latm": "audio/mp4-latm",
		"application/pdf": pdf, "": "", "image": "", "text/html": "", "image/svg+xml": "", "application/octet-stream": "", "image/webp": "", ";": "",
	} {
		got, err := Allowed(header)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Allowed(%q) = %q, %v", header, got, err)
		}
	}
	if len(kinds) != 20 {
		t.Errorf("%d types, want the 20 of facts/rbm-api.md §6.1", len(kinds))
	}
}
