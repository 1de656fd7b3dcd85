package ledger

import (
	"context"
	"encoding"
	"errors"
	"fmt"

	json "github.com/go-json-experiment/json"

	"github.com/openrbm/openrbm/internal/store"
)

// Table holds documents of one type under ids: as JSON, or, if their type has a
// form of its own (encoding.BinaryAppender), in that. Ids must not contain the byte 0.
type Table[T any] struct {
	l    *Ledger
	kind byte
}

// Agents, Phones, Testers, Accounts and Brands are the tables of who exists. What a
// document holds is the caller's; fields may be added, never changed in meaning.
func Agents[T any](l *Ledger) Table[T]   { return Table[T]{l, kindAgent} }
func Phones[T any](l *Ledger) Table[T]   { return Table[T]{l, kindPhone} }
func Testers[T any](l *Ledger) Table[T]  { return Table[T]{l, kindTester} }
func Accounts[T any](l *Ledger) Table[T] { return Table[T]{l, kindAccount} }
func Brands[T any](l *Ledger) Table[T]   { return Table[T]{l, kindBrand} }

// Promotions count the promotional messages of an agent to a phone.
func Promotions[T any](l *Ledger) Table[T] { return Table[T]{l, kindPromoted} }

// Settings are the platform's own documents, such as its secrets.
func Settings[T any](l *Ledger) Table[T] { return Table[T]{l, kindSetting} }

// Media are the documents of files: what is known of them, not their content.
func Media[T any](l *Ledger) Table[T] { return Table[T]{l, kindMedia} }

// ID joins the parts of an id so that all ids with the same first parts stand
// together; see List.
func ID(parts ...string) string {
	id := ""
	for i, p := range parts {
		if i > 0 {
			id += sep
		}
		id += p
	}
	return id
}

// Get returns the document of id, or store.ErrNotFound.
func (t Table[T]) Get(ctx context.Context, id string) (*T, error) {
	doc, _, err := t.read(ctx, id)
	return doc, err
}

// Create stores a new document, or fails with store.ErrConflict if id exists.
func (t Table[T]) Create(ctx context.Context, id string, doc *T) error {
	v, err := encodeDocument(doc)
	if err != nil {
		return fmt.Errorf("ledger: encoding %q: %w", id, err)
	}
	k := key(t.kind, id)
	var b store.Batch
	b.Absent(k)
	b.Put(k, v)
	return t.l.commit(ctx, &b, store.Record{Key: k, Value: v})
}

// Update changes the document of id by change, which may be called again when
// someone else changed it meanwhile. An error of change ends it unwritten.
func (t Table[T]) Update(ctx context.Context, id string, change func(*T) error) (*T, error) {
	return t.UpdateAndTell(ctx, id, func(doc *T) ([]*Notice, error) { return nil, change(doc) })
}

// UpdateAndTell is Update with the notices that tell of the change, in one commit.
func (t Table[T]) UpdateAndTell(ctx context.Context, id string, change func(*T) ([]*Notice, error)) (*T, error) {
	k := key(t.kind, id)
	for range attempts {
		doc, old, err := t.read(ctx, id)
		if err != nil {
			return nil, err
		}
		notices, err := change(doc)
		if err != nil {
			return nil, err
		}
		v, err := encodeDocument(doc)
		if err != nil {
			return nil, fmt.Errorf("ledger: encoding %q: %w", id, err)
		}
		if string(v) == string(old) {
			return doc, nil
		}
		var b store.Batch
		b.Equals(k, old)
		b.Put(k, v)
		for _, n := range notices {
			b.Put(n.key(), n.encode())
		}
		err = t.l.commit(ctx, &b, store.Record{Key: k, Value: v})
		if err == nil {
			return doc, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("ledger: %q changes too fast", id)
}

// Delete removes the document of id, or fails with store.ErrNotFound.
func (t Table[T]) Delete(ctx context.Context, id string) error {
	if _, _, err := t.read(ctx, id); err != nil {
		return err
	}
	k := key(t.kind, id)
	var b store.Batch
	b.Delete(k)
	return t.l.commit(ctx, &b, store.Record{Key: k})
}

// List gives up to limit documents (0: all) in the order of their ids, those
// whose id begins with prefix and comes after the id after.
func (t Table[T]) List(ctx context.Context, prefix, after string, limit int) ([]*T, error) {
	r := store.Prefix(key(t.kind, prefix))
	r.Limit = limit
	if from := key(t.kind, after, sep); after != "" && from > r.Start {
		r.Start = from
	}
	var docs []*T
	for rec, err := range t.l.db.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		doc := new(T)
		if err := decodeDocument(rec.Value, doc); err != nil {
			return nil, fmt.Errorf("ledger: damaged document %q: %w", rec.Key, err)
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// IDs lists the ids of up to limit documents, chosen as by List.
func (t Table[T]) IDs(ctx context.Context, prefix, after string, limit int) ([]string, error) {
	r := store.Prefix(key(t.kind, prefix))
	r.Limit = limit
	if from := key(t.kind, after, sep); after != "" && from > r.Start {
		r.Start = from
	}
	var ids []string
	for rec, err := range t.l.db.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, string(rec.Key[1:]))
	}
	return ids, nil
}

// Count counts the documents.
func (t Table[T]) Count(ctx context.Context) (int, error) {
	return t.l.count(ctx, store.Prefix(key(t.kind)))
}

func (t Table[T]) read(ctx context.Context, id string) (*T, []byte, error) {
	k := key(t.kind, id)
	v, err := t.l.db.Get(ctx, k)
	if err != nil {
		return nil, nil, err
	}
	doc := new(T)
	if err := decodeDocument(v, doc); err != nil {
		return nil, nil, fmt.Errorf("ledger: damaged document %q: %w", k, err)
	}
	return doc, v, nil
}

// ownForm begins a document in the form of its type; JSON begins with '{'.
const ownForm = 1

func encodeDocument(doc any) ([]byte, error) {
	if own, ok := doc.(encoding.BinaryAppender); ok {
		return own.AppendBinary([]byte{ownForm})
	}
	return json.Marshal(doc, json.Deterministic(true))
}

func decodeDocument(b []byte, doc any) error {
	if own, ok := doc.(encoding.BinaryUnmarshaler); ok && len(b) > 0 && b[0] == ownForm {
		return own.UnmarshalBinary(b[1:])
	}
	return json.Unmarshal(b, doc)
}
