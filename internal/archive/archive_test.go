package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
)

var header = Header{Program: "0.1.0", Time: time.Date(2026, 11, 20, 20, 3, 35, 0, time.UTC)}

func sumOf(content string) string {
	h := sha256.Sum256([]byte(content))
	return hex.EncodeToString(h[:])
}

// filled is a store with n records of several kinds and sizes.
func filled(t testing.TB, n int) store.DB {
	db := memstore.New()
	var b store.Batch
	for i := range n {
		b.Put(store.Key(fmt.Sprintf("%c/%d", byte(i*37), i)), bytes.Repeat([]byte{byte(i)}, i*i%5000))
	}
	if err := db.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return db
}

// written is an archive of db and contents.
func written(t testing.TB, db store.DB, contents ...string) ([]byte, Totals) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, header)
	if err == nil {
		err = w.Records(t.Context(), db)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contents {
		if why, err := w.Content(sumOf(c), strings.NewReader(c)); why != nil || err != nil {
			t.Fatal(why, err)
		}
	}
	totals, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), totals
}

// kept is contents by their sums; what is of no use is not kept.
type kept map[string]string

func (k kept) keep(sum string, r io.Reader) error {
	b, err := io.ReadAll(r)
	if Useless(err) {
		return nil
	}
	if err == nil {
		k[sum] = string(b)
	}
	return err
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 3000} {
		from, to := filled(t, n), memstore.New()
		long := strings.Repeat("a picture ", 100_000)
		archive, totals := written(t, from, "", "hello", long)
		if totals.Records != int64(n) || totals.Contents != 3 || totals.Bytes != int64(5+len(long)) || totals.Useless != 0 {
			t.Errorf("%+v", totals)
		}
		contents := kept{}
		h, got, err := Load(t.Context(), iotest.HalfReader(bytes.NewReader(archive)), to, contents.keep)
		if err != nil || got != totals || h != header {
			t.Fatalf("%+v, %+v, %v", h, got, err)
		}
		if len(contents) != 3 || contents[sumOf("")] != "" || contents[sumOf("hello")] != "hello" || contents[sumOf(long)] != long {
			t.Errorf("%d contents", len(contents))
		}
		for _, db := range []store.DB{from, to} {
			if records, sum, err := Sum(t.Context(), db); err != nil || records != int64(n) || sum != totals.RecordsSum {
				t.Errorf("%d records, %s, %v", records, sum, err)
			}
		}
		if _, _, err := Load(t.Context(), bytes.NewReader(archive), to, contents.keep); n > 0 && !errors.Is(err, errNotEmpty) {
			t.Errorf("loading into a store with records: %v", err)
		}
		if _, got, err := Read(bytes.NewReader(archive), nil); err != nil || got != totals {
			t.Errorf("reading only: %+v, %v", got, err)
		}
	}
}

// Every byte counts: a change of any one of them is found, and so is every cut.
func TestDamage(t *testing.T) {
	archive, _ := written(t, filled(t, 12), "hello")
	read := func(b []byte) error {
		_, _, err := Read(bytes.NewReader(b), nil)
		return err
	}
	if err := read(archive); err != nil {
		t.Fatal(err)
	}
	for i := range archive {
		for _, bit := range []byte{1, 0x20, 0x80} {
			changed := bytes.Clone(archive)
			changed[i] ^= bit
			if err := read(changed); err == nil || i >= len(magic) && !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d of %d changed: %v", i, len(archive), err)
			}
		}
		if err := read(archive[:i]); err == nil || i >= len(magic) && !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut after %d of %d bytes: %v", i, len(archive), err)
		}
	}
	if err := read(append(bytes.Clone(archive), 0)); !errors.Is(err, ErrDamaged) {
		t.Errorf("something behind the end: %v", err)
	}
	for _, c := range []struct{ stream, words string }{
		{strings.Replace(string(archive), "archive 1", "archive 2", 1), "use a newer openrbm"},
		{"PK\x03\x04 and so on, long enough", "no archive of OpenRBM"},
		{"", "too short"},
	} {
		if err := read([]byte(c.stream)); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%.20q: %v, want %q", c.stream, err, c.words)
		}
	}
}

// Contents that are damaged where they are kept do not end the archive, and are
// not taken for good ones.
func TestUselessContents(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, header)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is broken")
	why, err := w.Content(sumOf("a"), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
	if why != broken || err != nil {
		t.Errorf("%v, %v", why, err)
	}
	if why, err := w.Content(sumOf("b"), strings.NewReader("not b")); why == nil || err != nil {
		t.Errorf("%v, %v", why, err)
	}
	if _, err := w.Content(sumOf("c"), strings.NewReader("c")); err != nil {
		t.Error(err)
	}
	if _, err := w.Content("no sum", nil); err == nil {
		t.Error("a content without a sum was taken")
	}
	totals, err := w.Close()
	if err != nil || totals.Useless != 2 || totals.Contents != 1 {
		t.Errorf("%+v, %v", totals, err)
	}
	contents := kept{}
	if _, got, err := Load(t.Context(), &out, memstore.New(), contents.keep); err != nil || got != totals || len(contents) != 1 {
		t.Errorf("%+v, %v, %v", got, contents, err)
	}
}

// A sink's error ends the reading, and a writer refuses records out of order.
func TestErrorsGoThrough(t *testing.T) {
	archive, _ := written(t, filled(t, 3), "hello")
	full := errors.New("full")
	_, _, err := Load(t.Context(), bytes.NewReader(archive), memstore.New(), func(string, io.Reader) error { return full })
	if err != full {
		t.Errorf("%v", err)
	}
	if _, _, err := Read(io.MultiReader(bytes.NewReader(archive[:60]), iotest.ErrReader(full)), nil); !errors.Is(err, full) || errors.Is(err, ErrDamaged) {
		t.Errorf("%v", err)
	}
	w, err := NewWriter(io.Discard, header)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range []store.Key{"b", "b", "a"} {
		if err := w.Record(store.Record{Key: k}); (err == nil) != (i == 0) {
			t.Errorf("record %d: %v", i, err)
		}
	}
	closed := memstore.New()
	closed.Close()
	if err := w.Records(t.Context(), closed); !errors.Is(err, store.ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	archive, _ := written(f, filled(f, 5), "hello", "")
	f.Add(archive)
	f.Add(archive[:len(archive)/2])
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), frameHeader, 0x12, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, b []byte) {
		db := memstore.New()
		_, totals, err := Load(t.Context(), bytes.NewReader(b), db, kept{}.keep)
		if err != nil {
			return
		}
		if n, sum, err := Sum(t.Context(), db); err != nil || n != totals.Records || sum != totals.RecordsSum {
			t.Errorf("%d records, %s, %v; want %+v", n, sum, err, totals)
		}
	})
}
