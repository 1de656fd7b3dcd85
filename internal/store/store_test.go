package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPrefixEnd(t *testing.T) {
	for _, c := range []struct{ prefix, end Key }{
		{"", ""},
		{"a", "b"},
		{"ab", "ac"},
		{"a\x00", "a\x01"},
		{"a\xff", "b"},
		{"a\xff\xff", "b"},
		{"\xff", ""},
		{"\xff\xff", ""},
		{"\xfe\xff", "\xff"},
	} {
		if got := PrefixEnd(c.prefix); got != c.end {
			t.Errorf("PrefixEnd(%q) = %q, want %q", c.prefix, got, c.end)
		}
		if r := Prefix(c.prefix); r.Start != c.prefix || r.End != c.end {
			t.Errorf("Prefix(%q) = %+v", c.prefix, r)
		}
	}
}

func FuzzPrefixEnd(f *testing.F) {
	f.Add("a", "ab")
	f.Add("a\xff", "a\xff\xff\x00")
	f.Add("\xff", "\xff\xff")
	f.Fuzz(func(t *testing.T, prefix, key string) {
		end := PrefixEnd(Key(prefix))
		inside := key >= prefix && (end == "" || Key(key) < end)
		if has := strings.HasPrefix(key, prefix); has != inside {
			t.Fatalf("prefix %q, key %q: has the prefix %t, inside [%q, %q) %t", prefix, key, has, prefix, end, inside)
		}
	})
}

func TestKeyKind(t *testing.T) {
	if k := Key("").Kind(); k != 0 {
		t.Errorf("kind of the empty key = %d", k)
	}
	if k := Key("m/1").Kind(); k != 'm' {
		t.Errorf("kind of m/1 = %d", k)
	}
}

func TestBatchValidate(t *testing.T) {
	puts := func(n int) *Batch {
		b := new(Batch)
		for i := range n {
			b.Put(Key(fmt.Sprintf("k%d", i)), nil)
		}
		return b
	}
	with := func(b *Batch, keys ...Key) *Batch {
		for _, k := range keys {
			b.Delete(k)
		}
		return b
	}
	long := Key(strings.Repeat("x", MaxKey))
	for _, c := range []struct {
		name string
		b    *Batch
		want string // part of the error
	}{
		{"empty batch", new(Batch), ""},
		{"longest key", with(puts(1), long), ""},
		{"too long", with(puts(1), long+"x"), "key of 1025 bytes"},
		{"too long put", &Batch{Puts: []Record{{Key: long + "x"}}}, "key of 1025 bytes"},
		{"no key", with(puts(1), ""), "key of 0 bytes"},
		{"few", puts(few), ""},
		{"many", puts(few + 1), ""},
		{"twice deleted", with(puts(1), "d", "d"), `"d" is written twice`},
		{"put and deleted, few", with(puts(few-1), "k0"), `"k0" is written twice`},
		{"put and deleted, many", with(puts(few), "k0"), `"k0" is written twice`},
		{"put twice", &Batch{Puts: []Record{{Key: "k"}, {Key: "k"}}}, `"k" is written twice`},
		{"checked only", &Batch{Checks: []Check{{Key: "k"}, {Key: "k"}}}, ""},
	} {
		err := c.b.Validate()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestBatchMerge(t *testing.T) {
	var a, b Batch
	if !a.Empty() {
		t.Error("the zero batch is not empty")
	}
	a.Put("p", []byte("1"))
	b.Absent("c")
	b.Equals("e", []byte("2"))
	b.Delete("d")
	a.Merge(&b)
	if a.Empty() || len(a.Puts) != 1 || len(a.Checks) != 2 || len(a.Deletes) != 1 || !a.Checks[0].Absent || a.Checks[1].Absent {
		t.Errorf("merged: %+v", a)
	}
}

func TestConflictError(t *testing.T) {
	err := fmt.Errorf("accept: %w", &ConflictError{Key: "m/1"})
	var conflict *ConflictError
	if !errors.Is(err, ErrConflict) || !errors.As(err, &conflict) || conflict.Key != "m/1" || errors.Is(err, ErrUnknown) {
		t.Errorf("conflict error: %v", err)
	}
}

func BenchmarkValidate(b *testing.B) {
	for _, n := range []int{3, few, 4 * few} {
		var batch Batch
		for i := range n {
			batch.Put(Key(fmt.Sprintf("message/agent-1/%032d", i)), nil)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := batch.Validate(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
