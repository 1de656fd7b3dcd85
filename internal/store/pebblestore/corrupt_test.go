package pebblestore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

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
func damagedValue(i int) string  { return strings.Repeat(fmt.Sprintf("value %d ", i), 30) }

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

// TestCorruptTable: what is in a damaged block of a table answers errors, never
// wrong data or none; the rest of the store is read and written as before.
func TestCorruptTable(t *testing.T) {
	const n = 2000
	for _, part := range []float64{0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1} {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			dir := damaged(t, n, true, "*.sst", part)
			db, err := Open(dir, quiet(nil))
			if err != nil {
				if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), dir) {
					t.Errorf("Open: %v, want a refusal that names the directory", err)
				}
				return
			}
			sound := 0
			for i := range n {
				v, err := db.Get(t.Context(), damagedKey(i))
				switch {
				case err == nil && string(v) == damagedValue(i):
					sound++
				case errors.Is(err, ErrCorrupt): // it could not work with that
					return
				case !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), string(damagedKey(i))):
					t.Fatalf("%s: %.30q, %v", damagedKey(i), v, err)
				}
			}
			if err := readAll(t, db, n); (err == nil) != (sound == n) || err != nil && !errors.Is(err, store.ErrDamaged) {
				t.Errorf("%d of %d records are sound, and reading all: %v", sound, n, err)
			}
			b := put("x/checked", "v")
			b.Absent(damagedKey(0))
			_ = db.Commit(t.Context(), b) // a conflict, or damage
			if err := db.Commit(t.Context(), put("x/new", "v")); err != nil {
				t.Errorf("Commit: %v", err)
			}
			if v, err := db.Get(t.Context(), "x/new"); err != nil || string(v) != "v" {
				t.Errorf("Get: %q, %v", v, err)
			}
			if err := db.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			t.Logf("%d of %d records are sound", sound, n)
		})
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
			if err == nil || errors.Is(err, store.ErrNotFound) || !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), ".log") {
				t.Errorf("Open: %v, want a refusal that names the file", err)
			}
		})
	}
}

// image is a store that has been flushed some times and then lost its power, with
// n records.
func image(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	db := open(t, dir, quiet(nil))
	for i := range n {
		if err := db.Commit(t.Context(), put(damagedKey(i), damagedValue(i))); err != nil {
			t.Fatal(err)
		}
		if i < n/2 && i%(n/8) == 0 {
			if err := db.pebble.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	copied := filepath.Join(t.TempDir(), "image")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return copied
}

// lastChunkOf is where the last chunk of the newest log begins: damage there
// cannot be told from a write that the crash cut short.
func lastChunkOf(t *testing.T, b []byte, number uint32) (last int) {
	t.Helper()
	for at := 0; at < len(b); {
		n, _, ok := chunkAt(b, at, number)
		if !ok {
			break
		}
		last = at
		if at += n; logBlock-at%logBlock < chunkHeader {
			at += logBlock - at%logBlock
		}
	}
	return last
}

// TestBitFlips changes a bit at random places of every kind of file: the store is
// refused, or the damaged records answer errors, or it makes no difference. What is
// there is never silently gone, except behind damage to the very end of the log.
func TestBitFlips(t *testing.T) {
	const n = 240
	tries := 12
	if testing.Short() {
		tries = 4
	}
	dir := image(t, n)
	log, number, err := newestLog(vfs.Default, dir)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for _, glob := range []string{"*.blob", "MANIFEST-??????", "*.seal", "*.log", "*.sst", "OPTIONS-*"} {
		files, err := filepath.Glob(filepath.Join(dir, glob))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", glob, err)
		}
		outcomes := map[string]int{}
		for try := range tries {
			name := files[try%len(files)]
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) == 0 {
				continue
			}
			at := rng.IntN(len(b))
			changed := bytes.Clone(b)
			changed[at] ^= 1 << rng.IntN(8)
			copied := filepath.Join(t.TempDir(), "store")
			if err := errors.Join(os.CopyFS(copied, os.DirFS(dir)), os.WriteFile(filepath.Join(copied, filepath.Base(name)), changed, 0o600)); err != nil {
				t.Fatal(err)
			}
			outcome := afterFlip(t, copied, n)
			if outcome == "lost" && name == log && at >= lastChunkOf(t, b, number) {
				outcome = "lost the end of the log"
			}
			if outcome == "lost" {
				t.Errorf("%s, byte %d of %d: records are silently gone", filepath.Base(name), at, len(b))
			}
			outcomes[outcome]++
		}
		t.Logf("%s: %v", glob, outcomes)
	}
}

// afterFlip is what comes of a store with n records that was changed.
func afterFlip(t *testing.T, dir string, n int) string {
	t.Helper()
	db, err := Open(dir, quiet(nil))
	if err != nil {
		return "refused"
	}
	defer db.Close()
	switch err := readAll(t, db, n); {
	case err == nil:
		return "sound"
	case errors.Is(err, store.ErrDamaged):
		return "errors"
	case errors.Is(err, store.ErrNotFound):
		return "lost"
	default:
		t.Errorf("%v", err)
		return "another error"
	}
}

// TestMissingFiles: a store that has lost a file is refused, or answers errors; it
// is never taken for a new one.
func TestMissingFiles(t *testing.T) {
	const n = 80
	dir := image(t, n)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		copied := filepath.Join(t.TempDir(), "store")
		if err := errors.Join(os.CopyFS(copied, os.DirFS(dir)), os.RemoveAll(filepath.Join(copied, f.Name()))); err != nil {
			t.Fatal(err)
		}
		outcome := afterFlip(t, copied, n)
		t.Logf("without %s: %s", f.Name(), outcome)
		if strings.HasSuffix(f.Name(), sealSuffix) && outcome != "sound" { // stores of before have none
			t.Errorf("without %s the store is %s", f.Name(), outcome)
		}
		if outcome == "lost" && !strings.HasSuffix(f.Name(), ".log") {
			t.Errorf("without %s records are silently gone", f.Name())
		}
	}
}

// TestDamageThatEndsAllTidying: a store that fails at nothing but its own work
// is taken down, and stays down.
func TestDamageThatEndsAllTidying(t *testing.T) {
	l, err := OpenLasting("db", quiet(vfs.NewMem()))
	if err != nil {
		t.Fatal(err)
	}
	d := &damage{disk: l.db.disk}
	now := time.Now()
	for i := range tidying {
		d.tidyingFailed(errors.New("something else"), now)
		d.tidyingFailed(base, now.Add(time.Duration(i)*time.Hour))
	}
	if err := l.Commit(t.Context(), put("k", "v")); err != nil {
		t.Fatalf("after damage now and then: %v", err)
	}
	for range tidying {
		d.tidyingFailed(base, now)
	}
	l.watcher.Wait()
	if err := l.Commit(t.Context(), put("k", "v")); !errors.Is(err, ErrCorrupt) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Commit: %v", err)
	}
	if _, err := l.Get(t.Context(), "k"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Get: %v", err)
	}
	if err := l.Close(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Close: %v", err)
	}
}

// base is an error as Pebble reports damage.
var base = pebble.ErrCorruption
