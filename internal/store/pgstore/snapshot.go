package pgstore

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Snapshotter = (*DB)(nil)

// Snapshot implements store.Snapshotter: a transaction that only reads, on a connection
// of its own. If that is lost, the snapshot is lost with it.
func (d *DB) Snapshot(ctx context.Context) (store.Snapshot, error) {
	if err := d.enter(ctx); err != nil {
		return nil, err
	}
	s, err := d.snapshot(ctx)
	if err == nil {
		return s, nil
	}
	d.users.Done()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, unavailable(fmt.Errorf("pgstore: snapshot: %w", err))
}

func (d *DB) snapshot(ctx context.Context) (*snapshot, error) {
	if err := d.settle(ctx, func(*group) bool { return true }); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	c := d.pool.Config().ConnConfig
	c.RuntimeParams["idle_in_transaction_session_timeout"] = "0" // whoever reads the snapshot takes its time
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &snapshot{db: d, conn: conn}
	// The moment is that of the first statement after the beginning.
	for _, sql := range []string{"begin isolation level repeatable read, read only", "select 1"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			s.disconnect()
			return nil, err
		}
	}
	d.doubts.raise() // as on every new connection
	if err := d.sure(ctx); err != nil {
		s.disconnect()
		return nil, err
	}
	return s, nil
}

// snapshot is a transaction that reads. Scans read it page by page, so that several
// may go on at once.
type snapshot struct {
	db *DB

	mu   sync.Mutex // held while a page is read
	conn *pgx.Conn  // nil when closed
}

// firstRows is how many rows the first page of a scan asks for. The next pages ask
// for more, as long as they stay within pageBytes.
const firstRows = 100

// Scan implements store.Snapshot.
func (s *snapshot) Scan(ctx context.Context, r store.Range) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		left, rows := r.Limit, firstRows
		for r.End == "" || r.Start < r.End {
			if r.Limit = rows; left > 0 {
				r.Limit = min(rows, left)
			}
			page, cut, err := s.page(ctx, r)
			for _, rec := range page {
				if err := ctx.Err(); err != nil {
					yield(store.Record{}, err)
					return
				}
				if !yield(rec, nil) {
					return
				}
			}
			if err != nil {
				yield(store.Record{}, err)
				return
			}
			if !cut && len(page) < r.Limit || left > 0 && len(page) == left {
				return
			}
			if left > 0 {
				left -= len(page)
			}
			if rows = len(page); !cut {
				rows = min(2*rows, pageRows)
			}
			r = after(r, page[len(page)-1].Key)
		}
	}
}

// after is what is left of r when k has been read.
func after(r store.Range, k store.Key) store.Range {
	if r.Reverse {
		r.End = k
	} else {
		r.Start = k + "\x00"
	}
	return r
}

// page reads the records of r, whose limit bounds them. cut says that pageBytes
// did, and rows were thrown away. A page is read to its end whatever becomes of ctx:
// breaking it off would end the transaction.
func (s *snapshot) page(ctx context.Context, r store.Range) (page []store.Record, cut bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return nil, false, store.ErrClosed
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	late := time.AfterFunc(s.db.opts.Timeout, cancel)
	defer late.Stop()
	sql, args := query(r)
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, false, unavailable(fmt.Errorf("pgstore: snapshot: %w", err))
	}
	defer rows.Close()
	for size := 0; rows.Next(); late.Reset(s.db.opts.Timeout) {
		raw := rows.RawValues()
		size += len(raw[0]) + len(raw[1])
		if cut = cut || len(page) > 0 && size > pageBytes; !cut {
			page = append(page, store.Record{Key: store.Key(raw[0]), Value: append([]byte{}, raw[1]...)})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, false, unavailable(fmt.Errorf("pgstore: snapshot: %w", err))
	}
	return page, cut, nil
}

// Close implements store.Snapshot.
func (s *snapshot) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		s.disconnect()
		s.db.users.Done()
	}
	return nil
}

// disconnect ends the transaction with its connection: there is nothing to keep.
func (s *snapshot) disconnect() {
	ctx, cancel := context.WithTimeout(context.Background(), graceful)
	defer cancel()
	_ = s.conn.Close(ctx)
	s.conn = nil
}
