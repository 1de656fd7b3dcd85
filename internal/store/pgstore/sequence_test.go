package pgstore

import (
	"errors"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// A number is taken, the server crashes before that is on its disk, and then the
// number is used. Whoever asks after that gets a greater one, although its clock is far
// behind.
func TestSequenceOutlivesACrash(t *testing.T) {
	server := postgres.New(t, "wal_writer_delay=10s")
	dsn := server.Database(t)
	ahead, behind := open(t, dsn, quiet()), open(t, dsn, quiet())
	for round := range uint64(5) {
		clock := (round + 1) << 40
		n, err := ahead.Sequence(t.Context(), clock)
		if err != nil || n < clock {
			t.Fatalf("%d, %v", n, err)
		}
		server.Kill(t)
		server.Start(t)
		if round%2 == 1 { // the server gives lower numbers before it hears of n
			if _, err := ahead.Sequence(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		var b store.Batch
		b.Put("m", []byte{byte(round)})
		if err := ahead.Commit(t.Context(), &b); err != nil && !errors.Is(err, store.ErrUnknown) {
			t.Fatal(err)
		}
		if err := ahead.Commit(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if next, err := behind.Sequence(t.Context(), 1); err != nil || next <= n {
			t.Fatalf("%d was given and used before %d was, %v", n, next, err)
		}
	}
}
