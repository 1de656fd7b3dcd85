// Package engine moves messages: it accepts them from agents, owns the mailbox
// of every phone that is online, commits before it acts, turns what phones say
// into receipts, and takes messages back when the agent or the time says so.
package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/journal"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/rbm"
)

// Ref names an agentMessage or agentEvent.
type Ref = ledger.Ref

// Directory knows which agents exist, and the carriers of phones.
type Directory interface {
	HasAgent(ctx context.Context, agent string) (bool, error)
	// Carrier is that of a phone, "" if it is not known.
	Carrier(ctx context.Context, phone string) (string, error)
}

// Options are the engine's settings; a zero field has the default that is named
// beside it.
type Options struct {
	// VerdictWait is how long a phone that was sent a message may take to say
	// whether it can still be taken back (750 ms).
	VerdictWait time.Duration
	// QueueRetention is how long a message without expireTime waits for its phone
	// (30 days, facts/rbm-api.md §1.1).
	QueueRetention time.Duration
	// HistoryRetention is how long a message, and that its id was used, is known
	// (60 days); never less than QueueRetention.
	HistoryRetention time.Duration
	// UpstreamRetention is how long the id of something a phone sent is known (7 days).
	UpstreamRetention time.Duration
	// SweepInterval is how often work is looked for that no wake-up announced (30 s).
	SweepInterval time.Duration
	// Notify says that the outbox has something new for agent.
	Notify func(agent string)
	// Platform takes what users say to ledger.PlatformAgent (nobody listens). It must
	// absorb repeats.
	Platform func(ctx context.Context, phone string, m *rbm.UserMessage) error
	// Shared says that other processes work on the same store. Then an item is never
	// handed to its phone's mailbox: another one may have accepted an item that comes
	// before it. The mailbox looks into the store.
	Shared bool
	// Peers are the other nodes, on a shared store; nil: they are not known.
	Peers Peers
	// LoseHints makes the engine forget to wake mailboxes, the expiry and the outbox: for tests of law 3.
	LoseHints bool
	// Journal is told what happens; nil: nobody watches.
	Journal *journal.Journal
	Logger  *slog.Logger
}

func (o *Options) setDefaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.VerdictWait, 750*time.Millisecond)
	set(&o.QueueRetention, 30*24*time.Hour)
	set(&o.HistoryRetention, 60*24*time.Hour)
	set(&o.UpstreamRetention, 7*24*time.Hour)
	set(&o.SweepInterval, 30*time.Second)
	o.HistoryRetention = max(o.HistoryRetention, o.QueueRetention)
	if o.Notify == nil || o.LoseHints {
		o.Notify = func(string) {}
	}
	if o.Platform == nil {
		o.Platform = func(context.Context, string, *rbm.UserMessage) error { return nil }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Engine is the mover of messages. Make one with New and let it Run.
type Engine struct {
	ledger *ledger.Ledger
	clock  *clock.Clock
	agents Directory
	opts   Options
	log    *slog.Logger
	stats  Stats

	lanes    lanes
	online   online
	typing   passing
	expiry   expiry
	ripening ripening

	closing  atomic.Bool
	attached atomic.Uint32 // mailboxes since the start
	pumps    sync.WaitGroup
}

// New returns an engine over l.
func New(l *ledger.Ledger, agents Directory, opts Options) *Engine {
	opts.setDefaults()
	e := &Engine{ledger: l, clock: l.Clock(), agents: agents, opts: opts, log: opts.Logger}
	e.expiry.wake = make(chan struct{}, 1)
	e.ripening.ready = e.ripen
	return e
}

// Run does what no caller waits for: expiry, the sweep for work whose wake-up
// was lost, retention. It returns when ctx ends.
func (e *Engine) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, loop := range []func(context.Context){e.runExpiry, e.runSweep, e.runRetention} {
		wg.Go(func() { loop(ctx) })
	}
	wg.Wait()
}

// Close takes all phones offline and waits for what is under way.
func (e *Engine) Close() {
	e.closing.Store(true)
	for _, m := range e.online.all() {
		m.Detach()
	}
	e.pumps.Wait()
}

// sweepBatch is how many mailboxes the sweep wakes at once. All of them at once
// would each need a goroutine and an iterator of the store.
const sweepBatch = 64

// runSweep makes every mailbox look at the ledger, from its beginning, from time to
// time. With many phones it takes half a SweepInterval for that.
func (e *Engine) runSweep(ctx context.Context) {
	for e.clock.Sleep(ctx, e.opts.SweepInterval) {
		all := e.online.all()
		pause := e.opts.SweepInterval / time.Duration(2*(1+len(all)/sweepBatch))
		for i, m := range all {
			if i > 0 && i%sweepBatch == 0 && !e.clock.Sleep(ctx, pause) {
				return
			}
			m.rescan()
		}
	}
}
