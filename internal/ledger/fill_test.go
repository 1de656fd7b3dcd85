package ledger

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// records writes what a store of this program has at least, and more.
func records(t *testing.T, db store.DB, format uint64, more ...store.Record) {
	t.Helper()
	b := store.Batch{Puts: more}
	b.Put(formatKey, encodeFormat(format))
	if err := db.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
}

// Nobody opens a store that is being filled, nor fills it a second time, until it
// is finished; then what processes kept of themselves is gone, and numbers go on
// after the last place.
func TestFillIsNotServed(t *testing.T) {
	db := memstore.New()
	refused := func() {
		t.Helper()
		if _, err := Open(t.Context(), db, clock.New()); !errors.Is(err, ErrUnfinished) {
			t.Errorf("opened: %v", err)
		}
		if _, err := Fill(t.Context(), db); !errors.Is(err, ErrUnfinished) {
			t.Errorf("filled twice: %v", err)
		}
		if err := Readable(t.Context(), db); !errors.Is(err, ErrUnfinished) {
			t.Errorf("readable: %v", err)
		}
	}
	f, err := Fill(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	refused()
	if k, err := anyKey(t.Context(), f); k != "" || err != nil {
		t.Errorf("the mark shows: %q, %v", k, err)
	}
	last := uint64(seqAt(clock.New().Now())) + 1<<40
	var kept []store.Record
	for i := range 2*cleared + 1 {
		kept = append(kept, store.Record{Key: onlineKey(fmt.Sprint("+1", i)), Value: encodeOnline("n")})
	}
	kept = append(kept, store.Record{Key: key(kindNode, "n"), Value: []byte("{}")}, store.Record{Key: key(kindLease, "l"), Value: []byte("{}")},
		store.Record{Key: bodyKey(Seq(last)), Value: []byte("body")})
	records(t, f, formatVersion(), kept...)
	refused()
	if err := f.Finish(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := Readable(t.Context(), db); err != nil {
		t.Error(err)
	}
	if n, err := db.Sequence(t.Context(), 0); err != nil || n <= last+1 {
		t.Errorf("the next number is %d, %v, want more than %d", n, err, last)
	}
	for _, kind := range []byte{kindNode, kindOnline, kindLease} {
		for rec, err := range db.Scan(t.Context(), store.Prefix(key(kind))) {
			t.Fatalf("%q is left, %v", rec.Key, err)
		}
	}
	if _, err := Open(t.Context(), db, clock.New()); err != nil {
		t.Error(err)
	}
	if err := f.Finish(t.Context(), 0); !errors.Is(err, store.ErrConflict) {
		t.Errorf("finished twice: %v", err)
	}
}

// What is not empty is not filled; what is not whole, or newer, is not finished.
func TestFillRefuses(t *testing.T) {
	founded := memstore.New()
	if _, err := Open(t.Context(), founded, clock.New()); err != nil {
		t.Fatal(err)
	}
	if _, err := Fill(t.Context(), founded); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a founded store: %v", err)
	}
	if err := Readable(t.Context(), memstore.New()); err == nil || !strings.Contains(err.Error(), "no store of openrbm") {
		t.Errorf("an empty store: %v", err)
	}
	for want, put := range map[string]func(db store.DB){
		"which format": func(db store.DB) {},
		"newer openrbm": func(db store.DB) {
			records(t, db, formatVersion()+1)
		},
	} {
		db := memstore.New()
		f, err := Fill(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		put(f)
		if err := f.Finish(t.Context(), 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("finished: %v, want %q", err, want)
		}
		if _, err := Open(t.Context(), db, clock.New()); !errors.Is(err, ErrUnfinished) {
			t.Errorf("opened: %v", err)
		}
	}
}

// An empty store is either founded or filled, also if both begin at once.
func TestFillOrFound(t *testing.T) {
	for range 50 {
		db := memstore.New()
		filled := make(chan error, 1)
		go func() {
			_, err := Fill(t.Context(), db)
			filled <- err
		}()
		_, opened := Open(t.Context(), db, clock.New())
		if err := <-filled; (err == nil) == (opened == nil) {
			t.Fatalf("filled: %v, founded: %v", err, opened)
		}
	}
}

// An unknown outcome of the first or the last commit is read back.
func TestFillUnknown(t *testing.T) {
	db := &faulty{DB: memstore.New()}
	db.fail(unknownStored)
	f, err := Fill(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	records(t, f, formatVersion())
	db.fail(unknownStored)
	if err := f.Finish(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), db, clock.New()); err != nil {
		t.Error(err)
	}
}

// Every kind has a name of its own.
func TestKindNames(t *testing.T) {
	seen := map[string]byte{}
	for kind, name := range kindNames {
		if other, twice := seen[name]; twice || KindName(kind) != name {
			t.Errorf("%q and %q are both %q", kind, other, name)
		}
		seen[name] = kind
	}
	if got := KindName(0xfe); got != `kind 'þ'` {
		t.Errorf("a kind that there is not: %s", got)
	}
}
