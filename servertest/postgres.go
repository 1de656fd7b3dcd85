package servertest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PostgresEnv names the environment variable with which all servers of this
// package keep their data in PostgreSQL: keywords of libpq such as "host=/tmp/pg
// user=openrbm", without dbname, of a role that may create databases. Each Dir has
// a database of its own, which is dropped when the test ends.
const PostgresEnv = "OPENRBM_TEST_POSTGRES"

// database makes the database of dir, if it is not there, and returns its DSN; ""
// without PostgresEnv.
func database(t testing.TB, dir string) string {
	t.Helper()
	base := os.Getenv(PostgresEnv)
	if base == "" {
		return ""
	}
	name := fmt.Sprintf("openrbm_%x", sha256.Sum256([]byte(dir)))[:40]
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c, err := pgx.Connect(ctx, base+" dbname=postgres")
	if err != nil {
		t.Fatalf("servertest: %s: %v", PostgresEnv, err)
	}
	defer c.Close(ctx)
	var there bool
	err = c.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&there)
	if err == nil && !there {
		_, err = c.Exec(ctx, "create database "+name)
	}
	if err != nil {
		t.Fatalf("servertest: making a database: %v", err)
	}
	t.Cleanup(func() { drop(t, base, name) })
	return base + " dbname=" + name
}

func drop(t testing.TB, base, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c, err := pgx.Connect(ctx, base+" dbname=postgres")
	if err == nil {
		_, err = c.Exec(ctx, "drop database if exists "+name+" with (force)")
		c.Close(ctx)
	}
	if err != nil {
		t.Errorf("servertest: dropping a database: %v", err)
	}
}
