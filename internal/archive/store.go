package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/openrbm/openrbm/internal/store"
)

// Scanner is what records are read from: a store.Snapshot, or a store.DB that
// nobody writes to.
type Scanner interface {
	Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error]
}

// each visits all records in the order of their keys, kind by kind: a store may
// have a table for each.
func each(ctx context.Context, s Scanner, visit func(store.Record) error) error {
	for kind := range 256 {
		if err := eachOf(ctx, s, byte(kind), visit); err != nil {
			return err
		}
	}
	return nil
}

func eachOf(ctx context.Context, s Scanner, kind byte, visit func(store.Record) error) error {
	for rec, err := range s.Scan(ctx, store.Prefix(store.Key([]byte{kind}))) {
		if err == nil {
			err = visit(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Sum counts the records of s and makes one SHA-256, in hex, of all: what
// Totals.RecordsSum says of those in an archive.
func Sum(ctx context.Context, s Scanner) (records int64, sum string, err error) {
	hash := sha256.New()
	var buf []byte
	err = each(ctx, s, func(rec store.Record) error {
		records++
		buf = appendRecord(buf[:0], rec)
		hash.Write(buf)
		return nil
	})
	return records, hex.EncodeToString(hash.Sum(nil)), err
}

// Kind is what a store has of one record kind, the first byte of the key.
type Kind struct {
	Kind    byte
	Records int64
	Bytes   int64  // of keys and values
	Sum     string // SHA-256 of its records in the order of their keys, in hex
}

// Kinds is what s has of each kind of which there is anything, in order.
func Kinds(ctx context.Context, s Scanner) (kinds []Kind, err error) {
	hash := sha256.New()
	var buf []byte
	for kind := range 256 {
		k := Kind{Kind: byte(kind)}
		hash.Reset()
		err := eachOf(ctx, s, byte(kind), func(rec store.Record) error {
			k.Records++
			k.Bytes += int64(len(rec.Key) + len(rec.Value))
			buf = appendRecord(buf[:0], rec)
			hash.Write(buf)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if k.Records > 0 {
			k.Sum = hex.EncodeToString(hash.Sum(nil))
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

// commits bounds how often a batch whose outcome is unknown is written.
const commits = 10

var errNotEmpty = errors.New("archive: the store is not empty")

// Load reads an archive into db, which must be empty, and hands the contents to
// keep, as Sink.Content. When it returns nil, db holds what the archive holds: it
// has been read back and compared.
func Load(ctx context.Context, r io.Reader, db store.DB, keep func(sum string, r io.Reader) error) (Header, Totals, error) {
	if err := each(ctx, db, func(store.Record) error { return errNotEmpty }); err != nil {
		return Header{}, Totals{}, err
	}
	h, t, err := Read(r, Into(ctx, db, keep))
	if err != nil {
		return h, t, err
	}
	n, sum, err := Sum(ctx, db)
	if err == nil && (n != t.Records || sum != t.RecordsSum) {
		err = fmt.Errorf("archive: the store has %d records with the sum %s, the archive %d with %s", n, sum, t.Records, t.RecordsSum)
	}
	return h, t, err
}

// Into is the sink that writes records into db, and hands contents to keep.
func Into(ctx context.Context, db store.DB, keep func(sum string, r io.Reader) error) Sink {
	return &loader{ctx, db, keep}
}

type loader struct {
	ctx  context.Context
	db   store.DB
	keep func(sum string, r io.Reader) error
}

func (l *loader) Content(sum string, r io.Reader) error { return l.keep(sum, r) }

func (l *loader) Records(records []store.Record) (err error) {
	for range commits { // the same records again are no harm
		err = l.db.Commit(l.ctx, &store.Batch{Puts: records})
		if !errors.Is(err, store.ErrUnknown) || l.ctx.Err() != nil {
			break
		}
	}
	return err
}
