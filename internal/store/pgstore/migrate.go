package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date. Of many nodes that start at once, one
// does it. A schema that is newer than this program is refused.
func migrate(ctx context.Context, c *pgx.ConnConfig) (err error) {
	db := stdlib.OpenDB(*c)
	defer func() { err = errors.Join(err, db.Close()) }()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// A lock in a table, since not every database has advisory locks.
	lease, err := lock.NewPostgresTableLocker(lock.WithTableName("openrbm_migration_lock"), lock.WithTableLockTimeout(time.Second, 60))
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("openrbm_migrations"), goose.WithLocker(lease), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	is, ours, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return err
	case is > ours:
		return fmt.Errorf("the schema has version %d, and this program knows none after %d: it is older than what wrote it", is, ours)
	case is == ours:
		return nil
	}
	_, err = p.Up(ctx)
	return err
}
