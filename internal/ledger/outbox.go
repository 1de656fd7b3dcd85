package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// Notice is one thing to tell an agent through its webhook: the outbox row.
type Notice struct {
	Agent string
	// EventID is made from what happened, so the same happening has the same id.
	EventID string
	// Type is the message_type of the envelope, such as TEXT or DELIVERED.
	Type string
	// Data is the event as the agent gets it: the bytes that are signed.
	Data []byte
	// Created is when it happened; Due when it is to be sent next; Attempts how
	// often that failed.
	Created, Due time.Time
	Attempts     int
}

func (n *Notice) key() store.Key { return outboxKey(n.Agent, n.Due, n.EventID) }

func (n *Notice) encode() []byte {
	w := make(writer, 0, len(n.Data)+len(n.Type)+24)
	w.byte(recordV1)
	w.time(n.Created)
	w.uint(uint64(n.Attempts))
	w.string(n.Type)
	w.rest(n.Data)
	return w
}

func decodeNotice(rec store.Record, agent string) (*Notice, error) {
	r := open(rec.Value)
	n := &Notice{Agent: agent, Created: r.time(), Attempts: int(r.uint()), Type: r.string(), Data: r.rest()}
	tail, ok := strings.CutPrefix(string(rec.Key), string(key(kindOutbox, agent, sep)))
	r.check(ok && len(tail) >= 8, "its key is too short")
	r.check(n.Attempts >= 0, "it has too many attempts")
	if err := r.done(rec.Key); err != nil {
		return nil, err
	}
	n.Due, n.EventID = lastSeq(store.Key(tail[:8])).time(), tail[8:]
	return n, nil
}

// time is the moment that s stands for.
func (s Seq) time() time.Time { return time.Unix(0, int64(s)).UTC() }

// DueNotices gives up to limit notices of agent that are due at now, the
// earliest first, and when the first of the others is due (zero: none is). What was
// due before since (zero: never) is passed over: who has seen it retired spares the
// store stepping over its remains.
func (l *Ledger) DueNotices(ctx context.Context, agent string, since, now time.Time, limit int) ([]*Notice, time.Time, error) {
	r := store.Prefix(key(kindOutbox, agent, sep))
	r.Limit = limit + 1
	if !since.IsZero() {
		r.Start = outboxKey(agent, since, "")
	}
	var due []*Notice
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return nil, time.Time{}, err
		}
		n, err := decodeNotice(rec, agent)
		if l.setAside(ctx, rec, err) {
			continue
		}
		if err != nil {
			return nil, time.Time{}, err
		}
		if len(due) == limit || n.Due.After(now) {
			return due, n.Due, nil
		}
		due = append(due, n)
	}
	return due, time.Time{}, nil
}

// NoticeAgents lists the agents that have notices waiting, and costs one seek
// an agent, not one a notice.
func (l *Ledger) NoticeAgents(ctx context.Context) ([]string, error) {
	var agents []string
	r := store.Range{Start: key(kindOutbox), End: key(kindOutbox + 1), Limit: 1}
	for {
		found := false
		for rec, err := range l.db.Scan(ctx, r) {
			if err != nil {
				return nil, err
			}
			agent, ok := cutAgent(rec.Key)
			if !ok {
				return nil, fmt.Errorf("ledger: damaged record %q: its key names no agent", rec.Key)
			}
			agents = append(agents, agent)
			r.Start = store.PrefixEnd(key(kindOutbox, agent, sep))
			found = true
		}
		if !found {
			return agents, nil
		}
	}
}

// cutAgent reads the agent at the front of k.
func cutAgent(k store.Key) (string, bool) {
	for i := 1; i < len(k); i++ {
		if k[i] == 0 {
			return string(k[1:i]), true
		}
	}
	return "", false
}

// CountNotices counts the notices waiting for agent, up to limit (0: all).
func (l *Ledger) CountNotices(ctx context.Context, agent string, limit int) (int, error) {
	r := store.Prefix(key(kindOutbox, agent, sep))
	r.Limit = limit
	return l.count(ctx, r)
}

func (l *Ledger) count(ctx context.Context, r store.Range) (int, error) {
	n := 0
	for _, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Retire removes notices that have been answered or given up.
func (l *Ledger) Retire(ctx context.Context, notices ...*Notice) error {
	var b store.Batch
	for _, n := range notices {
		b.Delete(n.key())
	}
	return l.db.Commit(ctx, &b)
}

// Postpone moves n to due after one more failed attempt. It fails with
// store.ErrConflict when the row is no longer there.
func (l *Ledger) Postpone(ctx context.Context, n *Notice, due time.Time) error {
	return l.move(ctx, n, due, n.Attempts+1)
}

// Hasten makes n due at once and forgets its failed attempts.
func (l *Ledger) Hasten(ctx context.Context, n *Notice) error {
	return l.move(ctx, n, l.clock.Now(), 0)
}

func (l *Ledger) move(ctx context.Context, n *Notice, due time.Time, attempts int) error {
	later := *n
	later.Due, later.Attempts = due, attempts
	old, next := n.key(), later.key()
	var b store.Batch
	b.Equals(old, n.encode())
	if next != old {
		b.Delete(old)
	}
	b.Put(next, later.encode())
	return l.commit(ctx, &b, store.Record{Key: next, Value: later.encode()})
}
