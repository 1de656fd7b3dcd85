package media

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// A phone may read this slowly, in bytes a second, after a grace.
const (
	slowest = 32 << 10
	grace   = time.Minute
)

// ServeHTTP serves the files, by ranges if they are asked for: GET and HEAD below
// Path. Whoever knows a name may read the file: it is not to be guessed.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	file, err := f.File(r.Context(), strings.TrimPrefix(r.URL.Path, Path))
	if err == nil {
		err = f.serve(w, r, file)
	}
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, ErrNoContent):
		http.Error(w, "there is no such file, or no longer", http.StatusNotFound)
	case err != nil:
		f.log.ErrorContext(r.Context(), "serving a file", "err", err)
		http.Error(w, "the file cannot be read now", http.StatusServiceUnavailable)
	}
}

func (f *Files) serve(w http.ResponseWriter, r *http.Request, file *File) error {
	content, err := f.blobs.Open(r.Context(), file.Sum)
	if err != nil {
		return err
	}
	defer content.Close()
	// The listener's own bound is for small answers; a test's recorder has none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(grace + time.Duration(file.Size/slowest)*time.Second))
	h := w.Header()
	h.Set("Content-Type", file.MimeType)
	h.Set("Content-Security-Policy", "frame-ancestors 'none'") // a stricter one keeps browsers from showing PDFs
	how := "inline"
	if kinds[file.MimeType] == 0 { // a user sent it: it may be anything, and is only to be saved
		how = "attachment"
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	}
	h.Set("Content-Disposition", disposition(how, file.Title))
	h.Set("ETag", `"`+file.Sum+`"`)
	left := int64(file.Expire.Sub(f.clock.Now()) / time.Second)
	h.Set("Cache-Control", "public, immutable, max-age="+strconv.FormatInt(left, 10))
	http.ServeContent(w, r, "", file.Create, content)
	return nil
}

func disposition(how, title string) string {
	if title == "" {
		return how
	}
	return mime.FormatMediaType(how, map[string]string{"filename": title})
}
