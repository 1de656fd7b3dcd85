package pgstore

import (
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options of Open. The zero value is good.
type Options struct {
	Writers int           // connections that commit; default 2
	Readers int           // connections that read; default 8. A long scan has one more while it runs
	Timeout time.Duration // how long to wait for the database; default 10 s, at least 1 ms
	Logger  *slog.Logger  // default: slog.Default

	// Observe, if set, is told the number of batches in each group and the time
	// from taking the first of them until all are answered. It must be quick and
	// is never called twice at once.
	Observe func(batches int, d time.Duration)
}

func (o Options) withDefaults() Options {
	if o.Writers <= 0 {
		o.Writers = 2
	}
	if o.Readers <= 0 {
		o.Readers = 8
	}
	if o.Timeout < time.Millisecond {
		o.Timeout = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Observe == nil {
		o.Observe = func(int, time.Duration) {}
	}
	return o
}

// settings are those of every session. A planner that has not yet seen a new
// table's size would read all of it; each of our statements goes by the primary
// key, whatever the size.
var settings = map[string]string{
	"default_transaction_isolation": "read committed",
	"enable_seqscan":                "off",
	"enable_bitmapscan":             "off", // it would be sorted before its first row
	"enable_hashjoin":               "off",
	"enable_mergejoin":              "off",
	"plan_cache_mode":               "force_generic_plan",
	"jit":                           "off",
}

// CheckDSN says what is wrong with dsn, without connecting. No error shows the
// password.
func CheckDSN(dsn string) error {
	_, err := pgxpool.ParseConfig(dsn)
	return err
}

// connections are how the database is reached.
type connections struct {
	readers *pgxpool.Config
	writers *pgconn.Config
}

// connections reads the DSN, which may name several hosts and have all settings
// of libpq.
func (o Options) connections(dsn string) (connections, error) {
	pool, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return connections{}, fmt.Errorf("pgstore: %w", err)
	}
	c := &pool.ConnConfig.Config
	maps.Copy(c.RuntimeParams, settings)
	if c.RuntimeParams["synchronous_commit"] != "remote_apply" {
		c.RuntimeParams["synchronous_commit"] = "on"
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "openrbm"
	}
	divide(c, o.Timeout)
	c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	pool.MinConns, pool.MaxConns = 0, int32(o.Readers)
	writers := c.Copy()
	writers.RuntimeParams["statement_timeout"] = strconv.FormatInt(o.Timeout.Milliseconds(), 10)
	c.RuntimeParams["statement_timeout"] = "0" // it would end a scan whose caller takes its time
	return connections{pool, writers}, nil
}
