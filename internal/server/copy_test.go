package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/test/postgres"
)

// source is a store with n records of two kinds, besides what every store has.
func source(t *testing.T, n int) *memstore.DB {
	t.Helper()
	db := memstore.New()
	if _, err := ledger.Open(t.Context(), db, clock.New()); err != nil {
		t.Fatal(err)
	}
	b := new(store.Batch)
	for i := range n {
		b.Put(store.Key(fmt.Sprintf("a%05d", i)), []byte(fmt.Sprint("agent ", i)))
		b.Put(store.Key(fmt.Sprintf("p%05d", i)), []byte(fmt.Sprint("phone ", i)))
	}
	if err := db.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return db
}

// wrong is a store that writes something else than it is told.
type wrong struct {
	store.DB
	spoil func(b *store.Batch)
}

func (w *wrong) Commit(ctx context.Context, b *store.Batch) error {
	w.spoil(b)
	return w.DB.Commit(ctx, b)
}

// A copy that is not what the source is does not go through, and the error names
// the kind of what is wrong.
func TestCopyFindsMistakes(t *testing.T) {
	const n = 3000
	for name, c := range map[string]struct {
		spoil func(b *store.Batch) // of the records of phones
		want  string
	}{
		"right":       {func(*store.Batch) {}, ""},
		"one dropped": {func(b *store.Batch) { b.Puts = b.Puts[:len(b.Puts)-1] }, "the copy 2999 records"},
		"one changed": {func(b *store.Batch) { b.Puts[0].Value = append(b.Puts[0].Value[:6:6], '!') }, "phones: "},
		"one renamed": {func(b *store.Batch) { b.Puts[0].Key += "x" }, "phones: "},
		"two swapped": {func(b *store.Batch) {
			b.Puts[0].Value, b.Puts[1].Value = b.Puts[1].Value, b.Puts[0].Value
		}, "phones: "},
		"one moved": {func(b *store.Batch) { b.Puts[0].Key = "z" + b.Puts[0].Key[1:] }, "damaged records: the source has none, the copy 1 records"},
		"all lost":  {func(b *store.Batch) { b.Puts = nil }, ", the copy none"},
	} {
		t.Run(name, func(t *testing.T) {
			src, dst := source(t, n), &wrong{DB: memstore.New()}
			done := false
			dst.spoil = func(b *store.Batch) { // all records come in one batch
				isPhone := func(r store.Record) bool { return r.Key.Kind() == 'p' }
				first := slices.IndexFunc(b.Puts, isPhone)
				phones := &store.Batch{Puts: slices.Clone(b.Puts[first : first+n])}
				c.spoil(phones)
				b.Puts = slices.Replace(b.Puts, first, first+n, phones.Puts...)
				done = true
			}
			var copied atomic.Int64
			kinds, err := copyRecords(t.Context(), src, dst, &copied)
			if !done {
				t.Fatal("nothing was spoilt")
			}
			if c.want == "" {
				if err != nil || len(kinds) != 3 || kinds[1].Records != n || copied.Load() != 2*n+1 {
					t.Errorf("%+v, %d copied, %v", kinds, copied.Load(), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// A source that changes while it is copied shows; a destination that fails ends the
// copy with its error.
func TestCopyEndsWithErrors(t *testing.T) {
	src, dst := source(t, 10), &wrong{DB: memstore.New()}
	dst.spoil = func(*store.Batch) {
		b := new(store.Batch)
		b.Put("a-late", []byte("agent"))
		if err := src.Commit(t.Context(), b); err != nil {
			t.Error(err)
		}
	}
	var copied atomic.Int64
	if _, err := copyRecords(t.Context(), src, dst, &copied); err == nil || !strings.Contains(err.Error(), "agents: the source has 11 records") {
		t.Errorf("a source that changes: %v", err)
	}
	closed := memstore.New()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := copyRecords(t.Context(), src, closed, &copied); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a destination that fails: %v", err)
	}
	if _, err := copyRecords(t.Context(), closed, dst, &copied); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a source that fails: %v", err)
	}
}

// forgetful is a store whose first snapshot misses a record.
type forgetful struct {
	*memstore.DB
	miss store.Key
}

func (f *forgetful) Snapshot(ctx context.Context) (store.Snapshot, error) {
	s, err := f.DB.Snapshot(ctx)
	miss := f.miss
	f.miss = ""
	return missing{s, miss}, err
}

type missing struct {
	store.Snapshot
	miss store.Key
}

func (m missing) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for rec, err := range m.Snapshot.Scan(ctx, r) {
			if rec.Key != m.miss && !yield(rec, err) {
				return
			}
		}
	}
}

// What was not read the first time is missed when the source is read again.
func TestCopyReadsTwice(t *testing.T) {
	var copied atomic.Int64
	_, err := copyRecords(t.Context(), &forgetful{source(t, 10), "a00003"}, memstore.New(), &copied)
	if err == nil || !strings.Contains(err.Error(), "agents: the source has 10 records") || !strings.Contains(err.Error(), "the copy 9 records") {
		t.Error(err)
	}
}

// at is the configuration of a store with records, or of an empty one.
func at(t *testing.T, dsn string, records ...store.Record) Config {
	t.Helper()
	cfg := Default()
	cfg.Data, cfg.Store.Postgres = filepath.Join(t.TempDir(), "data"), dsn
	if len(records) > 0 {
		db, err := openStore(t.Context(), &cfg, quiet, unobserved)
		if err == nil {
			err = errors.Join(db.Commit(t.Context(), &store.Batch{Puts: records}), db.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

const format = store.Key("xformat") // as internal/ledger has it

// Every kind of store is copied to every kind. The format comes with it, and numbers
// go on after all that the source gave.
func TestCopyBetweenAllStores(t *testing.T) {
	const given = 1 << 61
	pg := postgres.New(t)
	for _, from := range []string{"", pg.Database(t)} {
		for _, to := range []string{"", pg.Database(t)} {
			src, dst := at(t, from, store.Record{Key: format, Value: []byte{1, 1}}, store.Record{Key: "a1", Value: []byte("agent")}), at(t, to)
			last := numbered(t, src, given)
			var copied atomic.Int64
			kinds, err := Copy(t.Context(), src, dst, &copied)
			if err != nil || len(kinds) != 2 || copied.Load() != 2 {
				t.Fatalf("%q to %q: %+v, %d copied, %v", from, to, kinds, copied.Load(), err)
			}
			if next := numbered(t, dst, 0); last > 0 && next > 0 && next <= last {
				t.Errorf("the copy gives the number %d, the source gave %d", next, last)
			}
			db, err := openExisting(t.Context(), &dst, quiet)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := db.Get(t.Context(), "a1"); err != nil || string(v) != "agent" {
				t.Errorf("%q, %v", v, err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// numbered takes a number of the store of cfg; 0 if it gives none.
func numbered(t *testing.T, cfg Config, atLeast uint64) (n uint64) {
	t.Helper()
	db, err := openStore(t.Context(), &cfg, quiet, unobserved)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := db.(store.Sequencer); ok {
		n, err = s.Sequence(t.Context(), atLeast)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return n
}

// What a newer program wrote, or no program of ours, is refused before anything is
// written, and leaves no directory.
func TestCopyRefuses(t *testing.T) {
	for want, records := range map[string][]store.Record{
		"use a newer openrbm": {{Key: format, Value: []byte{1, 99}}},
		"no store of openrbm": {{Key: "a1", Value: []byte("agent")}},
	} {
		to := at(t, "")
		var copied atomic.Int64
		if _, err := Copy(t.Context(), at(t, "", records...), to, &copied); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if list, err := os.ReadDir(filepath.Dir(to.Data)); err != nil || len(list) > 0 {
			t.Errorf("left behind: %v, %v", list, err)
		}
	}
}

func TestPlaces(t *testing.T) {
	for place, want := range map[string]string{
		"pebble:/data":                        "",
		"postgres://user@localhost/openrbm":   "",
		"postgresql://user@localhost/openrbm": "",
		"pebble:":                             "needs a directory",
		"/data":                               "pebble:DIR, postgres://… or config:FILE",
		"config:/nowhere.toml":                "no such file",
		"postgres://user:hidden@host:port/db": "port",
	} {
		c, err := ParsePlace(place)
		switch {
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden")):
			t.Errorf("%s: %v, want %q and no password", place, err, want)
		case want == "" && err != nil:
			t.Errorf("%s: %v", place, err)
		case want == "" && c.Data != "/data" && c.Store.Postgres != place:
			t.Errorf("%s: %+v", place, c)
		}
	}
}
