package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// report is the notice that tells the agent what became of its message
// (facts/rbm-api.md §3.6 and §3.7).
func (l *Ledger) report(s *Status, r delivery.Report) (*Notice, error) {
	at := l.clock.Now()
	id := EventID(s.Agent, s.ID, r.String())
	sent := rbm.Timestamp(at)
	var event any
	switch r {
	case delivery.ReportDelivered, delivery.ReportRead:
		event = &rbm.UserEvent{
			SenderPhoneNumber: s.Phone, EventType: rbm.UserEventType(r.String()), EventID: id,
			MessageID: s.ID, SendTime: sent, AgentID: FullAgentID(s.Agent),
		}
	default:
		event = &rbm.ServerEvent{
			PhoneNumber: s.Phone, EventType: rbm.ServerEventType(r.String()), EventID: id,
			MessageID: s.ID, SendTime: sent, AgentID: FullAgentID(s.Agent),
		}
	}
	data, err := rbm.MarshalPretty(event)
	if err != nil {
		return nil, fmt.Errorf("ledger: encoding the report %v: %w", r, err)
	}
	return &Notice{Agent: s.Agent, EventID: id, Type: r.String(), Data: data, Created: at, Due: at}, nil
}

// PlatformAgent is the agent by which the platform itself speaks to users: it
// asks them whether they want to be testers. No agent of a business can have its
// id, and nobody is told what becomes of its messages.
const PlatformAgent = "_tester_management"

// FullAgentID is the agent's id as webhooks carry it (facts/rbm-api.md §0.1).
func FullAgentID(agent string) string { return agent + "@rbm.goog" }

// EventID is the same for the same happening, which parts describe, in the form
// of a UUID (version 8, RFC 9562), so that a repeat is known as one.
func EventID(parts ...string) string {
	h := sha256.Sum256([]byte(ID(parts...)))
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func encodeUpstream(at time.Time) []byte {
	var w writer
	w.byte(recordV1)
	w.time(at)
	return w
}

func decodeUpstream(rec store.Record) (time.Time, error) {
	r := open(rec.Value)
	return r.time(), r.done(rec.Key)
}

// PostUpstream records what a phone sent to an agent, in one durable commit:
// the notices, and that ref was used, so that a repeat is absorbed. It says
// whether it was new.
func (l *Ledger) PostUpstream(ctx context.Context, phone string, ref Ref, notices ...*Notice) (bool, error) {
	return l.postUpstream(ctx, phone, ref, new(store.Batch), notices)
}

// PostSubscription is PostUpstream for what also says whether the user wants the
// agent's promotions from now on.
func (l *Ledger) PostSubscription(ctx context.Context, phone string, ref Ref, wanted bool, notices ...*Notice) (bool, error) {
	var b store.Batch
	if k := unwantedKey(ref.Agent, phone); wanted {
		b.Delete(k)
	} else {
		b.Put(k, encodeUpstream(l.clock.Now()))
	}
	return l.postUpstream(ctx, phone, ref, &b, notices)
}

func (l *Ledger) postUpstream(ctx context.Context, phone string, ref Ref, b *store.Batch, notices []*Notice) (bool, error) {
	proof := store.Record{Key: upstreamKey(phone, ref), Value: encodeUpstream(l.clock.Now())}
	b.Absent(proof.Key)
	b.Put(proof.Key, proof.Value)
	for _, n := range notices {
		b.Put(n.key(), n.encode())
	}
	err := l.commit(ctx, b, proof)
	if errors.Is(err, store.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// Unsubscribed says that the user of phone does not want the agent's promotions.
func (l *Ledger) Unsubscribed(ctx context.Context, agent, phone string) (bool, error) {
	_, err := l.db.Get(ctx, unwantedKey(agent, phone))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// LaunchEvent begins the Type of a notice that tells of a launch; the new state
// follows, such as REJECTED (facts/rbm-api.md §3.8).
const LaunchEvent = "AGENT_LAUNCH_EVENT:"
