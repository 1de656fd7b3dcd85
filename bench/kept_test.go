package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// keptFilling is fillStore, or with OPENRBM_BENCH_STORE a copy of what an earlier
// run has filled and kept in that directory: for trials of what does not change
// what is stored.
func keptFilling(b *testing.B, messages, phones, lines int) *filling {
	dir := os.Getenv("OPENRBM_BENCH_STORE")
	if dir == "" {
		return fillStore(b, messages, phones, lines, shortText)
	}
	dir = filepath.Join(dir, fmt.Sprint(messages))
	about := dir + ".json"
	text, err := os.ReadFile(about)
	if errors.Is(err, fs.ErrNotExist) {
		f := fillStore(b, messages, phones, lines, shortText)
		text, err = json.Marshal(f.about())
		must(b, err)
		must(b, os.MkdirAll(filepath.Dir(dir), 0o700))
		must(b, linked(f.dir, dir))
		must(b, os.WriteFile(about, text, 0o600))
	} else {
		must(b, err)
	}
	var a aboutFilling
	must(b, json.Unmarshal(text, &a))
	f := &filling{dir: filepath.Join(b.TempDir(), "copy"), phones: phones, sparse: a.Sparse, dense: a.Dense, bodies: a.Bodies, took: a.Took, disk: a.Disk}
	must(b, linked(dir, f.dir))
	return f
}

// aboutFilling is what is kept of a filling beside its directory.
type aboutFilling struct {
	Sparse, Dense []string
	Bodies, Disk  int64
	Took          time.Duration
}

func (f *filling) about() aboutFilling {
	return aboutFilling{f.sparse, f.dense, f.bodies, f.disk, f.took}
}

// linked copies the directory of a server that does not run. Tables are never
// changed, so they are linked.
func linked(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + path[len(from):]
		switch ext := filepath.Ext(path); {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case ext == ".sst" || ext == ".blob":
			return os.Link(path, target)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
}
