package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

// underline stands for a real upgrade: it moves the documents "b NAME" to
// "b _NAME", three in a commit, and finds its own work again by their names.
func underline(ctx context.Context, db store.DB) error {
	r := store.Prefix(key(kindBrand))
	for {
		var b store.Batch
		for rec, err := range db.Scan(ctx, r) {
			if err != nil {
				return err
			}
			r.Start = rec.Key + sep
			if strings.HasPrefix(string(rec.Key[1:]), "_") {
				continue
			}
			b.Delete(rec.Key)
			b.Put(key(kindBrand, "_", string(rec.Key[1:])), slices.Clone(rec.Value))
			if len(b.Puts) == 3 {
				break
			}
		}
		if b.Empty() {
			return nil
		}
		if err := db.Commit(ctx, &b); err != nil {
			return err
		}
	}
}

// shout is the next one: all in one commit.
func shout(ctx context.Context, db store.DB) error {
	var b store.Batch
	for rec, err := range db.Scan(ctx, store.Prefix(key(kindBrand))) {
		if err != nil {
			return err
		}
		b.Put(rec.Key, []byte(strings.ToUpper(string(rec.Value))))
	}
	return db.Commit(ctx, &b)
}

// withUpgrades makes this program one that knows these, until the test ends.
func withUpgrades(t *testing.T, list ...upgrade) {
	before := upgrades
	upgrades = list
	t.Cleanup(func() { upgrades = before })
}

// oldStore is a store of the given format with n documents.
func oldStore(t *testing.T, format uint64, n int) store.DB {
	db := memstore.New()
	var b store.Batch
	b.Put(formatKey, encodeFormat(format))
	for i := range n {
		b.Put(key(kindBrand, fmt.Sprint(i)), []byte("document"))
	}
	if err := db.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return db
}

func wantUpgraded(t *testing.T, db store.DB, n int) {
	t.Helper()
	got := 0
	for rec, err := range db.Scan(t.Context(), store.Prefix(key(kindBrand))) {
		if err != nil || !strings.HasPrefix(string(rec.Key), "b_") || string(rec.Value) != "DOCUMENT" {
			t.Errorf("%q = %q, %v", rec.Key, rec.Value, err)
		}
		got++
	}
	if v, _, err := readFormat(t.Context(), db); got != n || v != 3 || err != nil {
		t.Errorf("%d documents of format %d, %v; want %d of 3", got, v, err, n)
	}
}

// An upgrade that is cut off at any of its commits, written or not, is finished
// by the next start, as if nothing had happened.
func TestUpgradeIsFinishedAfterACrash(t *testing.T) {
	withUpgrades(t, upgrade{"names with an underline", underline}, upgrade{"loud values", shout})
	const n, commits = 10, 4 + 1 + 1 + 1
	for i, how := range []fault{failed, unknownLost, unknownStored, crashAfter} {
		for at := range commits {
			db := &faulty{DB: oldStore(t, 1, n)}
			db.fail(append(make([]fault, at), how)...)
			_, err := Open(t.Context(), db, clock.New())
			if i == 0 && !errors.Is(err, errDisk) {
				t.Errorf("commit %d failed, and the start did not: %v", at, err)
			}
			db.fail()
			if _, err := Open(t.Context(), db, clock.New()); err != nil {
				t.Fatalf("the start after a crash at commit %d: %v", at, err)
			}
			wantUpgraded(t, db, n)
			if _, err := Open(t.Context(), db, clock.New()); err != nil {
				t.Fatal(err)
			}
			wantUpgraded(t, db, n)
		}
	}
}

// crashAfter is a commit that is written and of which nobody hears.
var crashAfter fault = func(commit func() error) error { return errors.Join(commit(), errDisk) }

// Upgrades begin where the data are, an empty store has nothing to upgrade, and a
// program that does not know the format refuses it from the first commit that
// says so.
func TestUpgradesBeginWhereTheDataAre(t *testing.T) {
	withUpgrades(t, upgrade{"names with an underline", underline}, upgrade{"loud values", shout})
	db := oldStore(t, 2, 1)
	if _, err := Open(t.Context(), db, clock.New()); err != nil {
		t.Fatal(err)
	}
	if v, err := db.Get(t.Context(), "b0"); err != nil || string(v) != "DOCUMENT" {
		t.Errorf("%q, %v: only the second upgrade was to run", v, err)
	}
	fresh := &faulty{DB: memstore.New()}
	if _, err := Open(t.Context(), fresh, clock.New()); err != nil || fresh.seen != 1 {
		t.Errorf("%d commits to found a store, %v", fresh.seen, err)
	}
	upgrades = upgrades[:1]
	if _, err := Open(t.Context(), db, clock.New()); err == nil || !strings.Contains(err.Error(), "the data has format 3, this program knows up to 2: use a newer openrbm") {
		t.Errorf("newer data: %v", err)
	}
}

// Two nodes that start together upgrade once, or one after the other.
func TestTwoNodesUpgradeTogether(t *testing.T) {
	withUpgrades(t, upgrade{"loud values", shout}, upgrade{"loud values", shout})
	db := oldStore(t, 1, 3)
	other := &beforeCommit{DB: db, do: func() { must(Open(t.Context(), db, clock.New()))(t) }}
	if _, err := Open(t.Context(), other, clock.New()); err != nil {
		t.Fatal(err)
	}
	if v, _, err := readFormat(t.Context(), db); v != 3 || err != nil {
		t.Errorf("format %d, %v", v, err)
	}
}

// beforeCommit does something once, before the second commit.
type beforeCommit struct {
	store.DB
	n  int
	do func()
}

func (c *beforeCommit) Commit(ctx context.Context, b *store.Batch) error {
	if c.n++; c.n == 2 {
		c.do()
	}
	return c.DB.Commit(ctx, b)
}
