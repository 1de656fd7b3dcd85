package pgstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// wire is a way to the server that can be cut: at which message it is decided
// by the two functions, which see what passes.
type wire struct {
	dsn               string
	toServer, toStore atomic.Pointer[func(part []byte) (cut bool)]
}

// newWire leads to the server of dsn, whose host is the directory of its socket.
func newWire(t *testing.T, dsn string) *wire {
	t.Helper()
	dir := strings.Fields(strings.TrimPrefix(dsn, "host="))[0]
	w := &wire{dsn: strings.Replace(dsn, dir, t.TempDir(), 1)}
	l, err := net.Listen("unix", filepath.Join(strings.Fields(strings.TrimPrefix(w.dsn, "host="))[0], ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", filepath.Join(dir, ".s.PGSQL.5432"))
			if err != nil {
				near.Close()
				continue
			}
			go pass(near, far, &w.toServer)
			go pass(far, near, &w.toStore)
		}
	}()
	return w
}

func pass(from, to net.Conn, cut *atomic.Pointer[func([]byte) bool]) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if f := cut.Load(); err != nil || f != nil && (*f)(buf[:n]) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// TestUnknown breaks the connection of a commit both ways: before the server
// had it, and after the server did it. Neither can the store tell.
func TestUnknown(t *testing.T) {
	w := newWire(t, postgres.Database(t))
	opts := quiet()
	opts.Writers = 1
	db := open(t, w.dsn, opts)
	commit := func(k store.Key) error {
		b := putting(k, "body of it")
		b.Absent(k)
		return db.Commit(t.Context(), b)
	}
	if err := commit("a/0"); err != nil {
		t.Fatal(err)
	}
	onCommit := func(part []byte) bool { return strings.Contains(string(part), "body of it") }
	w.toServer.Store(&onCommit)
	if err := commit("a/1"); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("cut before the server had it: %v", err)
	}
	w.toServer.Store(nil)
	if _, err := db.Get(t.Context(), "a/1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("reading back what the server never had: %v", err)
	}
	if err := commit("a/1"); err != nil {
		t.Fatalf("the same batch again: %v", err)
	}

	var sent atomic.Bool
	seen := func(part []byte) bool {
		if onCommit(part) {
			sent.Store(true)
		}
		return false
	}
	answer := func([]byte) bool { return sent.Load() }
	w.toServer.Store(&seen)
	w.toStore.Store(&answer)
	if err := commit("a/2"); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("cut before the answer: %v", err)
	}
	w.toServer.Store(nil)
	w.toStore.Store(nil)
	if v, err := db.Get(t.Context(), "a/2"); err != nil || string(v) != "body of it" {
		t.Errorf("reading back what the server did: %q, %v", v, err)
	}
	if err := commit("a/2"); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same batch again: %v", err)
	}
}

// TestTerminated: a connection that the server ended before it had a group costs
// nothing, however long ago that was.
func TestTerminated(t *testing.T) {
	dsn := postgres.Database(t)
	db, other := open(t, dsn, quiet()), session(t, dsn)
	for i := range 20 {
		k := store.Key(fmt.Sprintf("a/%d", i))
		if err := db.Commit(t.Context(), putting(k, "v")); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Get(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		run(t, other, "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
		n := 0
		for _, err := range db.Scan(t.Context(), store.Prefix("a/")) {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		if n != i+1 {
			t.Fatalf("%d records, want %d", n, i+1)
		}
	}
}

// TestServerGoesAndComes: while there is no server every call says so, and none
// of the batches is written; after that all goes on.
func TestServerGoesAndComes(t *testing.T) {
	server := postgres.New(t)
	db := open(t, server.Database(t), quiet())
	for round, end := range []func(testing.TB){server.Stop, server.Kill} {
		k := store.Key(fmt.Sprintf("a/%d", round))
		if err := db.Commit(t.Context(), putting(k, "v")); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Get(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		end(t)
		if err := db.Commit(t.Context(), putting(k+"/first", "v")); !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrUnknown) {
			t.Errorf("the first commit without a server: %v", err)
		}
		if err := db.Commit(t.Context(), putting(k+"/refused", "v")); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknown) {
			t.Errorf("Commit without a server: %v", err)
		}
		if _, err := db.Get(t.Context(), k); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Get without a server: %v", err)
		}
		for _, err := range db.Scan(t.Context(), store.Prefix("a/")) {
			if !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("Scan without a server: %v", err)
			}
		}
		server.Start(t)
		if err := db.Commit(t.Context(), putting(k+"/after", "v")); err != nil {
			t.Errorf("Commit with a server again: %v", err)
		}
		if v, err := db.Get(t.Context(), k); err != nil || string(v) != "v" {
			t.Errorf("Get with a server again: %q, %v", v, err)
		}
		for _, gone := range []store.Key{k + "/first", k + "/refused"} {
			if _, err := db.Get(t.Context(), gone); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v", gone, err)
			}
		}
	}
}

