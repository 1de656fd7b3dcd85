package ledger

import (
	"context"
	"fmt"
	"time"

	json "github.com/go-json-experiment/json"

	"github.com/openrbm/openrbm/internal/store"
)

// Act is an entry of the audit log: something that an administrator or a partner
// did, or tried to. It holds no secret and no phone number: see docs/audit.md.
type Act struct {
	Seq  Seq       `json:"-"`
	Time time.Time `json:"time"`
	// Who did it: "admin" or the email of a service account. KeyID is its key.
	Who   string `json:"who"`
	KeyID string `json:"keyId,omitzero"`
	// From is the address it came from; ForwardedFor what the caller, or a proxy,
	// says of that.
	From         string `json:"from"`
	ForwardedFor string `json:"forwardedFor,omitzero"`
	// Method and Route are the row of the table of routes, Resource the path.
	Method   string `json:"method"`
	Route    string `json:"route"`
	Resource string `json:"resource"`
	// Fields are the names of the body's fields.
	Fields []string `json:"fields,omitempty"`
	// Target is what it made, if the path does not say.
	Target string `json:"target,omitzero"`
	// Outcome is OK or the code of the refusal; "" while it is under way, or when the
	// server ended before it was known.
	Outcome string `json:"outcome,omitzero"`
	// Count is how many attempts to get in the entry stands for; 0: it is one act.
	Count int `json:"count,omitzero"`
}

func actKey(s Seq) store.Key { return key(kindAct, be64(uint64(s))) }

// Begin records that a is about to be done, or with its Outcome that it has been
// tried, durably. It sets its Seq and Time.
func (l *Ledger) Begin(ctx context.Context, a *Act) error {
	a.Seq, a.Time = l.NextSeq(), l.clock.Now().Truncate(time.Microsecond)
	return l.putAct(ctx, a)
}

// Finish records what came of a, which Begin has recorded.
func (l *Ledger) Finish(ctx context.Context, a *Act) error { return l.putAct(ctx, a) }

func (l *Ledger) putAct(ctx context.Context, a *Act) error {
	v, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("ledger: encoding an entry of the audit log: %w", err)
	}
	k := actKey(a.Seq)
	var b store.Batch
	b.Put(k, v)
	return l.commit(ctx, &b, store.Record{Key: k, Value: v})
}

// Acts lists up to limit entries of the audit log, the newest first: those before
// the place before (0: all) and not before the time oldest.
func (l *Ledger) Acts(ctx context.Context, before Seq, oldest time.Time, limit int) ([]*Act, error) {
	r := store.Range{Start: actKey(0), End: key(kindAct + 1), Limit: limit, Reverse: true}
	if !oldest.IsZero() {
		r.Start = actKey(seqAt(oldest))
	}
	if before > 0 {
		r.End = actKey(before)
	}
	var acts []*Act
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		a := &Act{Seq: lastSeq(rec.Key)}
		if err := json.Unmarshal(rec.Value, a); err != nil {
			err = &damagedError{rec.Key, err.Error()}
			if l.setAside(ctx, rec, err) {
				continue
			}
			return nil, err
		}
		acts = append(acts, a)
	}
	return acts, nil
}

// ForgetActs removes up to limit entries of the audit log from before the time
// before, and says how many.
func (l *Ledger) ForgetActs(ctx context.Context, before time.Time, limit int) (int, error) {
	var b store.Batch
	for rec, err := range l.db.Scan(ctx, store.Range{Start: actKey(0), End: actKey(seqAt(before)), Limit: limit}) {
		if err != nil {
			return 0, err
		}
		b.Delete(rec.Key)
	}
	if b.Empty() {
		return 0, nil
	}
	return len(b.Deletes), l.db.Commit(ctx, &b)
}
