package ledger

import (
	"context"
	"errors"
	"fmt"

	json "github.com/go-json-experiment/json"

	"github.com/openrbm/openrbm/internal/store"
)

// Nodes are the processes that work on the store, and Leases what work is whose.
func Nodes[T any](l *Ledger) Table[T]  { return Table[T]{l, kindNode} }
func Leases[T any](l *Ledger) Table[T] { return Table[T]{l, kindLease} }

// Notifier carries hints between the processes on the store; nil: it has none.
func (l *Ledger) Notifier() store.Notifier {
	n, _ := l.db.(store.Notifier)
	return n
}

// Remove removes the document of id if it is still as want is. It says whether
// it did.
func (t Table[T]) Remove(ctx context.Context, id string, want *T) (bool, error) {
	doc, old, err := t.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	is, err := json.Marshal(doc, json.Deterministic(true))
	if err != nil {
		return false, err
	}
	if wanted, err := json.Marshal(want, json.Deterministic(true)); err != nil || string(wanted) != string(is) {
		return false, err
	}
	k := key(t.kind, id)
	var b store.Batch
	b.Equals(k, old)
	b.Delete(k)
	err = t.l.commit(ctx, &b, store.Record{Key: k})
	if errors.Is(err, store.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

func onlineKey(phone string) store.Key { return key(kindOnline, phone) }

func encodeOnline(where string) []byte {
	var w writer
	w.byte(recordV1)
	w.string(where)
	return w
}

func decodeOnline(k store.Key, b []byte) (where string, err error) {
	r := open(b)
	where = r.string()
	return where, r.done(k)
}

// SetOnline records that phones are connected at where, in one durable commit.
func (l *Ledger) SetOnline(ctx context.Context, where string, phones ...string) error {
	var b store.Batch
	v := encodeOnline(where)
	for _, p := range phones {
		b.Put(onlineKey(p), v)
	}
	return l.db.Commit(ctx, &b)
}

// SetOffline removes the records of those phones that are recorded at where.
func (l *Ledger) SetOffline(ctx context.Context, where string, phones ...string) error {
	for range attempts {
		at, err := l.WhereOnline(ctx, phones...)
		if err != nil {
			return err
		}
		var b store.Batch
		v := encodeOnline(where)
		for _, p := range phones {
			if at[p] == where {
				b.Equals(onlineKey(p), v)
				b.Delete(onlineKey(p))
			}
		}
		if b.Empty() {
			return nil
		}
		if err := l.db.Commit(ctx, &b); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return store.ErrConflict
}

// WhereOnline is where phones are recorded to be connected; the others are not in it.
func (l *Ledger) WhereOnline(ctx context.Context, phones ...string) (map[string]string, error) {
	keys := make([]store.Key, len(phones))
	for i, p := range phones {
		keys[i] = onlineKey(p)
	}
	found, err := store.Collect(ctx, l.db, keys)
	if err != nil {
		return nil, err
	}
	at := make(map[string]string, len(found))
	for k, v := range found {
		where, err := decodeOnline(k, v)
		if err != nil {
			return nil, err
		}
		at[string(k[1:])] = where
	}
	return at, nil
}

// EachOnline visits where each phone is recorded to be connected.
func (l *Ledger) EachOnline(ctx context.Context, visit func(phone, where string)) error {
	for rec, err := range l.db.Scan(ctx, store.Prefix(key(kindOnline))) {
		if err != nil {
			return err
		}
		where, err := decodeOnline(rec.Key, rec.Value)
		if err != nil {
			return err
		}
		visit(string(rec.Key[1:]), where)
	}
	return nil
}

// ListIDs gives all documents by their ids.
func (t Table[T]) ListIDs(ctx context.Context) (map[string]*T, error) {
	docs := make(map[string]*T)
	for rec, err := range t.l.db.Scan(ctx, store.Prefix(key(t.kind))) {
		if err != nil {
			return nil, err
		}
		doc := new(T)
		if err := json.Unmarshal(rec.Value, doc); err != nil {
			return nil, fmt.Errorf("ledger: damaged document %q: %w", rec.Key, err)
		}
		docs[string(rec.Key[1:])] = doc
	}
	return docs, nil
}
