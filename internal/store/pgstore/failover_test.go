package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// TestFailOver kills the primary under the load of two stores and promotes the
// synchronous standby: what was acknowledged is there, what was refused is not, reading
// back what was unknown tells what will stay, hints come again, and whoever asks for a
// number gets one that is greater than all that were used before, though its clock
// says nothing.
func TestFailOver(t *testing.T) {
	primary := postgres.New(t, "wal_writer_delay=10s") // the sequence's commits wait long for the disk
	primary.Exec(t, "create database openrbm")
	standby := primary.Standby(t)
	dsn := primary.Either(standby, "openrbm")
	nodes := []*DB{open(t, dsn, quiet()), open(t, dsn, quiet())}
	listening, heard := make(chan bool, 100), make(chan bool, 100)
	go func() {
		for t.Context().Err() == nil {
			_ = nodes[1].Listen(t.Context(), func() { listening <- true }, func(string) { heard <- true }) // until it breaks
		}
	}()
	<-listening

	var acks, failures atomic.Int64
	var greatest atomic.Uint64 // of the numbers in acknowledged commits
	var acked, refused sync.Map
	enough := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 16 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-enough:
					return
				default:
				}
				db, before := nodes[(w+i)%2], greatest.Load()
				n, err := db.Sequence(t.Context(), 1)
				if err != nil {
					failures.Add(1)
					continue
				}
				if n <= before {
					t.Errorf("the number %d was given after one that was given after %d was acknowledged", n, before)
				}
				k := store.Key(fmt.Sprintf("a/%d/%d", w, i))
				switch err := commitOrReadBack(db, k); {
				case err == nil:
					acked.Store(k, true)
					acks.Add(1)
					for old := greatest.Load(); n > old && !greatest.CompareAndSwap(old, n); old = greatest.Load() {
					}
				case errors.Is(err, store.ErrUnknown):
				case errors.Is(err, store.ErrUnavailable):
					refused.Store(k, true)
					failures.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	count(&acks, 500)
	primary.Crash(t)
	count(&failures, 100)
	standby.Promote(t)
	count(&acks, 500)
	close(enough)
	writers.Wait()

	n := 0
	acked.Range(func(k, _ any) bool {
		n++
		if _, err := nodes[n%2].Get(t.Context(), k.(store.Key)); err != nil {
			t.Errorf("%s was acknowledged: %v", k, err)
		}
		return true
	})
	refused.Range(func(k, _ any) bool {
		if _, err := nodes[0].Get(t.Context(), k.(store.Key)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s was refused: %v", k, err)
		}
		return true
	})
	<-listening
	for len(heard) == 0 {
		if err := nodes[0].Notify(t.Context(), "hint"); err != nil {
			t.Fatal(err)
		}
	}
}

// commitOrReadBack is a commit as the ledger makes it.
func commitOrReadBack(db *DB, k store.Key) error {
	b := putting(k, string(k))
	b.Absent(k)
	err := db.Commit(context.Background(), b)
	if errors.Is(err, store.ErrUnknown) {
		if v, readErr := db.Get(context.Background(), k); readErr == nil && string(v) == string(k) {
			return nil
		}
	}
	return err
}

// count waits until c has grown by n.
func count(c *atomic.Int64, n int64) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for want := c.Load() + n; c.Load() < want; {
		<-tick.C
	}
}

// TestSilentHost: a host that does not even refuse connections takes only its part of
// the time of the first call, and then none.
func TestSilentHost(t *testing.T) {
	server := postgres.New(t)
	server.Exec(t, "create database openrbm")
	opts := quiet()
	opts.Timeout = 3 * time.Second
	db := open(t, fmt.Sprintf("host=127.0.0.1,%s port=%d,5432 user=openrbm dbname=openrbm sslmode=disable", server.Dir(), silentPort(t)), opts)
	if err := db.Commit(t.Context(), putting("a/1", "v")); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Get(t.Context(), "a/1"); err != nil {
		t.Fatal(err)
	}
}

// silentPort is a port of this machine that does not answer: the queue of its
// connections is full.
func silentPort(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	local := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(syscall.Bind(fd, local), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := name.(*syscall.SockaddrInet4).Port
	for range 4 {
		c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err == nil {
			err = syscall.SetNonblock(c, true)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Close(c) })
		_ = syscall.Connect(c, &syscall.SockaddrInet4{Addr: local.Addr, Port: port}) // it is under way
	}
	return port
}
