package pebblestore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// damaged makes a store with n records in the files of the given kind, changes
// one byte of the largest of them at the given part (0 to 1) of its length, and
// returns the directory.
func damaged(t *testing.T, n int, flush bool, glob string, part float64) string {
	t.Helper()
	dir := t.TempDir()
	db := open(t, dir, quiet(nil))
	for i := range n {
		if err := db.Commit(t.Context(), put(damagedKey(i), damagedValue(i))); err != nil {
			t.Fatal(err)
		}
	}
	if flush {
		if err := db.pebble.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	image := filepath.Join(t.TempDir(), "image") // as after a crash: Close would empty the log
	if err := os.CopyFS(image, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	dir = image
	files, err := filepath.Glob(filepath.Join(dir, glob))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %v", glob, files, err)
	}
	var name string
	var data []byte
	for _, f := range files {
		d, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if len(d) > len(data) {
			name, data = f, d
		}
	}
	data[int(part*float64(len(data)-1))] ^= 0x20
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func damagedKey(i int) store.Key { return store.Key(fmt.Sprintf("k/%05d", i)) }
func damagedValue(i int) string  { return strings.Repeat(fmt.Sprintf("value %d ", i), 20) }

// readAll reads the n records of a damaged store by Get and by Scan. Each must
// be right or an error; it returns the first error, or one for a lost record.
func readAll(t *testing.T, db store.DB, n int) error {
	t.Helper()
	for i := range n {
		v, err := db.Get(t.Context(), damagedKey(i))
		if err != nil {
			return err
		}
		if string(v) != damagedValue(i) {
			t.Fatalf("%s has a wrong value", damagedKey(i))
		}
	}
	i := 0
	for rec, err := range db.Scan(t.Context(), store.Prefix("k/")) {
		if err != nil {
			return err
		}
		if rec.Key != damagedKey(i) || string(rec.Value) != damagedValue(i) {
			t.Fatalf("Scan yields %q for record %d", rec.Key, i)
		}
		i++
	}
	if i != n {
		return fmt.Errorf("%d records, want %d: %w", i, n, store.ErrNotFound)
	}
	return nil
}

// TestCorruptTable: a damaged table is an error, and takes the store down; it
// never yields wrong data or none.
func TestCorruptTable(t *testing.T) {
	const n = 2000
	for _, part := range []float64{0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1} {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			dir := damaged(t, n, true, "*.sst", part)
			db, err := Open(dir, quiet(nil))
			if err == nil {
				err = readAll(t, db, n)
				wantFailedAfter(t, db, err)
			}
			if errors.Is(err, store.ErrNotFound) {
				t.Errorf("records are silently gone: %v", err)
			}
			t.Logf("%v", err)
		})
	}
}

// wantFailedAfter: the first error of a read took the store down.
func wantFailedAfter(t *testing.T, db *DB, err error) {
	t.Helper()
	if err == nil {
		return // the byte does not matter, or its use is optional
	}
	if _, err := db.Get(t.Context(), "any"); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "corrupt") {
		t.Errorf("Get after a corrupt read: %v", err)
	}
	if err := db.Close(); err == nil {
		t.Error("Close of a corrupt store says nothing")
	}
}

// TestCorruptLog: a log that is damaged before its end is refused.
func TestCorruptLog(t *testing.T) {
	const n = 1000
	for _, part := range []float64{0, 0.01, 0.3, 0.5, 0.7, 0.9} {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			dir := damaged(t, n, false, "*.log", part)
			db, err := Open(dir, quiet(nil))
			if err == nil {
				err = readAll(t, db, n)
			}
			t.Logf("%v", err)
			if err == nil || errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), dir+": the store is corrupt") {
				t.Errorf("Open: %v, want a refusal that names the directory", err)
			}
		})
	}
}

// TestCorruptManifest: so is a MANIFEST. (Its end, like the end of the last log,
// cannot be told from a write that a crash cut short.)
func TestCorruptManifest(t *testing.T) {
	for _, part := range []float64{0, 0.1, 0.2} {
		dir := damaged(t, 10, true, "MANIFEST-*", part)
		db, err := Open(dir, quiet(nil))
		if err == nil {
			err = readAll(t, db, 10)
		}
		t.Logf("%v", err)
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("at %v: %v, want a refusal", part, err)
		}
	}
}
