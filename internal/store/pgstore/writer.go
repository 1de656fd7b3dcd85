package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openrbm/openrbm/internal/store"
)

// writer commits groups, one at a time, on a connection of its own.
type writer struct {
	db       *DB
	conn     *pgconn.PgConn // nil or closed when there is none
	used     time.Time      // when conn last answered
	prepared map[preparedKey]*pgconn.StatementDescription
	warning  string // of the server, since the last group began
}

type preparedKey struct {
	table int
	op    op
}

// graceful is how long the orderly end of a connection may take.
const graceful = time.Second

// idle is the time after which a connection is tried before it is used: many
// are cut when they are silent.
const idle = time.Second

// run commits groups until the store is closed.
func (w *writer) run() {
	for g := w.db.take(); g != nil; g = w.db.take() {
		answers, err := w.commit(g)
		if errors.Is(err, store.ErrUnknown) {
			w.db.doubts.raise()
		}
		if err != nil {
			w.db.log.Warn("pgstore: a group was not committed", "batches", len(g.requests), "error", err)
			answers = make([]error, len(g.requests))
			for i := range answers {
				answers[i] = err
			}
		}
		w.db.land(g, answers)
	}
	w.disconnect()
}

// commit returns the answers to the group's batches, or why there are none.
func (w *writer) commit(g *group) ([]error, error) {
	ctx, cancel := context.WithTimeout(context.Background(), w.db.opts.Timeout)
	defer cancel()
	var read map[store.Key]value
	for {
		todo, answers := g.plan(read)
		if len(todo) == 0 {
			return answers, nil
		}
		err := w.try(ctx, todo)
		if err == nil {
			return answers, nil
		}
		if !errors.Is(err, errAgain) {
			return nil, err
		}
		if read, err = w.read(ctx, g.checked()); err != nil {
			return nil, unavailable(err)
		}
	}
}

// errAgain says that a transaction was undone and another one may do better.
var errAgain = errors.New("the transaction was undone")

// unavailable is the error for callers of whose call nothing was done. Our own
// time limits must not look like the end of the caller's context.
func unavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: no answer in time: %v", store.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}

// try runs the statements as one transaction.
func (w *writer) try(ctx context.Context, todo []statement) error {
	if err := w.connect(ctx); err != nil {
		return unavailable(err)
	}
	var batch pgconn.Batch
	for i := range todo {
		sd, err := w.prepare(ctx, &todo[i])
		if err != nil && w.conn.IsClosed() {
			return fmt.Errorf("%w: %w", errAgain, err)
		}
		if err != nil {
			return unavailable(err)
		}
		params := todo[i].params()
		batch.ExecStatement(sd, params, binaryFormats[:len(params)], nil)
	}
	w.warning = ""
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.db.opts.Timeout+grace)
	defer cancel()
	results := w.conn.ExecBatch(ctx, &batch)
	done := 0
	for results.NextResult() {
		if _, err := results.ResultReader().Close(); err == nil {
			done++
		}
	}
	if err := results.Close(); err != nil {
		return w.judge(err, done == len(todo))
	}
	w.used = time.Now()
	if w.warning != "" {
		return fmt.Errorf("%w: committed, but: %s", store.ErrUnknown, w.warning)
	}
	return nil
}

// grace is how much longer than its own time limit the server may take to say
// that it is reached.
const grace = 5 * time.Second

// binaryFormats say that parameters are in binary form.
var binaryFormats = []int16{1, 1, 1}

// judge says what an error of a transaction means. complete: all statements had
// succeeded before it came.
func (w *writer) judge(err error, complete bool) error {
	var said *pgconn.PgError
	var broke *net.OpError
	switch {
	case errors.As(err, &broke) && broke.Op == "write":
		return fmt.Errorf("%w: %w", errAgain, err) // the end of the message, which commits, was not sent
	case !errors.As(err, &said): // pgconn.SafeToRetry is true of a connection lost while reading, too
		return fmt.Errorf("%w: %v", store.ErrUnknown, err)
	case complete && w.conn.IsClosed(), said.Code == completionUnknown:
		return fmt.Errorf("%w: %w", store.ErrUnknown, err)
	case w.conn.IsClosed(), again[said.Code]:
		return fmt.Errorf("%w: %w", errAgain, err)
	case said.Code == readOnly:
		w.disconnect() // it is a standby now
	}
	return unavailable(err)
}

// Codes of PostgreSQL's errors that are not the end of a group.
const (
	completionUnknown = "40003"
	readOnly          = "25006"
)

var again = map[string]bool{
	divByZero: true, // rows that were expected are not there
	"23505":   true, // unique_violation: a row that must not exist does
	"40001":   true, // serialization_failure
	"40P01":   true, // deadlock_detected
}

// connect makes sure that there is a connection.
func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil && !w.conn.IsClosed() {
		if time.Since(w.used) < idle || w.conn.Ping(ctx) == nil {
			return nil
		}
		w.disconnect()
	}
	c := w.db.writers.Copy()
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" {
			w.warning = n.Message
		}
	}
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	w.conn, w.used, w.prepared = conn, time.Now(), map[preparedKey]*pgconn.StatementDescription{}
	if err := w.db.sequencer.lift(ctx, conn); err != nil {
		w.disconnect()
		return err
	}
	return nil
}

func (w *writer) disconnect() {
	if w.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), graceful)
	defer cancel()
	_ = w.conn.Close(ctx) // nothing is under way on it
}

// prepare returns the prepared form of s.
func (w *writer) prepare(ctx context.Context, s *statement) (*pgconn.StatementDescription, error) {
	k := preparedKey{s.table, s.op}
	if sd := w.prepared[k]; sd != nil {
		return sd, nil
	}
	sd, err := w.conn.Prepare(ctx, fmt.Sprintf("%d_%d", s.table, s.op), s.sql(), nil)
	if err == nil {
		w.prepared[k] = sd
	}
	return sd, err
}

// read returns what the keys hold.
func (w *writer) read(ctx context.Context, keys []store.Key) (map[store.Key]value, error) {
	if err := w.connect(ctx); err != nil {
		return nil, err
	}
	found := make(map[store.Key]value, len(keys))
	for len(keys) > 0 {
		t := tableOf(keys[0])
		var a array
		for len(keys) > 0 && tableOf(keys[0]) == t {
			appendElement(&a, keys[0])
			found[keys[0]] = value{absent: true}
			keys = keys[1:]
		}
		r := w.conn.ExecParams(ctx, "select key, body from "+tableName(t)+" where key = any($1)",
			[][]byte{a.b}, []uint32{arrayOID}, binaryFormats[:1], binaryFormats[:1]).Read()
		if r.Err != nil {
			return nil, r.Err
		}
		for _, row := range r.Rows {
			found[store.Key(row[0])] = value{body: row[1]}
		}
	}
	return found, nil
}
