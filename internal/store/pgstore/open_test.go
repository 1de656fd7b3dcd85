package pgstore

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/test/postgres"
)

// TestOpenAtOnce: many nodes that start on an empty database at once all get
// their schema.
func TestOpenAtOnce(t *testing.T) {
	dsn := postgres.Database(t)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			db, err := Open(t.Context(), dsn, quiet())
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Commit(t.Context(), putting("k", "v")); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestOpenAgain: what one store wrote the next one finds.
func TestOpenAgain(t *testing.T) {
	dsn := postgres.Database(t)
	db := open(t, dsn, quiet())
	if err := db.Commit(t.Context(), putting("k", "v")); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err := open(t, dsn, quiet()).Get(t.Context(), "k"); err != nil || string(v) != "v" {
		t.Errorf("Get: %q, %v", v, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	newer := postgres.Database(t)
	if err := open(t, newer, quiet()).Close(); err != nil {
		t.Fatal(err)
	}
	run(t, session(t, newer), "insert into openrbm_migrations (version_id, is_applied) values (1000, true)")
	careless := postgres.New(t, "fsync=off")
	for _, c := range []struct{ name, dsn, want string }{
		{"no DSN", "postgres://user:secret@host:port/db", "invalid port"},
		{"no server", "host=" + t.TempDir() + " user=x password=secret dbname=x", "no such file"},
		{"newer schema", newer, "version 1000"},
		{"fsync off", careless.Database(t), "fsync is off"},
	} {
		db, err := Open(t.Context(), c.dsn, quiet())
		if err == nil {
			_ = db.Close()
			t.Errorf("%s: opened", c.name)
		} else if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestSessions: what every session must have, whatever the database's defaults.
func TestSessions(t *testing.T) {
	dsn := postgres.Database(t)
	other := session(t, dsn)
	var name string
	if err := other.QueryRow(t.Context(), "select current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"synchronous_commit to off", "default_transaction_isolation to 'serializable'", "statement_timeout to 1"} {
		run(t, other, "alter database "+name+" set "+set)
	}
	db := open(t, dsn, quiet())
	if err := db.Commit(t.Context(), putting("k", "v")); err != nil {
		t.Fatal(err)
	}
	show := func(what string) (v string) {
		if err := db.pool.QueryRow(t.Context(), "select current_setting($1)", what).Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for what, want := range map[string]string{
		"synchronous_commit": "on", "default_transaction_isolation": "read committed",
		"statement_timeout": "0", "application_name": "openrbm",
	} {
		if v := show(what); v != want {
			t.Errorf("%s is %q, want %q", what, v, want)
		}
	}
	w := &writer{db: db}
	if err := w.connect(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer w.disconnect()
	for what, want := range map[string]string{"synchronous_commit": "on", "transaction_isolation": "read committed", "statement_timeout": "1min"} {
		r := w.conn.ExecParams(t.Context(), "show "+what, nil, nil, nil, nil).Read()
		if r.Err != nil || string(r.Rows[0][0]) != want {
			t.Errorf("%s of a writer is %s, %v, want %q", what, r.Rows, r.Err, want)
		}
	}

	apply := open(t, dsn+" synchronous_commit=remote_apply", quiet())
	var v string
	if err := apply.pool.QueryRow(t.Context(), "show synchronous_commit").Scan(&v); err != nil || v != "remote_apply" {
		t.Errorf("synchronous_commit is %q, %v, where the DSN asks for remote_apply", v, err)
	}
}

// TestNotAStandby: a server that takes no writes is not connected to.
func TestNotAStandby(t *testing.T) {
	dsn := postgres.Database(t)
	db, other := open(t, dsn, quiet()), session(t, dsn)
	if err := db.Commit(t.Context(), putting("k", "v")); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := other.QueryRow(t.Context(), "select current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	run(t, other, "alter database "+name+" set default_transaction_read_only to on")
	if _, err := Open(t.Context(), dsn, quiet()); err == nil || !strings.Contains(err.Error(), "read only") {
		t.Errorf("Open on a server that takes no writes: %v", err)
	}
}

func TestTables(t *testing.T) {
	for _, c := range []struct {
		r     store.Range
		names string
	}{
		{store.Prefix("m/"), "records_m records_m"},
		{store.Prefix("m"), "records_m records_m"},
		{store.Prefix("z"), "records_z records_z"},
		{store.Prefix("\x00"), "records_low records_low"},
		{store.Prefix("`"), "records_low records_low"},
		{store.Prefix("{"), "records_high records_high"},
		{store.Prefix("\xff"), "records_high records_high"},
		{store.Range{Start: "a1", End: "c1"}, "records_a records_c"},
		{store.Range{}, "records_low records_high"},
	} {
		first, last := tablesOf(c.r)
		if got := tableName(first) + " " + tableName(last); got != c.names {
			t.Errorf("%+v: %s, want %s", c.r, got, c.names)
		}
	}
}
