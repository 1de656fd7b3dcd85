//go:build deploylint

package pgstore

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/storetest"
	"github.com/openrbm/openrbm/test/postgres"
)

// The store behaves the same on tables that an administrator has divided by ranges of
// the key, as docs/operations.md says for the bodies, whose keys are times.
func TestPartitionedTables(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB {
		dsn := postgres.Database(t)
		db := open(t, dsn, quiet()) // it works meanwhile
		ctx := context.Background()
		c, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		for _, kind := range []byte{'a', 'b', 'k'} { // of most keys that the tests use
			name, at := "records_"+string(kind), fmt.Sprintf("decode('%x', 'hex')", []byte{kind, '3'})
			_, err := c.Exec(ctx, `begin;
				alter table `+name+` rename to `+name+`_old;
				create table `+name+` (key bytea primary key, body bytea not null) partition by range (key);
				alter table `+name+` attach partition `+name+`_old for values from (minvalue) to (`+at+`);
				create table `+name+`_rest partition of `+name+` default;
				commit`)
			if err != nil {
				t.Fatal(err)
			}
		}
		return db
	})
}
