package pgstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// queued is how many messages are queued in the large store; OPENRBM_BENCH_GROWTH
// changes it for a trial.
func queued(b *testing.B) uint64 {
	s := os.Getenv("OPENRBM_BENCH_GROWTH")
	if s == "" {
		return 5_000_000
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n < 100_000 {
		b.Fatalf("OPENRBM_BENCH_GROWTH: %q is not a number from 100000 up", s)
	}
	return n
}

// few is how many messages are queued in the small store when a round begins.
const few = 10_000

// BenchmarkGrowth: the rate of commits of messages with many queued, against that
// with few, in turn, on one server; vs-10k is the median of the rounds. The messages come
// to any of 100,000 phones, under random ids. There is no checkpoint meanwhile, and every
// page of the indexes has been in the log since the last one, as it is most of the time: after
// a checkpoint each goes there whole, once, which costs the more pages the more is queued.
// The indexes of 5 million, 0.7 GB, have room in shared_buffers, as docs/operations.md wants it.
func BenchmarkGrowth(b *testing.B) {
	if testing.Short() {
		b.Skip("fills a store")
	}
	n := queued(b)
	b.Run(fmt.Sprint(n), func(b *testing.B) {
		server := postgres.New(b, "shared_buffers=2GB", "max_wal_size=5GB", "checkpoint_timeout=1h", "autovacuum=off")
		dsn := server.Database(b)
		db := open(b, dsn, quiet())
		begin := time.Now()
		last := min(n/10, 500_000) // after the checkpoint
		fill(b, dsn, 0, n-last)
		server.Exec(b, "checkpoint")
		fill(b, dsn, n-last, last)
		b.Logf("%d messages in %v, %d MiB in the database", n, time.Since(begin).Round(time.Second), databaseSize(b, dsn)>>20)
		measureGrowth(b, server, db, n)
	})
}

func measureGrowth(b *testing.B, server *postgres.Server, large *DB, n uint64) {
	const rounds, warmUp, messages = 9, 15, 10_000
	var ratios, rates []float64
	rate := func(db *DB, first uint64) float64 {
		took := load(b, first, messages, func(batch *store.Batch) error { return db.Commit(context.Background(), batch) })
		return messages / took.Seconds()
	}
	// Connections, statements, and the pages of the indexes, which the filling has left outside
	// of shared_buffers.
	for warm := range uint64(warmUp) {
		rate(large, n+warm*messages)
	}
	n += warmUp * messages
	for round := range uint64(rounds) {
		dsn := server.Database(b)
		small := open(b, dsn, quiet())
		fill(b, dsn, 0, few)
		of := rate(small, few)
		ours := rate(large, n+round*messages)
		if err := small.Close(); err != nil {
			b.Fatal(err)
		}
		b.Logf("%.0f/s with %d queued, %.0f/s with %d", of, few, ours, n)
		ratios, rates = append(ratios, ours/of), append(rates, ours)
	}
	b.ReportMetric(median(rates), "commits/s")
	b.ReportMetric(median(ratios), "vs-10k")
	b.ReportMetric(slices.Min(ratios), "vs-10k-min")
	b.ReportMetric(slices.Max(ratios), "vs-10k-max")
	b.ReportMetric(0, "ns/op")
}

// fill queues the messages first+1 to first+n as load would, in their order, by
// way of COPY: a connection for each table.
func fill(b *testing.B, dsn string, first, n uint64) {
	b.Helper()
	var values [256][]byte
	rng := rand.New(rand.NewPCG(5, first))
	for i := range values {
		values[i] = json1k(rng)
	}
	var wg sync.WaitGroup
	for part := range 3 {
		wg.Go(func() {
			if err := copyIn(dsn, part, first, n, func(i uint64) []byte { return values[i%256] }); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// copyIn copies the given one of the puts of each batch into its table.
func copyIn(dsn string, part int, first, n uint64, value func(i uint64) []byte) error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	i := uint64(0)
	rows := pgx.CopyFromFunc(func() ([]any, error) {
		if i == n {
			return nil, nil
		}
		i++
		put := messageBatch(first+i, value(i)).Puts[part]
		return []any{[]byte(put.Key), put.Value}, nil
	})
	table := tableName(tableOf(messageBatch(0, nil).Puts[part].Key))
	_, err = c.CopyFrom(ctx, pgx.Identifier{table}, []string{"key", "body"}, rows)
	return err
}

func databaseSize(b *testing.B, dsn string) (n int64) {
	c, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(context.Background())
	if err := c.QueryRow(context.Background(), "select pg_database_size(current_database())").Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}
