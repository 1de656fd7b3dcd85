package ledger

import (
	"context"
	"strings"

	"github.com/openrbm/openrbm/internal/store"
)

// deadKept is how many notices of an agent are kept after they were given up.
const deadKept = 1000

func deadKey(n *Notice) store.Key {
	return key(kindDead, n.Agent, sep, be64(uint64(n.Due.UnixNano())), n.EventID)
}

// Bury gives notices of one agent up: they leave the outbox, and the last thousand
// are kept for who wants to see or replay them.
func (l *Ledger) Bury(ctx context.Context, notices ...*Notice) error {
	if len(notices) == 0 {
		return nil
	}
	var b store.Batch
	now := l.clock.Now()
	for _, n := range notices {
		dead := *n
		dead.Due = now
		b.Delete(n.key())
		b.Put(deadKey(&dead), dead.encode())
	}
	if err := l.db.Commit(ctx, &b); err != nil {
		return err
	}
	return l.forgetDead(ctx, notices[0].Agent)
}

// forgetDead removes what is more than deadKept, the oldest first.
func (l *Ledger) forgetDead(ctx context.Context, agent string) error {
	r := store.Prefix(key(kindDead, agent, sep))
	r.Reverse = true
	var b store.Batch
	n := 0
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return err
		}
		if n++; n > deadKept {
			b.Delete(rec.Key)
		}
	}
	if b.Empty() {
		return nil
	}
	return l.db.Commit(ctx, &b)
}

// DeadNotices gives up to limit notices of agent that were given up, the last
// first; their Due is when that was.
func (l *Ledger) DeadNotices(ctx context.Context, agent string, limit int) ([]*Notice, error) {
	r := store.Prefix(key(kindDead, agent, sep))
	r.Reverse, r.Limit = true, limit
	var dead []*Notice
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		n, err := decodeNotice(store.Record{Key: key(kindOutbox, strings.TrimPrefix(string(rec.Key), string(key(kindDead)))), Value: rec.Value}, agent)
		if err != nil {
			return nil, err
		}
		dead = append(dead, n)
	}
	return dead, nil
}

// Replay puts notices into the outbox, due now and without failed attempts. What
// was given up counts as new, and leaves the dead.
func (l *Ledger) Replay(ctx context.Context, notices ...*Notice) error {
	var b store.Batch
	now := l.clock.Now()
	for _, n := range notices {
		again := *n
		again.Due, again.Attempts = now, 0
		b.Delete(deadKey(n))
		b.Put(again.key(), again.encode())
	}
	return l.db.Commit(ctx, &b)
}
