package server

import (
	"context"
	"errors"
	"log/slog"

	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
)

// ReadAdminToken reads, or makes, the admin token in the store of a server that
// is not running; it may run if the store is PostgreSQL.
func ReadAdminToken(ctx context.Context, cfg Config) (token string, err error) {
	if cfg.Admin.TokenFile != "" {
		return (&Server{cfg: cfg}).adminToken()
	}
	db, err := openStore(ctx, &cfg, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	l, err := ledger.Open(ctx, db, clock.New())
	if err != nil {
		return "", err
	}
	a, err := auth.New(ctx, l, auth.Options{})
	if err != nil {
		return "", err
	}
	return a.AdminToken(), nil
}
