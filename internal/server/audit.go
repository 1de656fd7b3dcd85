package server

import (
	"context"
	"time"

	"github.com/openrbm/openrbm/internal/front"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// How often old entries of the audit log are looked for, and how many are removed
// in one commit.
const (
	auditInterval = time.Hour
	auditBatch    = 1000
)

// attemptsEvery is how often failed logins are written into the audit log.
const attemptsEvery = time.Minute

// recordAttempts writes failed logins into the audit log, a few entries a minute
// whatever happens, until ctx ends.
func (s *Server) recordAttempts(ctx context.Context) {
	for on := true; on; {
		on = s.clock.Sleep(ctx, attemptsEvery)
		for _, a := range s.logins.Attempts() {
			from, route := "elsewhere", "/admin/v1"
			if a.From.IsValid() {
				from = a.From.String()
			}
			if a.Door == front.TokenDoor {
				route = "/token"
			}
			act := &ledger.Act{Who: "nobody", From: from, Method: "LOGIN", Route: route, Resource: route, Outcome: rbm.CodeUnauthenticated.String(), Count: a.Count}
			if err := s.ledger.Begin(context.WithoutCancel(ctx), act); err != nil {
				s.log.Error("failed logins are not in the audit log", "from", from, "route", route, "count", a.Count, "err", err)
			}
		}
	}
}

// forgetActs removes entries of the audit log that are too old, until ctx ends.
func (s *Server) forgetActs(ctx context.Context) {
	for {
		for {
			n, err := s.ledger.ForgetActs(ctx, s.clock.Now().Add(-time.Duration(s.cfg.Admin.AuditRetention)), auditBatch)
			if err != nil && ctx.Err() == nil {
				s.log.Error("audit retention", "err", err)
			}
			if err != nil || n < auditBatch {
				break
			}
		}
		if !s.clock.Sleep(ctx, auditInterval) {
			return
		}
	}
}
