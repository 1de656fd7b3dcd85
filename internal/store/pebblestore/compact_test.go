package pebblestore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
)

// found lists the files of dir that have text in them.
func found(t *testing.T, dir, text string) []string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err == nil && bytes.Contains(b, []byte(text)) {
			have = append(have, f.Name())
		}
	}
	return have
}

// After Compact no file has what was deleted, neither keys nor values, however it
// got there; what was not deleted is there, also after a crash.
func TestCompactForgets(t *testing.T) {
	dir := t.TempDir()
	l, err := OpenLasting(dir, quiet(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const secret, flushes, each = "+12223334444", 12, 40
	for round := range 3 {
		var keys []store.Key
		for i := range flushes {
			for j := range each {
				name := fmt.Sprintf("%d/%02d/%03d", round, i, j)
				k := store.Key("q" + secret + "/" + name)
				keys = append(keys, k)
				b := put(k, "the text of "+secret)
				b.Put(store.Key("kept/"+name), []byte(strings.Repeat("v", 100)))
				b.Put(store.Key("m/kept/"+name), []byte(strings.Repeat("v", 1000))) // in a file of its own, beside
				m := store.Key("m/gone/" + name)
				b.Put(m, []byte(strings.Repeat("the letter to "+secret+" ", 20)))
				keys = append(keys, m)
				if err := l.Commit(t.Context(), b); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.db.pebble.Flush(); err != nil { // tables and logs of all ages
				t.Fatal(err)
			}
		}
		if len(found(t, dir, secret)) == 0 {
			t.Fatal("the files do not show what is in them: this test looks for nothing")
		}
		for _, k := range keys {
			b := &store.Batch{Deletes: []store.Key{k}}
			if err := l.Commit(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if have := found(t, dir, secret); len(have) > 0 {
			t.Errorf("round %d: %v still have what was deleted", round, have)
		}
		if n := count(t, l, store.Prefix("kept/")); n != (round+1)*flushes*each {
			t.Errorf("%d records are left", n)
		}
		if n := count(t, l, store.Prefix("\x00")); n != 0 {
			t.Errorf("%d records that nobody wrote", n)
		}
	}
	crashed := filepath.Join(t.TempDir(), "crashed")
	if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, open(t, crashed, quiet(nil)), store.Prefix("kept/")); n != 3*flushes*each {
		t.Errorf("%d records after a crash", n)
	}
}

// Writers go on meanwhile, and lose nothing.
func TestCompactUnderLoad(t *testing.T) {
	dir := t.TempDir()
	l, err := OpenLasting(dir, quiet(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan []string)
	go func() {
		acked, errs := commitUntil(t.Context(), l, "load", 8, 150)
		if errs != nil {
			t.Error(errs)
		}
		done <- acked
	}()
	compactions := 0
	for acked := []string(nil); acked == nil; compactions++ {
		if err := l.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case acked = <-done:
			crashed := filepath.Join(t.TempDir(), "crashed")
			if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			wantKept(t, open(t, crashed, quiet(nil)), acked)
		default:
		}
	}
	t.Logf("%d compactions", compactions)
}
