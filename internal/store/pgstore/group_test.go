package pgstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

func putting(k store.Key, v string) *store.Batch {
	b := new(store.Batch)
	b.Put(k, []byte(v))
	return b
}

// session is a connection beside the store.
func session(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func run(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// patience is how long a test waits for what must come, less than the store does.
const patience = 30 * time.Second

// await asks the question until the answer is at least one. In a transaction,
// PostgreSQL answers what it answered first, unless it is told to look again.
func await(t *testing.T, c *pgx.Conn, question string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for n := 0; n == 0; {
		if ctx.Err() != nil {
			t.Fatalf("after %v still none: %s\n%s", patience, question, activity(t, c))
		}
		run(t, c, "select pg_stat_clear_snapshot()")
		if err := c.QueryRow(t.Context(), question).Scan(&n); err != nil {
			t.Fatalf("%s: %v", question, err)
		}
	}
}

// activity is what the sessions of the database do.
func activity(t *testing.T, c *pgx.Conn) (all string) {
	t.Helper()
	const sql = "select string_agg(concat_ws(' ', pid, state, wait_event_type, wait_event, query), E'\n') from pg_stat_activity where datname = current_database()"
	if err := c.QueryRow(t.Context(), sql).Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

const waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"

// submitted submits the batches in order, without waiting for answers.
func submitted(t *testing.T, db *DB, batches ...*store.Batch) (sent []*request) {
	t.Helper()
	for _, b := range batches {
		r := &request{batch: b, done: make(chan error, 1)}
		if err := db.submit(r); err != nil {
			t.Fatal(err)
		}
		sent = append(sent, r)
	}
	return sent
}

// oneByOne is what is left and what is answered when the batches are committed
// one after the other.
func oneByOne(have map[store.Key]string, batches []*store.Batch) (after map[store.Key]string, refused []bool) {
	after = maps.Clone(have)
	for _, b := range batches {
		holds := true
		for _, c := range b.Checks {
			v, ok := after[c.Key]
			holds = holds && ok != c.Absent && (c.Absent || v == string(c.Value))
		}
		refused = append(refused, !holds)
		if !holds {
			continue
		}
		for _, p := range b.Puts {
			after[p.Key] = string(p.Value)
		}
		for _, k := range b.Deletes {
			delete(after, k)
		}
	}
	return after, refused
}

// randomBatch writes and checks few keys, so that batches meet.
func randomBatch(rng *rand.Rand) *store.Batch {
	b := new(store.Batch)
	key := func() store.Key { return store.Key("ab"[rng.IntN(2):][:1]) + store.Key(rune('0'+rng.IntN(4))) }
	val := func() []byte { return []byte{byte('x' + rng.IntN(2))} }
	for range rng.IntN(3) {
		if rng.IntN(2) == 0 {
			b.Absent(key())
		} else {
			b.Equals(key(), val())
		}
	}
	written := map[store.Key]bool{}
	for range rng.IntN(4) {
		k := key()
		if written[k] {
			continue
		}
		written[k] = true
		if rng.IntN(3) == 0 {
			b.Delete(k)
		} else {
			b.Put(k, val())
		}
	}
	return b
}

// TestGroupIsAsOneAfterTheOther: batches that go out in one transaction are
// answered, and leave behind, what they would one after the other.
func TestGroupIsAsOneAfterTheOther(t *testing.T) {
	dsn := postgres.Database(t)
	opts := quiet()
	opts.Writers = 1
	sizes := map[int]bool{}
	opts.Observe = func(n int, _ time.Duration) { sizes[n] = true }
	db, other := open(t, dsn, opts), session(t, dsn)
	have := map[store.Key]string{}
	conflicts := 0
	for seed := range uint64(60) {
		run(t, other, "begin")
		run(t, other, "lock table records_x")
		sent := submitted(t, db, putting("x", "gate"))
		await(t, other, waiting)
		rng := rand.New(rand.NewPCG(6, seed))
		var batches []*store.Batch
		for range 1 + rng.IntN(8) {
			batches = append(batches, randomBatch(rng))
		}
		sent = append(sent, submitted(t, db, batches...)...)
		run(t, other, "commit")
		if err := <-sent[0].done; err != nil {
			t.Fatal(err)
		}
		after, refused := oneByOne(have, batches)
		for i, r := range sent[1:] {
			if err := <-r.done; errors.Is(err, store.ErrConflict) != refused[i] || err != nil && !refused[i] {
				t.Fatalf("seed %d, batch %d of %d, %+v on %v: %v, want a conflict: %t", seed, i, len(batches), batches[i], have, err, refused[i])
			}
			if refused[i] {
				conflicts++
			}
		}
		found := map[store.Key]string{}
		for rec, err := range db.Scan(t.Context(), store.Range{Start: "a", End: "c"}) {
			if err != nil {
				t.Fatal(err)
			}
			found[rec.Key] = string(rec.Value)
		}
		if !maps.Equal(found, after) {
			t.Fatalf("seed %d: %+v on %v left %v, want %v", seed, batches, have, found, after)
		}
		have = after
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if !sizes[8] || conflicts == 0 {
		t.Errorf("group sizes %v, %d conflicts: the test tries too little", sizes, conflicts)
	}
}

// TestGroupsDoNotMeet: what touches the keys of a group in flight waits for it,
// what does not goes past.
func TestGroupsDoNotMeet(t *testing.T) {
	dsn := postgres.Database(t)
	db, other := open(t, dsn, quiet()), session(t, dsn)
	run(t, other, "begin")
	run(t, other, "lock table records_x")
	gate := putting("x", "gate")
	gate.Put("a/1", []byte("v"))
	gate.Absent("c/1")
	first := submitted(t, db, gate)[0]
	await(t, other, waiting)
	free := putting("a/2", "v") // a key of its own, and a check beside a check
	free.Absent("c/1")
	if err := db.Commit(t.Context(), free); err != nil {
		t.Fatal(err)
	}
	meets := putting("b/1", "v")
	meets.Equals("a/1", []byte("v"))
	second := submitted(t, db, meets)[0]
	select {
	case err := <-second.done:
		t.Errorf("a batch did not wait for what it checks: %v", err)
	default:
	}
	run(t, other, "commit")
	for i, r := range []*request{first, second} {
		if err := <-r.done; err != nil {
			t.Errorf("batch %d: %v", i, err)
		}
	}
}

// TestLeave: a caller that stops waiting may change its batch; reading back
// waits until the write is settled.
func TestLeave(t *testing.T) {
	dsn := postgres.Database(t)
	opts := quiet()
	opts.Writers = 1
	db, other := open(t, dsn, opts), session(t, dsn)
	run(t, other, "begin")
	run(t, other, "insert into records_y values ('y/1', 'v')")
	body := []byte("value")
	b := new(store.Batch)
	b.Put("x/1", body)
	b.Delete("y/1") // undone and tried again when the row comes to light
	soon, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- db.Commit(soon, b) }()
	await(t, other, waiting)
	queued := make(chan error, 1)
	later, cancelLater := context.WithCancel(t.Context())
	go func() { queued <- db.Commit(later, putting("z", "v")) }()
	cancelLater()
	if err := <-queued; !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnknown) {
		t.Errorf("a batch that no writer has: %v", err)
	}
	cancel()
	if err := <-left; !errors.Is(err, store.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("a batch that a writer has: %v", err)
	}
	copy(body, "XXXXX")
	got := make(chan string, 1)
	go func() {
		v, err := db.Get(t.Context(), "x/1")
		got <- fmt.Sprint(string(v), err)
	}()
	run(t, other, "commit")
	if v := <-got; v != "value<nil>" {
		t.Errorf("read back: %s", v)
	}
	for _, k := range []store.Key{"y/1", "z"} {
		if _, err := db.Get(t.Context(), k); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s is there: %v", k, err)
		}
	}
}
