package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

type doc struct {
	Name string `json:"name"`
	N    int    `json:"n,omitzero"`
}

func names(docs []*doc) (list []string) {
	for _, d := range docs {
		list = append(list, d.Name)
	}
	return list
}

func TestTable(t *testing.T) {
	w := newWorld(t)
	table, ctx := Agents[doc](w.Ledger), t.Context()
	if _, err := table.Get(ctx, "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("getting nothing: %v", err)
	}
	if _, err := table.Update(ctx, "a", func(*doc) error { return nil }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("updating nothing: %v", err)
	}
	if err := table.Delete(ctx, "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleting nothing: %v", err)
	}
	w.ok(table.Create(ctx, "a", &doc{Name: "a"}))
	if err := table.Create(ctx, "a", &doc{Name: "a"}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("creating twice: %v", err)
	}
	got := must(table.Update(ctx, "a", func(d *doc) error { d.N = 7; return nil }))(t)
	if *got != (doc{"a", 7}) || *must(table.Get(ctx, "a"))(t) != (doc{"a", 7}) {
		t.Errorf("updated to %+v", got)
	}
	stop := errors.New("no")
	if _, err := table.Update(ctx, "a", func(d *doc) error { d.N = 8; return stop }); err != stop {
		t.Errorf("an update that was ended: %v", err)
	}
	if must(table.Get(ctx, "a"))(t).N != 7 {
		t.Error("an update that was ended has changed the document")
	}
	w.db.fail()
	must(table.Update(ctx, "a", func(*doc) error { return nil }))(t)
	if w.db.seen != 0 {
		t.Error("a change of nothing was written")
	}
	w.ok(Phones[doc](w.Ledger).Create(ctx, "a", &doc{Name: "another table"}))
	w.ok(table.Delete(ctx, "a"))
	if n := must(table.Count(ctx))(t); n != 0 {
		t.Errorf("%d documents", n)
	}
	if must(Phones[doc](w.Ledger).Get(ctx, "a"))(t).Name != "another table" {
		t.Error("the tables are not apart")
	}
}

func TestTableList(t *testing.T) {
	w := newWorld(t)
	table := Testers[doc](w.Ledger)
	for _, id := range []string{ID("b", "1"), ID("a", "2"), ID("a", "1"), ID("ab", "1"), ID("a", "10"), "a"} {
		w.ok(table.Create(t.Context(), id, &doc{Name: strings.ReplaceAll(id, sep, "/")}))
	}
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          []string
	}{
		{"", "", 0, []string{"a", "a/1", "a/10", "a/2", "ab/1", "b/1"}},
		{"", "", 2, []string{"a", "a/1"}},
		{ID("a", ""), "", 0, []string{"a/1", "a/10", "a/2"}},
		{ID("a", ""), ID("a", "1"), 0, []string{"a/10", "a/2"}},
		{ID("a", ""), ID("a", "2"), 0, nil},
		{"", ID("a", "2"), 0, []string{"ab/1", "b/1"}},
		{"", "aa", 0, []string{"ab/1", "b/1"}},
		{ID("b", ""), "a", 0, []string{"b/1"}}, // after lies before the prefix
		{"c", "", 0, nil},
	} {
		if got := names(must(table.List(t.Context(), c.prefix, c.after, c.limit))(t)); !slices.Equal(got, c.want) {
			t.Errorf("prefix %q after %q limit %d: %q, want %q", c.prefix, c.after, c.limit, got, c.want)
		}
	}
	if n := must(table.Count(t.Context()))(t); n != 6 {
		t.Errorf("%d documents", n)
	}
}

func TestTableConcurrentUpdates(t *testing.T) {
	w := newWorld(t)
	table := Settings[doc](w.Ledger)
	w.ok(table.Create(t.Context(), "a", &doc{Name: "a"}))
	const workers, each = 4, 50
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				for { // giving up is allowed, losing an update is not
					_, err := table.Update(t.Context(), "a", func(d *doc) error { d.N++; return nil })
					if err == nil {
						break
					}
					if errors.Is(err, store.ErrConflict) {
						t.Errorf("no caller may take %v for a document that exists already", err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if n := must(table.Get(t.Context(), "a"))(t).N; n != workers*each {
		t.Errorf("%d updates of %d are there", n, workers*each)
	}
}

func TestTableDamage(t *testing.T) {
	w := newWorld(t)
	table := Accounts[doc](w.Ledger)
	var b store.Batch
	b.Put(key(kindAccount, "a"), []byte(`{"name":`))
	w.ok(w.db.Commit(t.Context(), &b))
	_, get := table.Get(t.Context(), "a")
	_, update := table.Update(t.Context(), "a", func(*doc) error { return nil })
	_, list := table.List(t.Context(), "", "", 0)
	for _, err := range []error{get, update, list, table.Delete(t.Context(), "a")} {
		if want := fmt.Sprintf("damaged document %q", key(kindAccount, "a")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a damaged document gave %v", err)
		}
	}
}

// stamp is a document with a form of its own.
type stamp struct {
	Name string `json:"name"`
}

func (s *stamp) AppendBinary(b []byte) ([]byte, error) { return append(b, s.Name...), nil }

func (s *stamp) UnmarshalBinary(b []byte) error { s.Name = string(b); return nil }

func TestTableOwnForm(t *testing.T) {
	w := newWorld(t)
	stamps := Phones[stamp](w.Ledger)
	if err := stamps.Create(t.Context(), "new", &stamp{"a"}); err != nil {
		t.Fatal(err)
	}
	var old store.Batch // as it was written before the type had a form
	old.Put(key(kindPhone, "old"), []byte(`{"name":"b"}`))
	if err := w.Ledger.db.Commit(t.Context(), &old); err != nil {
		t.Fatal(err)
	}
	for id, name := range map[string]string{"new": "a", "old": "b"} {
		if got, err := stamps.Update(t.Context(), id, func(s *stamp) error { s.Name += "!"; return nil }); err != nil || got.Name != name+"!" {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
		if b, err := w.Ledger.db.Get(t.Context(), key(kindPhone, id)); err != nil || string(b) != "\x01"+name+"!" {
			t.Errorf("%s is stored as %q, %v", id, b, err)
		}
	}
}
