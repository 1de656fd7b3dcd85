package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/pebblestore"
	"github.com/openrbm/openrbm/internal/store/pgstore"
)

// ParsePlace is the configuration of the store at place: "pebble:DIR", the data
// directory of a server; "postgres://…", a URL as in store.postgres; or "config:FILE",
// whatever store that configuration names. No error shows a password.
func ParsePlace(place string) (Config, error) {
	c := Default()
	kind, rest, _ := strings.Cut(place, ":")
	switch kind {
	case "pebble":
		if rest == "" {
			return c, errors.New("pebble: needs a directory, as in pebble:/var/lib/openrbm")
		}
		c.Data = rest
		return c, nil
	case "postgres", "postgresql":
		c.Store.Postgres = place
		return c, pgstore.CheckDSN(place)
	case "config":
		return LoadConfig(rest)
	}
	return c, errors.New("a store is pebble:DIR, postgres://… or config:FILE")
}

// quiet discards what a store that no server runs on would log.
var quiet = slog.New(slog.DiscardHandler)

func unobserved(int, time.Duration) {}

// openExisting opens the store of a server that is not running. It makes none.
func openExisting(ctx context.Context, cfg *Config, log *slog.Logger) (store.DB, error) {
	if cfg.Store.Postgres == "" {
		if _, err := os.Stat(cfg.Data); err != nil {
			return nil, err
		}
		there, err := pebblestore.Exists(cfg.Data)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, fmt.Errorf("%s is not the data directory of a server", cfg.Data)
		}
	}
	return openStore(ctx, cfg, log, unobserved)
}

// fill makes a new store of cfg, which must not be there or be empty, with what
// write writes into it. No server starts on it unless the error is nil. A data directory
// is not even there; write gets the one that will take its place.
func fill(ctx context.Context, cfg Config, write func(db *ledger.Filling, dir string) (atLeast uint64, err error)) error {
	if cfg.Store.Postgres != "" {
		return fillOpened(ctx, cfg, write)
	}
	return fillDir(cfg.Data, func(building string) error {
		cfg.Data = building
		return fillOpened(ctx, cfg, write)
	})
}

func fillOpened(ctx context.Context, cfg Config, write func(db *ledger.Filling, dir string) (uint64, error)) (err error) {
	db, err := openStore(ctx, &cfg, quiet, unobserved)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	filling, err := ledger.Fill(ctx, db)
	if errors.Is(err, ledger.ErrUnfinished) || errors.Is(err, ledger.ErrNotEmpty) {
		return fmt.Errorf("%w: give an empty database, or drop this one and make it anew", err)
	}
	if err != nil {
		return err
	}
	atLeast, err := write(filling, cfg.Data)
	if err == nil {
		err = filling.Finish(ctx, atLeast)
	}
	if err != nil && cfg.Store.Postgres != "" {
		return fmt.Errorf("%w\nthe database is unfinished, and no server starts on it: drop it and make it anew before the next try", err)
	}
	if err == nil {
		_, err = ledger.Open(ctx, db, clock.New()) // brings older data to the present format
	}
	return err
}

// fillDir makes the directory dir of what build has put into the one that it is
// given, whole or not at all. dir must not exist or be empty.
func fillDir(dir string, build func(building string) error) error {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	building, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-restoring-*") // mode 0700
	if err != nil {
		return err
	}
	defer os.RemoveAll(building)
	if err := build(building); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(building, dir); err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(dir))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}
