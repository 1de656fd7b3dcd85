package pgstore

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// filled is a store with n records of the kind m, each of 1 kB.
func filled(t *testing.T, dsn string, opts Options, n int) *DB {
	t.Helper()
	db := open(t, dsn, opts)
	for from := 0; from < n; from += 1000 {
		b := new(store.Batch)
		for i := from; i < min(from+1000, n); i++ {
			b.Put(store.Key(fmt.Sprintf("m%06d", i)), bytes.Repeat([]byte{'v'}, 1000))
		}
		if err := db.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// TestScanStreams: while the body of a long scan runs, the rest of the rows is
// still with the server.
func TestScanStreams(t *testing.T) {
	dsn := postgres.Database(t)
	db := filled(t, dsn, quiet(), 20_000)
	other := session(t, dsn)
	for range db.Scan(t.Context(), store.Prefix("m")) {
		await(t, other, "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and wait_event = 'ClientWrite'")
		break
	}
	await(t, other, "select count(*) from (select 1 from pg_stat_activity where datname = current_database() and state = 'active' having count(*) = 1) as alone") // broken off
}

// TestScanHoldsNoConnection: with one connection for reads, long scans inside
// long scans, with reads and commits inside, do not wait for each other.
func TestScanHoldsNoConnection(t *testing.T) {
	opts := quiet()
	opts.Readers, opts.Writers = 1, 1
	db := filled(t, postgres.Database(t), opts, 3000)
	var depth func(n int) int
	depth = func(n int) (seen int) {
		for rec, err := range db.Scan(t.Context(), store.Prefix("m")) {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen == 1500 && n > 0 {
				if _, err := db.Get(t.Context(), rec.Key); err != nil {
					t.Fatal(err)
				}
				if err := db.Commit(t.Context(), putting("a/"+rec.Key, "v")); err != nil {
					t.Fatal(err)
				}
				if inner := depth(n - 1); inner != 3000 {
					t.Fatalf("%d inner records", inner)
				}
			}
		}
		return seen
	}
	if n := depth(4); n != 3000 {
		t.Errorf("%d records", n)
	}
}

// TestScanIsCut: a connection that ends under a long scan ends it with an error.
func TestScanIsCut(t *testing.T) {
	dsn := postgres.Database(t)
	db := filled(t, dsn, quiet(), 20_000)
	other := session(t, dsn)
	n, failed := 0, false
	for _, err := range db.Scan(t.Context(), store.Prefix("m")) {
		if failed {
			t.Fatal("a record after the error")
		}
		if failed = err != nil; failed && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("record %d: %v", n, err)
		}
		if n++; n == 1 {
			run(t, other, "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
		}
	}
	if !failed || n >= 20_000 {
		t.Errorf("%d records and no error", n)
	}
}

// TestScanGoesByTheKey: whatever the planner knows of the tables, no statement
// reads or sorts a whole table.
func TestScanGoesByTheKey(t *testing.T) {
	dsn := postgres.Database(t)
	db := open(t, dsn, quiet())
	for _, r := range []store.Range{store.Prefix("m"), {Start: "m1", End: "m2", Reverse: true}} {
		sql, args := query(r)
		rows, err := db.pool.Query(t.Context(), "explain "+sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []byte
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			plan = append(append(plan, line...), '\n')
		}
		if bytes.Contains(plan, []byte("Seq Scan")) || bytes.Contains(plan, []byte("Sort  ")) {
			t.Errorf("%+v:\n%s", r, plan)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSnapshotIsCut: a snapshot ends with its connection; nothing else keeps it from
// waiting, such as a limit of the database on idle transactions.
func TestSnapshotIsCut(t *testing.T) {
	dsn := postgres.Database(t)
	db, other := filled(t, dsn, quiet(), 2000), session(t, dsn)
	run(t, other, "do $$ begin execute format('alter database %I set idle_in_transaction_session_timeout = 50', current_database()); end $$")
	snap, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := func() (n int, err error) {
		for _, e := range snap.Scan(t.Context(), store.Prefix("m")) {
			if e != nil {
				return n, e
			}
			n++
		}
		return n, nil
	}
	run(t, other, "select pg_sleep(0.2)")
	if n, err := count(); n != 2000 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
	run(t, other, "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'")
	if n, err := count(); n != 0 || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("after its connection: %d records, %v", n, err)
	}
	if err := snap.Close(); err != nil {
		t.Error(err)
	}
	if _, err := count(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
	if err := db.Close(); err != nil { // which waits for snapshots that are open
		t.Error(err)
	}
	if _, err := db.Snapshot(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("of a closed store: %v", err)
	}
}
