package server

import (
	"context"
	"time"
)

// How often old entries of the audit log are looked for, and how many are removed
// in one commit.
const (
	auditInterval = time.Hour
	auditBatch    = 1000
)

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
