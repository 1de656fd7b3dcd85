package server

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/pebblestore"
	"github.com/openrbm/openrbm/internal/store/pgstore"
)

// StoreConfig is how the store works.
type StoreConfig struct {
	// CacheMiB is the memory for blocks read from disk.
	CacheMiB int `toml:"cache_mib"`
	// Postgres keeps everything but files in a PostgreSQL database instead of data:
	// a URL such as "postgres://openrbm@db.example.com/openrbm" or keywords, as
	// libpq has them, several hosts allowed. What it leaves out, the password above all, comes
	// from the environment (PGPASSWORD) or from PGPASSFILE. The schema is made, and brought up to date, at the start.
	Postgres string `toml:"postgres"`
	// Writers and Readers are connections to PostgreSQL: those that commit and those
	// that read.
	Writers int `toml:"writers"`
	Readers int `toml:"readers"`
	// Timeout is how long PostgreSQL may take to answer before a call fails.
	Timeout Duration `toml:"timeout"`
	// FS is the file system under the store in data, for tests with a disk that
	// fails; nil: the machine's.
	FS vfs.FS `toml:"-"`
}

func defaultStore() StoreConfig {
	return StoreConfig{CacheMiB: 64, Writers: 2, Readers: 8, Timeout: Duration(10 * time.Second)}
}

func (c *StoreConfig) check(rule func(holds bool, format string, args ...any)) {
	rule(c.CacheMiB > 0, "store.cache_mib: must be more than 0")
	rule(c.Writers > 0 && c.Writers <= 64, "store.writers: must be 1 to 64")
	rule(c.Readers > 0 && c.Readers <= 256, "store.readers: must be 1 to 256")
	rule(c.Timeout >= Duration(100*time.Millisecond) && c.Timeout <= Duration(time.Minute), "store.timeout: must be 100ms to 1m")
	if c.Postgres != "" {
		err := pgstore.CheckDSN(c.Postgres)
		rule(err == nil, "store.postgres: %v", err)
	}
}

// name is the store as /admin/v1/status shows it.
func (c *StoreConfig) name() string {
	if c.Postgres != "" {
		return "postgresql"
	}
	return "pebble"
}

// openStore opens the store of cfg.
func openStore(ctx context.Context, cfg *Config, log *slog.Logger, observe func(int, time.Duration)) (store.DB, error) {
	c := cfg.Store
	if c.Postgres == "" {
		return pebblestore.OpenLasting(cfg.Data, pebblestore.Options{FS: c.FS, CacheBytes: int64(c.CacheMiB) << 20, Logger: log, Observe: observe})
	}
	db, err := pgstore.Open(ctx, c.Postgres, pgstore.Options{
		Writers: c.Writers, Readers: c.Readers, Timeout: time.Duration(c.Timeout), Logger: log, Observe: observe,
	})
	if err != nil {
		return nil, fmt.Errorf("store.postgres: %w", err)
	}
	return db, nil
}
