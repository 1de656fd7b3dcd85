package pgstore

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openrbm/openrbm/internal/store"
)

var _ store.Sequencer = (*DB)(nil)

// sequencer gives out numbers: one statement takes a block for all who wait. The
// transactions of that statement do not wait for the disk. They need not: a number
// counts when a commit uses it, and that commit comes later in the log, so that whatever
// keeps it keeps the sequence too, as long as the server does not restart in
// between. If it does, all connections are lost; and each new one of a writer begins
// by raising the sequence to the greatest number that this process was given. A
// number that comes while a writer does that is given to nobody. A standby that takes
// over is no other case: what a synchronous standby has confirmed, all that is before it in
// the log included, it has.
type sequencer struct {
	db     *DB
	conn   *pgconn.PgConn // owned by run
	connAt int            // lifts when conn was made

	greatest atomic.Uint64 // given out by this process
	// lifting counts the new connections of writers; it is locked for reading while
	// numbers are handed out.
	lifting sync.RWMutex
	lifts   int

	mu      sync.Mutex
	waiting []*asker
	running bool
}

// asker waits for a number.
type asker struct {
	atLeast uint64
	number  uint64
	done    chan error
}

// maxBlock is how many numbers one statement takes at most.
const maxBlock = 10_000

// Sequence implements store.Sequencer, for numbers up to 1<<63 - 1.
func (d *DB) Sequence(ctx context.Context, atLeast uint64) (uint64, error) {
	if atLeast > math.MaxInt64-maxBlock {
		return 0, fmt.Errorf("pgstore: sequence from %d on: too large", atLeast)
	}
	if err := d.enter(ctx); err != nil {
		return 0, err
	}
	defer d.users.Done()
	a := &asker{atLeast: atLeast, done: make(chan error, 1)}
	d.sequencer.ask(a)
	select {
	case err := <-a.done:
		return a.number, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// ask queues a and makes sure that somebody works.
func (s *sequencer) ask(a *asker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, a)
	if !s.running {
		s.running = true
		s.db.running.Go(s.run)
	}
}

// run serves until nobody waits.
func (s *sequencer) run() {
	for {
		s.mu.Lock()
		n := min(len(s.waiting), maxBlock)
		group := s.waiting[:n:n]
		s.waiting = s.waiting[n:]
		if s.running = n > 0; !s.running {
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		err := s.serve(group)
		for _, a := range group {
			a.done <- err
		}
	}
}

// serve gives numbers to group. What was taken and is not used is lost, no more.
func (s *sequencer) serve(group []*asker) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.db.opts.Timeout)
	defer cancel()
	var atLeast uint64
	for _, a := range group {
		atLeast = max(atLeast, a.atLeast)
	}
	for try := 0; ; try++ {
		s.lifting.RLock()
		lifts := s.lifts
		s.lifting.RUnlock()
		if lifts != s.connAt {
			s.disconnect() // the server that writers reach now may be another
			s.connAt = lifts
		}
		last, err := s.take(ctx, len(group), atLeast)
		if err != nil {
			s.disconnect()
			if try > 0 || ctx.Err() != nil {
				return unavailable(fmt.Errorf("pgstore: sequence: %w", err))
			}
			continue
		}
		if s.hand(group, last, lifts) {
			return nil
		}
	}
}

// hand gives the numbers up to last to group, unless a writer has connected anew
// since lifts was read.
func (s *sequencer) hand(group []*asker, last uint64, lifts int) bool {
	s.lifting.RLock()
	defer s.lifting.RUnlock()
	if s.lifts != lifts {
		return false
	}
	for i, a := range group {
		a.number = last - uint64(len(group)-1-i)
	}
	s.greatest.Store(max(last, s.greatest.Load())) // a server that was restarted begins lower
	return true
}

const (
	takeSQL = "update sequence set last = greatest(last + $1, $2 + $1 - 1) where id = 0 returning last"
	liftSQL = "update sequence set last = greatest(last, $1) where id = 0"
)

// take takes n numbers and returns the last.
func (s *sequencer) take(ctx context.Context, n int, atLeast uint64) (uint64, error) {
	if err := s.connect(ctx); err != nil {
		return 0, err
	}
	r := s.conn.ExecPrepared(ctx, "take", [][]byte{
		strconv.AppendInt(nil, int64(n), 10), strconv.AppendUint(nil, atLeast, 10),
	}, nil, nil).Read()
	if r.Err != nil {
		return 0, r.Err
	}
	if len(r.Rows) != 1 {
		return 0, fmt.Errorf("the sequence has %d rows, want 1", len(r.Rows))
	}
	return strconv.ParseUint(string(r.Rows[0][0]), 10, 63)
}

func (s *sequencer) connect(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	c := s.db.writers.Copy()
	c.RuntimeParams["synchronous_commit"] = "off"
	conn, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	s.conn = conn
	_, err = conn.Prepare(ctx, "take", takeSQL, []uint32{int8OID, int8OID})
	return err
}

const int8OID = 20

func (s *sequencer) disconnect() {
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), graceful)
	defer cancel()
	_ = s.conn.Close(ctx) // nothing is under way on it
	s.conn = nil
}

// lift makes the database that conn leads to know the numbers that this process
// was given. A writer does it with every new connection, also when there are none:
// what the writer sees from then on is as durable as this commit.
func (s *sequencer) lift(ctx context.Context, conn *pgconn.PgConn) error {
	s.lifting.Lock()
	s.lifts++
	greatest := s.greatest.Load()
	s.lifting.Unlock()
	return conn.ExecParams(ctx, liftSQL, [][]byte{strconv.AppendUint(nil, greatest, 10)}, []uint32{int8OID}, nil, nil).Read().Err
}
