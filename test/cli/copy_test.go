package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/test/postgres"
	"github.com/openrbm/openrbm/test/process"
)

func TestMain(m *testing.M) { postgres.Main(m) }

// databaseURL is an empty database as the command line has it.
func databaseURL(t *testing.T) string {
	t.Helper()
	words := map[string]string{}
	for _, word := range strings.Fields(postgres.Database(t)) {
		k, v, _ := strings.Cut(word, "=")
		words[k] = v
	}
	return fmt.Sprintf("postgres://%s@/%s?host=%s&port=%s&sslmode=disable", words["user"], words["dbname"], url.QueryEscape(words["host"]), words["port"])
}

// A demo moves to PostgreSQL and back. Refused is what would lose or mix data: a
// source with a server on it, whichever store that is, a directory that is none, a
// destination with something in it, and one that was left half done.
func TestCopy(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*timeout)
	defer cancel()
	run := runner(t)
	dir, out := t.TempDir(), t.TempDir()
	d := process.StartDemo(t, dir)
	data, to := "pebble:"+filepath.Join(dir, "store"), databaseURL(t)
	sent := sendText(ctx, t, d, "kept")
	run(false, "openrbm backup", "copy", data, to)
	if _, err := d.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	run(false, "no such file", "copy", "pebble:"+filepath.Join(dir, "elsewhere"), to)
	run(false, "not the data directory", "copy", "pebble:"+dir, to)
	run(false, "FROM: ", "copy", dir, to)
	run(false, "TO: ", "copy", data, "mysql://db")
	run(false, "is not empty", "copy", data, "pebble:"+dir)

	killed := databaseURL(t)
	killCopy(ctx, t, data, killed)
	config := filepath.Join(out, "postgres.toml")
	configure := func(dsn string) {
		if err := os.WriteFile(config, fmt.Appendf(nil, "[store]\npostgres = %q\n[cluster]\nnode = \"moved\"\n", dsn), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure(killed)
	run(false, "not all are there", "demo", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
	run(false, "drop this one", "copy", data, killed)
	run(false, "not all are there", "copy", killed, "pebble:"+filepath.Join(out, "new"))

	run(true, "message bodies", "copy", data, to)
	run(false, "not empty", "copy", data, to)
	configure(to)
	d = process.StartDemo(t, dir, "--config", config)
	p := startPhone(t, d, "--json")
	if got := p.await(t, "agentMessage"); got["messageId"] != sent {
		t.Errorf("the phone got %v, want %s", got, sent)
	}
	back := filepath.Join(out, "back")
	run(false, "server moved works on the source", "copy", to, "pebble:"+back)
	d.Kill() // it leaves its record behind
	run(true, "message bodies", "copy", "config:"+config, "pebble:"+back)
	run(true, "records", "backup", "--data", back, filepath.Join(out, "archive"))
	empty := databaseURL(t)
	configure(empty)
	run(true, "Start the server with --config", "restore", "--config", config, filepath.Join(out, "archive"))
	run(false, "not empty", "restore", "--config", config, filepath.Join(out, "archive"))
	process.StartDemo(t, dir, "--config", config).Kill()
	if left, err := filepath.Glob(filepath.Join(out, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// killCopy kills a copy while it writes the bodies of messages.
func killCopy(ctx context.Context, t *testing.T, from, to string) {
	t.Helper()
	// A backup of an empty database fails, and has made the tables.
	process.Command(t, "backup", "--config", writeConfig(t, to), filepath.Join(t.TempDir(), "none")).Run()
	c, err := pgx.Connect(ctx, to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	lock, err := c.Begin(ctx)
	if err == nil {
		_, err = lock.Exec(ctx, "lock table records_m in exclusive mode")
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := process.Command(t, "copy", from, to)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for blocked := 0; blocked == 0; {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("the copy does not come to the bodies")
		}
		err := c.QueryRow(ctx, "select count(*) from pg_locks where not granted").Scan(&blocked)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if err := lock.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
}

func writeConfig(t *testing.T, dsn string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "openrbm.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "[store]\npostgres = %q\n", dsn), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
