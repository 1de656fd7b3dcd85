package pebblestore

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/storetest"
)

// machine is a storetest.World on Pebble's crash-simulating file system, of
// which Lock and CrashClone may not meet: they lock each other out for ever.
type machine struct {
	*vfs.MemFS
	mu sync.Mutex
}

func (m *machine) Open() (store.DB, error) {
	return Open("dir/db", quiet(locking{m.MemFS, m}))
}

func (m *machine) Crash(rng *rand.Rand) storetest.World {
	kept := rng.IntN(101) // percent of what was not synced
	if rng.IntN(2) == 0 {
		kept = 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return &machine{MemFS: m.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rng})}
}

type locking struct {
	vfs.FS
	m *machine
}

func (l locking) Lock(name string) (io.Closer, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return l.FS.Lock(name)
}

func TestCrash(t *testing.T) {
	worlds := 30
	if testing.Short() {
		worlds = 4
	}
	storetest.RunCrash(t, worlds, func() storetest.World { return &machine{MemFS: vfs.NewCrashableMem()} })
}

// TestKill kills a real process while it commits. Run with the variable set,
// the test is that process: it prints the number of each acknowledged batch.
func TestKill(t *testing.T) {
	const dirVar = "PEBBLESTORE_TEST_DIR"
	if dir := os.Getenv(dirVar); dir != "" {
		commitForEver(t, dir)
	}
	dir := t.TempDir()
	n := 0
	for _, more := range []int{1, 50, 2000} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), dirVar+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acked := 0
		for lines := bufio.NewScanner(out); acked < n+more && lines.Scan(); {
			if _, err := fmt.Sscanf(lines.Text(), "ack %d", &acked); err != nil {
				t.Fatalf("the process said %q", lines.Text())
			}
		}
		if _, err := Open(dir, quiet(nil)); err == nil || !strings.Contains(err.Error(), dir+" is in use by another process") {
			t.Errorf("Open while the other process has it: %v", err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		db := open(t, dir, quiet(nil))
		if n = count(t, db, store.Prefix("a/")); n < acked || n != count(t, db, store.Prefix("z/")) {
			t.Fatalf("%d batches are left, %d were acknowledged", n, acked)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func commitForEver(t *testing.T, dir string) {
	db, err := Open(dir, quiet(nil))
	if err != nil {
		t.Fatal(err)
	}
	for i := count(t, db, store.Prefix("a/")) + 1; ; i++ {
		b := put(store.Key(fmt.Sprintf("a/%08d", i)), strings.Repeat("a", 1000))
		b.Put(store.Key(fmt.Sprintf("z/%08d", i)), nil)
		if err := db.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("ack %d\n", i)
	}
}

// TestDurableReads: nothing is answered that rests on a write which is not yet
// durable, and nothing else waits.
func TestDurableReads(t *testing.T) {
	fs := newGate(vfs.NewMem())
	db := open(t, "db", quiet(fs))
	b := put("a/gone", "v")
	b.Put("b/old", []byte("v"))
	if err := db.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	fs.shut(t)
	b = put("a/new", "v")
	b.Delete("a/gone")
	r := submit(t, db, b)
	fs.awaitSync()

	soon := soonOver(t)
	for _, k := range []store.Key{"a/new", "a/gone"} {
		if v, err := db.Get(soon, k); !errors.Is(err, soon.Err()) || soon.Err() == nil {
			t.Errorf("Get(%s) = %q, %v before it is durable", k, v, err)
		}
		soon = soonOver(t)
	}
	for rec, err := range db.Scan(soon, store.Prefix("a/")) {
		if !errors.Is(err, soon.Err()) || soon.Err() == nil {
			t.Errorf("Scan yields %q, %v before it is durable", rec.Key, err)
		}
	}
	clash := put("c", "v")
	clash.Absent("a/new")
	if err := db.Commit(soonOver(t), clash); !errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrConflict) {
		t.Errorf("Commit with a check on what is not durable: %v", err)
	}

	if v, err := db.Get(t.Context(), "b/old"); err != nil || string(v) != "v" {
		t.Errorf("Get of another key: %q, %v", v, err)
	}
	if _, err := db.Get(t.Context(), "a/never"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get of an absent key: %v", err)
	}
	if n := count(t, db, store.Prefix("b/")); n != 1 {
		t.Errorf("Scan of another range: %d records", n)
	}

	fs.open()
	if err := <-r.done; err != nil {
		t.Fatal(err)
	}
	if v, err := db.Get(t.Context(), "a/new"); err != nil || string(v) != "v" {
		t.Errorf("Get: %q, %v", v, err)
	}
	if n := count(t, db, store.Prefix("a/")); n != 1 {
		t.Errorf("Scan: %d records, want 1", n)
	}
	if err := db.Commit(t.Context(), clash); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Commit: %v, want a conflict", err)
	}
}