// TestServerCrash kills the server under load, several times: what was
// acknowledged is there, what was refused is not, and no batch is there in part.
func TestServerCrash(t *testing.T) {
	server := postgres.New(t)
	dsn := server.Database(t)
	db := open(t, dsn, quiet())
	const writers, crashes = 16, 3
	var acked, unknown, refused sync.Map
	var acks atomic.Int64
	var up sync.RWMutex // locked while the server starts
	stop, enough := make(chan struct{}), make(chan struct{}, 1)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("%d/%d", w, i)
				b := putting(store.Key("a/"+id), id)
				b.Put(store.Key("z/"+id), []byte(id))
				up.RLock() // a commit that meets the crash ends before the server starts
				err := db.Commit(context.Background(), b)
				up.RUnlock()
				switch {
				case err == nil:
					acked.Store(id, true)
					if acks.Add(1)%400 == 0 {
						select {
						case enough <- struct{}{}:
						default:
						}
					}
				case errors.Is(err, store.ErrUnknown):
					unknown.Store(id, true)
				case errors.Is(err, store.ErrUnavailable):
					refused.Store(id, true)
				default:
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
	for range crashes {
		<-enough
		server.Kill(t)
		up.Lock()
		server.Start(t)
		up.Unlock()
	}
	<-enough
	close(stop)
	wg.Wait()
	there := func(id any) bool {
		_, errA := db.Get(t.Context(), store.Key("a/"+id.(string)))
		_, errZ := db.Get(t.Context(), store.Key("z/"+id.(string)))
		if (errA == nil) != (errZ == nil) {
			t.Errorf("%s is half there: %v, %v", id, errA, errZ)
		}
		return errA == nil
	}
	var counts [3]int
	acked.Range(func(id, _ any) bool {
		if counts[0]++; !there(id) {
			t.Errorf("%s was acknowledged and is lost", id)
		}
		return true
	})
	refused.Range(func(id, _ any) bool {
		if counts[1]++; there(id) {
			t.Errorf("%s was refused and is there", id)
		}
		return true
	})
	unknown.Range(func(id, _ any) bool {
		counts[2]++
		there(id)
		return true
	})
	t.Logf("%d acknowledged, %d refused, %d unknown", counts[0], counts[1], counts[2])
}

// TestKill kills a real process while it commits. Run with the variable set,
// the test is that process: it prints the number of each acknowledged batch.
func TestKill(t *testing.T) {
	const dsnVar = "PGSTORE_TEST_DSN"
	if dsn := os.Getenv(dsnVar); dsn != "" {
		commitForEver(t, dsn)
	}
	dsn := postgres.Database(t)
	db := open(t, dsn, quiet())
	n := 0
	for _, more := range []int{1, 20, 300} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), dsnVar+"="+dsn)
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
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // killed
		for _, k := range []store.Key{"a/", "z/"} {
			if n = 0; acked > 0 {
				for _, err := range db.Scan(t.Context(), store.Prefix(k)) {
					if err != nil {
						t.Fatal(err)
					}
					n++
				}
			}
			if n < acked {
				t.Fatalf("%d records %s, %d batches were acknowledged", n, k, acked)
			}
		}
	}
}

