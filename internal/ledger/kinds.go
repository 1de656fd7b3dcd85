package ledger

import (
	"context"
	"fmt"
	"iter"

	"github.com/openrbm/openrbm/internal/store"
)

// kindNames is what the records of each kind are, for people.
var kindNames = map[byte]string{
	kindAgent: "agents", kindBrand: "brands", kindSetting: "settings", kindDue: "expiries", kindMedia: "files",
	kindErasure: "erasures", kindNode: "nodes", kindID: "message ids", kindOnline: "phones online", kindPromoted: "promotions counted",
	kindBody: "message bodies", kindUnwanted: "unsubscriptions", kindOutbox: "webhook events", kindPhone: "phones",
	kindAct: "audit log", kindDead: "webhook events given up", kindMailbox: "mailboxes", kindAccount: "service accounts",
	kindTester: "testers", kindUpstream: "ids of phones' messages", kindMeta: "the store's own", kindDamaged: "damaged records", kindLease: "leases",
}

// KindName is what the records of a kind are, for people.
func KindName(kind byte) string {
	if name, ok := kindNames[kind]; ok {
		return name
	}
	return fmt.Sprintf("kind %q", kind)
}

// scanner is what can be read, a store or a snapshot of one.
type scanner interface {
	Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error]
}

// anyKey is the first key of all; "" if there is none.
func anyKey(ctx context.Context, db scanner) (store.Key, error) {
	for kind := range 256 {
		r := store.Prefix(store.Key([]byte{byte(kind)}))
		r.Limit = 1
		for rec, err := range db.Scan(ctx, r) {
			if err != nil {
				return "", fmt.Errorf("ledger: looking for records: %w", err)
			}
			return rec.Key, nil
		}
	}
	return "", nil
}

// lastPlace is the greatest place of an item whose body is there; 0 if there is none.
func lastPlace(ctx context.Context, db scanner) (Seq, error) {
	for r, err := range db.Scan(ctx, store.Range{Start: key(kindBody), End: key(kindBody + 1), Limit: 1, Reverse: true}) {
		if err != nil {
			return 0, fmt.Errorf("ledger: finding the last arrival: %w", err)
		}
		if len(r.Key) != 9 {
			return 0, fmt.Errorf("ledger: damaged record %q: its key has the wrong length", r.Key)
		}
		return lastSeq(r.Key), nil
	}
	return 0, nil
}
