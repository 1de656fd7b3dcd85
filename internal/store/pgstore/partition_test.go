package pgstore

import (
	"context"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// What docs/operations.md says of partitions does what it says: bodies go where their
// time is, and a partition that retention has emptied can be dropped.
func TestPartitionsOfTheManual(t *testing.T) {
	manual, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sql, _ := strings.Cut(string(manual), "\n```sql\ncreate function body_key")
	sql, _, found := strings.Cut(sql, "\n```\n")
	if !found {
		t.Fatal("it has no statements for partitions")
	}
	dsn := postgres.Database(t)
	db := open(t, dsn, quiet())
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	body := func(at string) store.Key {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		return store.Key(binary.BigEndian.AppendUint64([]byte("m"), uint64(when.UnixNano())))
	}
	put := func(at string) {
		var b store.Batch
		b.Put(body(at), []byte("hello"))
		if err := db.Commit(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	put("2027-01-31T23:59:59.999999999Z")
	if _, err := c.Exec(t.Context(), "create function body_key"+sql); err != nil {
		t.Fatal(err)
	}
	put("2027-02-01T00:00:00Z")
	put("2027-02-01T23:59:59.999999999Z")
	put("2027-02-02T00:00:00Z")
	for table, want := range map[string]int{"records_m": 4, "records_m_past": 1, "records_m_20270201": 2, "records_m_rest": 1} {
		var n int
		if err := c.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n); err != nil || n != want {
			t.Errorf("%s has %d rows, want %d, %v", table, n, want, err)
		}
	}
	var b store.Batch
	b.Delete(body("2027-01-31T23:59:59.999999999Z"))
	if err := db.Commit(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), "drop table records_m_past"); err != nil {
		t.Fatal(err)
	}
	put("2027-02-03T00:00:00Z")
}
