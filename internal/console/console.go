// Package console serves the console and the phone in the browser: files that
// are part of the binary, made of plain HTML, CSS and JavaScript modules. What
// they do, they do through the public API, the admin API and the device protocol
// (docs/console.md).
// The policy for browsers is that of package front.
package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// Path is where the console is served.
const Path = "/console/"

//go:embed web
var files embed.FS

// asset is one file, ready to be sent.
type asset struct {
	content    []byte
	kind, etag string
}

// Handler serves the files under Path, from memory.
func Handler() http.Handler {
	assets := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, Path)
		if name == "" {
			name = "index.html"
		}
		found, ok := assets[name]
		if !ok {
			http.Error(w, "there is no such page", http.StatusNotFound)
			return
		}
		found.serve(w, r)
	})
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache") // asked for again, and answered by the tag
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}

// kinds are the types of files by their endings: the machine's table may lack them.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png",
}

func load() map[string]*asset {
	assets := make(map[string]*asset)
	err := fs.WalkDir(files, "web", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		kind := kinds[path.Ext(name)]
		if kind == "" {
			kind = mime.TypeByExtension(path.Ext(name))
		}
		sum := sha256.Sum256(content)
		assets[strings.TrimPrefix(name, "web/")] = &asset{content, kind, `"` + hex.EncodeToString(sum[:12]) + `"`}
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the program
	}
	return assets
}
