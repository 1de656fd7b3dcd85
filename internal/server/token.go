package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
)

// minAdminToken is the shortest admin token, in bytes.
const minAdminToken = 16

// readAdminToken reads the file of the admin token; nil if there is none.
func (c *Config) readAdminToken() func() (string, error) {
	if c.Admin.TokenFile == "" {
		return nil
	}
	return func() (string, error) {
		b, err := os.ReadFile(c.Admin.TokenFile)
		token := strings.TrimSpace(string(b))
		if err == nil && len(token) < minAdminToken {
			err = fmt.Errorf("admin.token_file: the token in %s is shorter than %d characters", c.Admin.TokenFile, minAdminToken)
		}
		return token, err
	}
}

// ReadAdminToken reads, or makes, the admin token in the store of a server that
// is not running; it may run if the store is PostgreSQL.
func ReadAdminToken(ctx context.Context, cfg Config) (token string, err error) {
	if cfg.Admin.TokenFile != "" {
		return cfg.readAdminToken()()
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
