package pgstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/openrbm/openrbm/internal/store"
)

// What a scan reads before it yields anything. One that ends within it gives its
// connection back first.
const (
	pageRows  = 1000
	pageBytes = 1 << 20
)

// scan is one statement, which sees the database as it stood when it began.
// Rows beyond the first page stay in the server, and in the buffers on the way,
// until they are asked for; meanwhile the scan has taken its connection out of
// the pool, so that what is done between two rows finds the pool as it was.
type scan struct {
	db     *DB
	r      store.Range
	rows   pgx.Rows
	pooled *pgxpool.Conn // until the first page is read
	own    *pgx.Conn     // after that, if there is more
	late   *time.Timer   // ends the wait for rows
	cancel context.CancelFunc
}

// run yields the records and returns the error that ended them.
func (s *scan) run(ctx context.Context, yield func(store.Record, error) bool) error {
	page, more, err := s.first(ctx)
	if err == nil && len(page) > 0 {
		err = s.db.sure(ctx)
	}
	if err != nil {
		return err
	}
	for _, rec := range page {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !yield(rec, nil) {
			return nil
		}
	}
	for more {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.late.Reset(s.db.opts.Timeout)
		if more = s.rows.Next(); !more {
			return s.rows.Err()
		}
		s.late.Stop()
		if raw := s.rows.RawValues(); !yield(store.Record{Key: store.Key(raw[0]), Value: raw[1]}, nil) {
			return nil
		}
	}
	return nil
}

// first reads the first page. When there may be more, the connection is taken
// out of the pool, otherwise given back.
func (s *scan) first(ctx context.Context) (page []store.Record, more bool, err error) {
	if page, more, err = s.attempt(ctx); err != nil && lost(err) && ctx.Err() == nil {
		s.close()
		s.db.pool.Reset() // the others will be lost too
		page, more, err = s.attempt(ctx)
	}
	if err == nil && more {
		s.own, s.pooled = s.pooled.Hijack(), nil
	} else {
		s.close()
	}
	return page, more, err
}

func (s *scan) attempt(ctx context.Context) (page []store.Record, more bool, err error) {
	ctx, s.cancel = context.WithCancel(ctx)
	s.late = time.AfterFunc(s.db.opts.Timeout, s.cancel)
	defer s.late.Stop()
	if s.pooled, err = s.db.pool.Acquire(ctx); err != nil {
		return nil, false, err
	}
	sql, args := query(s.r)
	if s.rows, err = s.pooled.Query(ctx, sql, args...); err != nil {
		return nil, false, err
	}
	for size := 0; len(page) < pageRows && size < pageBytes; {
		if !s.rows.Next() {
			return page, false, s.rows.Err()
		}
		raw := s.rows.RawValues()
		page = append(page, store.Record{Key: store.Key(raw[0]), Value: append([]byte{}, raw[1]...)})
		size += len(raw[0]) + len(raw[1])
	}
	return page, true, nil
}

// close ends the scan. Where rows are left, it breaks the connection, which is
// the scan's own then.
func (s *scan) close() {
	if s.late != nil {
		s.late.Stop()
		s.cancel()
	}
	if s.rows != nil {
		s.rows.Close()
	}
	if s.pooled != nil {
		s.pooled.Release()
	}
	if s.own != nil {
		ctx, cancel := context.WithTimeout(context.Background(), graceful)
		defer cancel()
		_ = s.own.Close(ctx) // nothing of it is needed any more
	}
	s.rows, s.pooled, s.own = nil, nil, nil
}

// query is the statement of a scan. The ends of a range are of one kind; where
// they are not, the database sorts what it finds in the tables between them.
func query(r store.Range) (sql string, args []any) {
	args = append(args, []byte(r.Start))
	where := " where key >= $1"
	if r.End != "" {
		args = append(args, []byte(r.End))
		where += " and key < $2"
	}
	var from []string
	for t, last := tablesOf(r); t <= last; t++ {
		from = append(from, "select key, body from "+tableName(t)+where)
	}
	sql = strings.Join(from, " union all ") + " order by key"
	if r.Reverse {
		sql += " desc"
	}
	if r.Limit > 0 {
		args = append(args, r.Limit)
		sql += fmt.Sprintf(" limit $%d", len(args))
	}
	return sql, args
}
