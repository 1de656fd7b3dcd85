package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

func scanRanges(t *testing.T, db store.DB) {
	b := new(store.Batch)
	for _, k := range []store.Key{"a/1", "a/2", "a/3", "b/1", "b/10", "b/2", "c"} {
		b.Put(k, []byte(k[:1]))
	}
	commit(t, db, b)
	all := []string{"a/1=a", "a/2=a", "a/3=a", "b/1=b", "b/10=b", "b/2=b", "c=c"}
	for _, c := range []struct {
		name string
		r    store.Range
		want []string
	}{
		{"prefix", store.Prefix("a/"), all[:3]},
		{"prefix of one", store.Prefix("a/2"), all[1:2]},
		{"prefix longer than any key", store.Prefix("a/2/"), nil},
		{"kind", store.Prefix("b"), all[3:6]},
		{"start is included", store.Range{Start: "a/2", End: "b"}, all[1:3]},
		{"end is excluded", store.Range{Start: "a/1", End: "a/3"}, all[:2]},
		{"end is the next kind", store.Range{Start: "b/10", End: "c"}, all[4:6]},
		{"ends that do not exist", store.Range{Start: "b/0", End: "b/11"}, all[3:5]},
		{"before all", store.Range{Start: "A", End: "B"}, nil},
		{"after all", store.Range{Start: "d", End: "e"}, nil},
		{"empty: start is end", store.Range{Start: "a/2", End: "a/2"}, nil},
		{"empty: start after end", store.Range{Start: "a/3", End: "a/1"}, nil},
		{"limit", store.Range{Start: "b", End: "c", Limit: 2}, all[3:5]},
		{"limit is the count", store.Range{Start: "b", End: "c", Limit: 3}, all[3:6]},
		{"limit over the count", store.Range{Start: "b", End: "c", Limit: 4}, all[3:6]},
	} {
		wantScan(t, db, c.r, c.want...)
		r := c.r
		r.Reverse, r.Limit = true, 0
		want := slices.Clone(c.want)
		if c.r.Limit > 0 {
			want = slices.Clone(all[3:6])
		}
		slices.Reverse(want)
		if got := scan(t, db, r); !slices.Equal(got, want) {
			t.Errorf("%s, reverse: %q, want %q", c.name, got, want)
		}
	}
	wantScan(t, db, store.Range{Start: "a", End: "b", Limit: 1, Reverse: true}, "a/3=a")
	wantScan(t, db, store.Range{Start: "b", End: "c", Limit: 2, Reverse: true}, "b/2=b", "b/10=b")
}

func scanEarlyBreak(t *testing.T, db store.DB) {
	fill(t, db, "k", 100)
	for _, reverse := range []bool{false, true} {
		r := store.Prefix("k")
		r.Reverse = reverse
		for range 50 { // a scan that leaks what it holds would show on Close
			n := 0
			for _, err := range db.Scan(t.Context(), r) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; n == 3 {
					break
				}
			}
		}
	}
	commit(t, db, put("after", "v"))
	wantValue(t, db, "after", "v")
	if err := db.Close(); err != nil {
		t.Fatalf("Close after broken scans: %v", err)
	}
}

// scanSnapshot: what is committed while a scan runs does not show in it.
func scanSnapshot(t *testing.T, db store.DB) {
	for _, reverse := range []bool{false, true} {
		fill(t, db, "k", 100)
		r := store.Prefix("k")
		r.Reverse = reverse
		n := 0
		for rec, err := range db.Scan(t.Context(), r) {
			if err != nil {
				t.Fatal(err)
			}
			i := n
			if reverse {
				i = 99 - n
			}
			if want := fmt.Sprintf("k%03d", i); string(rec.Key) != want || string(rec.Value) != want {
				t.Fatalf("record %d is %q=%q, want %q", n, rec.Key, rec.Value, want)
			}
			if n == 0 {
				b := put("k0501", "added")
				b.Put("k070", []byte("changed"))
				b.Delete("k050")
				b.Delete(store.Key(fmt.Sprintf("k%03d", 99-i)))
				commit(t, db, b)
			}
			n++
		}
		if n != 100 {
			t.Fatalf("%d records, want the 100 of the moment the scan began", n)
		}
		wantValue(t, db, "k0501", "added")
		wantValue(t, db, "k070", "changed")
		wantAbsent(t, db, "k050")
		del := new(store.Batch)
		del.Delete("k0501")
		commit(t, db, del)
	}
}

// scanNested: the store may be used from inside a scan.
func scanNested(t *testing.T, db store.DB) {
	fill(t, db, "k", 10)
	n := 0
	for outer, err := range db.Scan(t.Context(), store.Prefix("k")) {
		if err != nil {
			t.Fatal(err)
		}
		k := outer.Key
		wantValue(t, db, k, string(k))
		commit(t, db, put("copy/"+k, "v"))
		for _, err := range db.Scan(t.Context(), store.Range{Start: k, End: "l"}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	if n != 55 {
		t.Fatalf("%d inner records, want 55", n)
	}
	if got := len(scan(t, db, store.Prefix("copy/"))); got != 10 {
		t.Fatalf("%d copies, want 10", got)
	}
}

// scanMany goes over more rows than one page of any store.
func scanMany(t *testing.T, db store.DB) {
	const rows = 5000
	for from := 0; from < rows; from += 1000 {
		b := new(store.Batch)
		for i := from; i < from+1000; i++ {
			k := store.Key(fmt.Sprintf("m%06d", i))
			b.Put(k, []byte(k))
		}
		commit(t, db, b)
	}
	for _, reverse := range []bool{false, true} {
		for _, limit := range []int{0, 1, 999, 1000, 1001, 4999, rows} {
			r := store.Prefix("m")
			r.Reverse, r.Limit = reverse, limit
			n := 0
			for rec, err := range db.Scan(t.Context(), r) {
				i := n
				if reverse {
					i = rows - 1 - n
				}
				if want := fmt.Sprintf("m%06d", i); err != nil || string(rec.Key) != want || string(rec.Value) != want {
					t.Fatalf("%+v: record %d is %q=%q, %v", r, n, rec.Key, rec.Value, err)
				}
				n++
			}
			if want := cmpLimit(limit, rows); n != want {
				t.Fatalf("%+v: %d records, want %d", r, n, want)
			}
		}
	}
}

// cmpLimit is how many of n rows a limit leaves.
func cmpLimit(limit, n int) int {
	if limit == 0 {
		return n
	}
	return min(limit, n)
}

// fill writes the records prefix000 … in one batch, the key being the value.
func fill(t *testing.T, db store.DB, prefix string, n int) {
	t.Helper()
	b := new(store.Batch)
	for i := range n {
		k := store.Key(fmt.Sprintf("%s%03d", prefix, i))
		b.Put(k, []byte(k))
	}
	commit(t, db, b)
}
