package pebblestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

const (
	writers   = 256
	valueSize = 1000
)

// messageBatch is what accepting a message costs the store: the message, its
// dedupe record and its place in the mailbox, if the message is new.
func messageBatch(n uint64, value []byte) *store.Batch {
	var id [16]byte
	h := n * 0x9e3779b97f4a7c15
	binary.BigEndian.PutUint64(id[:], h)
	binary.BigEndian.PutUint64(id[8:], n)
	b := new(store.Batch)
	dedupe := store.Key("d/agent/" + fmt.Sprintf("%x", id))
	b.Absent(dedupe)
	b.Put(dedupe, id[8:])
	b.Put(store.Key(fmt.Sprintf("m/%016x", n)), value)
	b.Put(store.Key(fmt.Sprintf("q/+1555%07d/%016x", h%100_000, n)), id[8:])
	return b
}

// json1k is a value that compresses about as well as a rich card does.
func json1k(rng *rand.Rand) []byte {
	var v bytes.Buffer
	for v.Len() < valueSize {
		fmt.Fprintf(&v, `{"suggestion":{"reply":{"text":"Yes %x","postbackData":"%x-%x"}}},`, rng.Uint32(), rng.Uint64(), rng.Uint64())
	}
	return v.Bytes()[:valueSize]
}

// load has the writers commit the messages from+1 to from+n between them, and
// returns how long that took.
func load(b *testing.B, from, n int, commit func(*store.Batch) error) time.Duration {
	next, last := new(atomic.Uint64), uint64(from+n)
	next.Store(uint64(from))
	var wg sync.WaitGroup
	start := time.Now()
	for w := range writers {
		wg.Go(func() {
			value := json1k(rand.New(rand.NewPCG(4, uint64(w))))
			for i := next.Add(1); i <= last; i = next.Add(1) {
				if err := commit(messageBatch(i, value)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// BenchmarkCommit: 256 writers, durable before the answer, and in turn with it
// the same bytes appended to a bare log with group fsync. vs-rawlog is how much of
// the log's rate the store reaches: the median of five rounds, in all of which the
// store is the same one and grows.
func BenchmarkCommit(b *testing.B) {
	const rounds, messages = 5, 60_000
	dir := b.TempDir()
	log := newRawLog(b, filepath.Join(dir, "log"))
	opts := quiet(nil)
	var groups, batches int
	opts.Observe = func(n int, _ time.Duration) { groups, batches = groups+1, batches+n }
	db := open(b, filepath.Join(dir, "db"), opts)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		var ratios, rates, logRates []float64
		var cpu time.Duration
		for round := range rounds {
			bare := load(b, round*messages, messages, log.commit)
			before := cpuTime(b)
			took := load(b, round*messages, messages, func(batch *store.Batch) error { return db.Commit(ctx, batch) })
			cpu += cpuTime(b) - before
			ratios = append(ratios, bare.Seconds()/took.Seconds())
			rates, logRates = append(rates, messages/took.Seconds()), append(logRates, messages/bare.Seconds())
		}
		b.ReportMetric(median(ratios), "vs-rawlog")
		b.ReportMetric(median(rates), "commits/s")
		b.ReportMetric(median(logRates), "log-commits/s")
		b.ReportMetric(float64(cpu.Microseconds())/(rounds*messages), "cpu-µs/commit")
		b.ReportMetric(0, "ns/op")
	}
	log.close(b)
	total := db.pebble.Metrics().Total()
	wal := db.pebble.Metrics().WAL
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(batches)/float64(groups), "batches/group")
	b.ReportMetric(float64(total.TableBytesFlushed+total.TableBytesCompacted+wal.BytesWritten)/float64(wal.BytesIn), "written/byte")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// cpuTime is what the process has used so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rawLog appends whole batches to one file; those that arrive while one sync
// runs share the next.
type rawLog struct {
	f       *os.File
	mu      sync.Mutex
	buf     []byte
	waiting []chan error
	wake    chan struct{}
	done    chan struct{}
}

func newRawLog(b *testing.B, name string) *rawLog {
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	l := &rawLog{f: f, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go l.run()
	return l
}

func (l *rawLog) run() {
	defer close(l.done)
	var spare []byte
	for range l.wake {
		l.mu.Lock()
		buf, waiting := l.buf, l.waiting
		l.buf, l.waiting = spare[:0], nil
		l.mu.Unlock()
		_, err := l.f.Write(buf)
		if err == nil {
			err = l.f.Sync()
		}
		for _, w := range waiting {
			w <- err
		}
		spare = buf
	}
}

func (l *rawLog) commit(b *store.Batch) error {
	done := make(chan error, 1)
	l.mu.Lock()
	for _, p := range b.Puts {
		l.buf = binary.AppendUvarint(l.buf, uint64(len(p.Key)))
		l.buf = append(l.buf, p.Key...)
		l.buf = binary.AppendUvarint(l.buf, uint64(len(p.Value)))
		l.buf = append(l.buf, p.Value...)
	}
	l.waiting = append(l.waiting, done)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return <-done
}

func (l *rawLog) close(b *testing.B) {
	close(l.wake)
	<-l.done
	if err := l.f.Close(); err != nil {
		b.Fatal(err)
	}
}

// filled is a store with n messages, most of them in the lowest level.
func filled(b *testing.B, n int) *DB {
	db := open(b, b.TempDir(), quiet(nil))
	ctx := context.Background()
	load(b, 0, n, func(batch *store.Batch) error { return db.Commit(ctx, batch) })
	if err := db.pebble.Compact(ctx, []byte("a"), []byte("z"), false); err != nil {
		b.Fatal(err)
	}
	return db
}

// BenchmarkGetAbsent: most keys asked for do not exist; pebble.Get, beside it,
// has no use of the bloom filters on the last level.
func BenchmarkGetAbsent(b *testing.B) {
	db := filled(b, 200_000)
	ctx := context.Background()
	keys := make([]store.Key, 1<<14)
	for i := range keys {
		keys[i] = messageBatch(1<<40+uint64(i), nil).Checks[0].Key
	}
	absent := func(name string, get func(store.Key) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if err := get(keys[n%len(keys)]); err == nil {
					b.Fatal("found")
				}
			}
		})
	}
	absent("Get", func(k store.Key) error { _, err := db.Get(ctx, k); return err })
	absent("pebble.Get", func(k store.Key) error { _, _, err := db.pebble.Get([]byte(k)); return err })
}

func BenchmarkScan1000(b *testing.B) {
	db := open(b, b.TempDir(), quiet(nil))
	ctx := context.Background()
	batch := new(store.Batch)
	for i := range 1000 {
		batch.Put(store.Key(fmt.Sprintf("q/+15550001234/%016x", i)), []byte("12345678"))
	}
	if err := db.Commit(ctx, batch); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range db.Scan(ctx, store.Prefix("q/")) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 1000 {
			b.Fatal(n)
		}
	}
}
