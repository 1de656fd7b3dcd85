package server

import (
	"context"
	"time"
)

// eraseInterval is how often erasures are looked for that are to be finished.
const eraseInterval = time.Minute

// finishErasures finishes erasures until ctx ends.
func (s *Server) finishErasures(ctx context.Context) {
	for {
		if err := s.api.FinishErasures(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("erasure", "err", err)
		}
		if !s.clock.Sleep(ctx, eraseInterval) {
			return
		}
	}
}
