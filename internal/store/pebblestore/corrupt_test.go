package pebblestore

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
)

// damagedDir is where the stores of these tests are, on file systems in memory.
const damagedDir = "the/store"

// stored is the disk of a store with n records after it has lost its power; flush
// says after which records it moved them to tables.
func stored(t *testing.T, n int, flush func(i int) bool) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewCrashableMem()
	db := open(t, damagedDir, quiet(fs))
	for i := range n {
		if err := db.Commit(t.Context(), put(damagedKey(i), damagedValue(i))); err != nil {
			t.Fatal(err)
		}
		if flush(i) {
			if err := db.pebble.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	image := fs.CrashClone(vfs.CrashCloneCfg{}) // Close would empty the log
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return image
}

// files are those of the store that match, largest first.
func files(t *testing.T, fs vfs.FS, glob string) (names []string) {
	t.Helper()
	list, err := fs.List(damagedDir)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int{}
	for _, name := range list {
		if ok, _ := path.Match(glob, name); ok {
			names = append(names, fs.PathJoin(damagedDir, name))
			sizes[names[len(names)-1]] = len(content(t, fs, names[len(names)-1]))
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(sizes[b]-sizes[a], strings.Compare(a, b)) })
	if len(names) == 0 {
		t.Fatalf("there is no %s among %v", glob, list)
	}
	return names
}

func content(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	b, err := readFile(fs, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// copied is a copy of the file system.
func copied(t *testing.T, from vfs.FS) *vfs.MemFS {
	t.Helper()
	fs := vfs.NewMem()
	if _, err := vfs.Clone(from, fs, damagedDir, damagedDir); err != nil {
		t.Fatal(err)
	}
	return fs
}

// flipped is a copy in which some bits of a byte of a file are others.
func flipped(t *testing.T, from vfs.FS, name string, at int, bits byte) *vfs.MemFS {
	t.Helper()
	fs := copied(t, from)
	b := content(t, fs, name)
	b[at] ^= bits
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return fs
}

// damaged is a store with n records, in whose largest file of the given kind a
// byte is changed at the given part (0 to 1) of its length.
func damaged(t *testing.T, n int, flush bool, glob string, part float64) *vfs.MemFS {
	t.Helper()
	fs := stored(t, n, func(i int) bool { return flush && i == n-1 })
	name := files(t, fs, glob)[0]
	return flipped(t, fs, name, int(part*float64(len(content(t, fs, name))-1)), 0x20)
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
			t.Parallel()
			db, err := Open(damagedDir, quiet(damaged(t, n, true, "*.sst", part)))
			if err != nil {
				if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), damagedDir) {
					t.Errorf("Open: %v, want a refusal that names the directory", err)
				}
				return
			}
			sound, read := 0, 0
			for i := 0; i < n; i += 83 { // Pebble looks for the bit that flipped, at each read of a damaged block
				read++
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
			if err := readAll(t, db, n); (err == nil) != (sound == read) || err != nil && !errors.Is(err, store.ErrDamaged) {
				t.Errorf("%d of %d records are sound, and reading all: %v", sound, read, err)
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
			t.Logf("%d of %d records are sound", sound, read)
		})
	}
}

// TestCorruptLog: a log that is damaged before its end is refused.
func TestCorruptLog(t *testing.T) {
	const n = 1000
	for _, part := range []float64{0, 0.01, 0.3, 0.5, 0.7, 0.9} {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			db, err := Open(damagedDir, quiet(damaged(t, n, false, "*.log", part)))
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
func image(t *testing.T, n int) vfs.FS {
	t.Helper()
	return stored(t, n, func(i int) bool { return i < n/2 && i%(n/8) == 0 })
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

// flipSeed says where TestBitFlips changes bits; another one may be looked for with
// -args -flips.
var flipSeed = flag.Uint64("flips", 7, "seed of the places at which bits are changed")

// TestBitFlips changes a bit at random places of every kind of file: the store is
// refused, or the damaged records answer errors, or the store goes down as corrupt,
// or it makes no difference. What is there is never silently gone, except behind
// damage to the very end of the log.
func TestBitFlips(t *testing.T) {
	const n = 240
	tries := 40
	if testing.Short() {
		tries = 4
	}
	before := image(t, n)
	log, number, err := newestLog(before, damagedDir)
	if err != nil {
		t.Fatal(err)
	}
	for kind, glob := range []string{"*.blob", "MANIFEST-??????", "*.seal", "*.log", "*.sst", "OPTIONS-*"} {
		t.Run(glob, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(*flipSeed, uint64(kind)))
			names, outcomes := files(t, before, glob), map[string]int{}
			for try := range tries {
				name := names[try%len(names)]
				b := content(t, before, name)
				if len(b) == 0 {
					continue
				}
				at := rng.IntN(len(b))
				outcome := afterFlip(t, flipped(t, before, name, at, 1<<rng.IntN(8)), n)
				if outcome == "lost" && name == log && at >= lastChunkOf(t, b, number) {
					outcome = "lost the end of the log"
				}
				if outcome == "lost" {
					t.Errorf("%s, byte %d of %d: records are silently gone", name, at, len(b))
				}
				outcomes[outcome]++
			}
			t.Logf("%v", outcomes)
		})
	}
}

// afterFlip is what comes of a store with n records that was changed.
func afterFlip(t *testing.T, fs vfs.FS, n int) string {
	t.Helper()
	db, err := Open(damagedDir, quiet(fs))
	if err != nil {
		return "refused"
	}
	defer db.Close()
	switch err := readAll(t, db, n); {
	case err == nil:
		return "sound"
	case errors.Is(err, store.ErrDamaged):
		return "errors"
	case errors.Is(err, ErrCorrupt) && errors.Is(err, store.ErrUnavailable):
		return "down" // it could do nothing but fail at tidying up: see damage
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
	before := image(t, n)
	for _, name := range files(t, before, "*") {
		fs := copied(t, before)
		if err := fs.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
		outcome := afterFlip(t, fs, n)
		t.Logf("without %s: %s", name, outcome)
		if strings.HasSuffix(name, sealSuffix) && outcome != "sound" { // stores of before have none
			t.Errorf("without %s the store is %s", name, outcome)
		}
		if outcome == "lost" && !strings.HasSuffix(name, ".log") {
			t.Errorf("without %s records are silently gone", name)
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
