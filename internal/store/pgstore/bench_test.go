package pgstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
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

// load has the writers commit n messages between them, numbered from first.
func load(b *testing.B, first, n uint64, commit func(*store.Batch) error) time.Duration {
	var next atomic.Uint64
	var wg sync.WaitGroup
	start := time.Now()
	for w := range writers {
		wg.Go(func() {
			value := json1k(rand.New(rand.NewPCG(4, uint64(w))))
			for i := next.Add(1); i <= n; i = next.Add(1) {
				if err := commit(messageBatch(first+i, value)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// BenchmarkAgainstUnnest: 256 writers, durable before the answer, in turn with a
// bare loop that inserts the same bytes with the same durability over as many
// connections. vs-unnest is how much of the loop's rate the store reaches, the
// median of the rounds.
func BenchmarkAgainstUnnest(b *testing.B) {
	const rounds, n = 7, 20_000
	opts := quiet()
	var groups, batches int
	opts.Observe = func(n int, _ time.Duration) { groups, batches = groups+1, batches+n }
	db := open(b, postgres.Database(b), opts)
	bare := newUnnest(b, postgres.Database(b), db.opts.Writers)
	ctx := context.Background()
	var rates, against []float64
	for round := range uint64(rounds) {
		insert := func() time.Duration { return load(b, round*n, n, bare.commit) }
		commit := func() time.Duration {
			return load(b, round*n, n, func(batch *store.Batch) error { return db.Commit(ctx, batch) })
		}
		var theirs, ours time.Duration
		if round%2 == 0 {
			theirs, ours = insert(), commit()
		} else {
			ours, theirs = commit(), insert()
		}
		rates = append(rates, float64(n)/ours.Seconds())
		against = append(against, theirs.Seconds()/ours.Seconds())
	}
	bare.close()
	b.ReportMetric(median(rates), "commits/s")
	b.ReportMetric(median(against), "vs-unnest")
	b.ReportMetric(slices.Min(against), "vs-unnest-min")
	b.ReportMetric(slices.Max(against), "vs-unnest-max")
	b.ReportMetric(float64(batches)/float64(groups), "batches/group")
	b.ReportMetric(0, "ns/op")
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// unnest inserts records that are known to be new, as fast as PostgreSQL takes
// them: no checks, no order, one statement a table.
type unnest struct {
	b       *testing.B
	mu      sync.Mutex
	wake    sync.Cond
	closed  bool
	queue   []*store.Batch
	waiting []chan error
	loops   sync.WaitGroup
}

func newUnnest(b *testing.B, dsn string, connections int) *unnest {
	u := &unnest{b: b}
	u.wake.L = &u.mu
	for i := range connections {
		c, err := pgx.Connect(context.Background(), dsn)
		if err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			for _, t := range "dmq" {
				if _, err := c.Exec(context.Background(), fmt.Sprintf("create table bare_%c (key bytea primary key, body bytea not null)", t)); err != nil {
					b.Fatal(err)
				}
			}
		}
		u.loops.Go(func() { u.run(c) })
	}
	return u
}

func (u *unnest) commit(b *store.Batch) error {
	done := make(chan error, 1)
	u.mu.Lock()
	u.queue, u.waiting = append(u.queue, b), append(u.waiting, done)
	u.wake.Signal()
	u.mu.Unlock()
	return <-done
}

func (u *unnest) run(c *pgx.Conn) {
	defer c.Close(context.Background())
	for {
		u.mu.Lock()
		for len(u.queue) == 0 && !u.closed {
			u.wake.Wait()
		}
		queue, waiting := u.queue, u.waiting
		u.queue, u.waiting = nil, nil
		u.mu.Unlock()
		if len(queue) == 0 {
			return
		}
		err := u.insert(c, queue)
		for _, w := range waiting {
			w <- err
		}
	}
}

func (u *unnest) insert(c *pgx.Conn, queue []*store.Batch) error {
	var keys, bodies [3][][]byte
	for _, b := range queue {
		for i, p := range b.Puts {
			keys[i], bodies[i] = append(keys[i], []byte(p.Key)), append(bodies[i], p.Value)
		}
	}
	var batch pgx.Batch
	for i, t := range "dmq" {
		batch.Queue(fmt.Sprintf("insert into bare_%c (key, body) select * from unnest($1::bytea[], $2::bytea[])", t), keys[i], bodies[i])
	}
	return c.SendBatch(context.Background(), &batch).Close()
}

func (u *unnest) close() {
	u.mu.Lock()
	u.closed = true
	u.wake.Broadcast()
	u.mu.Unlock()
	u.loops.Wait()
}