func commitForEver(t *testing.T, dsn string) {
	db, err := Open(t.Context(), dsn, quiet())
	if err != nil {
		t.Fatal(err)
	}
	i := 1
	for range db.Scan(t.Context(), store.Prefix("a/")) {
		i++
	}
	for ; ; i++ {
		b := putting(store.Key(fmt.Sprintf("a/%08d", i)), strings.Repeat("a", 1000))
		b.Put(store.Key(fmt.Sprintf("z/%08d", i)), nil)
		if err := db.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("ack %d\n", i)
	}
}

// TestTimeout: a database that is too slow is unavailable; what it was told in
// vain is not written later.
func TestTimeout(t *testing.T) {
	dsn := postgres.Database(t)
	opts := quiet()
	opts.Timeout = time.Second // connections must be made within it
	db, other := open(t, dsn, opts), session(t, dsn)
	if err := db.Commit(t.Context(), putting("a/1", "v")); err != nil {
		t.Fatal(err)
	}
	run(t, other, "begin")
	run(t, other, "lock table records_a in access exclusive mode")
	if err := db.Commit(t.Context(), putting("a/2", "v")); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Commit: %v", err)
	}
	if _, err := db.Get(t.Context(), "a/1"); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: %v", err)
	}
	for _, err := range db.Scan(t.Context(), store.Prefix("a/")) {
		if !errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.Canceled) {
			t.Errorf("Scan: %v", err)
		}
	}
	run(t, other, "commit")
	if _, err := db.Get(t.Context(), "a/2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the batch that was refused: %v", err)
	}
}

// TestStandbyMissing: a commit that the standby does not confirm is not shown,
// and when the server gives up waiting for it, it is unknown, not done.
func TestStandbyMissing(t *testing.T) {
	server := postgres.New(t)
	dsn := server.Database(t)
	opts := quiet()
	opts.Writers, opts.Timeout = 1, 2*time.Second
	db, other := open(t, dsn, opts), session(t, dsn)
	if err := db.Commit(t.Context(), putting("a/1", "v")); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Get(t.Context(), "a/1"); err != nil {
		t.Fatal(err)
	}
	server.Exec(t, "alter system set synchronous_standby_names = 'nobody'")
	server.Exec(t, "select pg_reload_conf()")
	t.Cleanup(func() {
		server.Exec(t, "alter system reset synchronous_standby_names")
		server.Exec(t, "select pg_reload_conf()")
	})
	await(t, other, "select count(*) from pg_settings where name = 'synchronous_standby_names' and setting = 'nobody'")
	answer := make(chan error)
	go func() { answer <- db.Commit(t.Context(), putting("a/2", "v")) }()
	const stuck = "from pg_stat_activity where wait_event = 'SyncRep'"
	await(t, other, "select count(*) "+stuck)
	if v, err := db.Get(t.Context(), "a/2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what is not confirmed shows: %q, %v", v, err)
	}
	run(t, other, "select pg_cancel_backend(pid) "+stuck)
	if err := <-answer; !errors.Is(err, store.ErrUnknown) {
		t.Errorf("Commit: %v", err)
	}
	// Now PostgreSQL shows it, on the standby or not.
	if v, err := db.Get(t.Context(), "a/2"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("what is not confirmed shows when the wait was broken off: %q, %v", v, err)
	}
	for rec, err := range db.Scan(t.Context(), store.Prefix("a/")) {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("and in a scan: %q, %v", rec, err)
		}
	}
	server.Exec(t, "alter system reset synchronous_standby_names")
	server.Exec(t, "select pg_reload_conf()")
	await(t, other, "select count(*) from pg_settings where name = 'synchronous_standby_names' and setting = ''")
	if v, err := db.Get(t.Context(), "a/2"); err != nil || string(v) != "v" {
		t.Errorf("when no standby is needed any more: %q, %v", v, err)
	}
}
