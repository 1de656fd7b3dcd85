package outbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
)

// Webhook is where an agent's events go. Token is the secret that agent and
// platform share: it signs the events and is never sent with them.
type Webhook struct{ URL, Token string }

// Targets knows the webhooks of agents.
type Targets interface {
	// Webhook is asked before each round of attempts. False: the agent has none,
	// its notices wait.
	Webhook(ctx context.Context, agent string) (Webhook, bool, error)
}

// Outbox delivers notices. Make one with New and let it Run.
type Outbox struct {
	ledger  *ledger.Ledger
	clock   *clock.Clock
	targets Targets
	opts    Options
	log     *slog.Logger
	slots   chan struct{} // one in it for each attempt that counts for Options.InAll

	mu       sync.Mutex
	couriers map[string]*courier // by agent; kept when idle, for what they learnt
	shift    *shift              // nil: Run is not running

	working sync.WaitGroup // couriers at work
}

// shift is one run of the outbox.
type shift struct {
	ctx      context.Context // ends when no attempt is to be begun any more
	attempts context.Context // ends when attempts in flight are to be abandoned
}

// New returns an outbox for the notices in l.
func New(l *ledger.Ledger, t Targets, o Options) *Outbox {
	o.setDefaults()
	return &Outbox{
		ledger: l, clock: l.Clock(), targets: t, opts: o, log: o.Logger,
		slots: make(chan struct{}, o.InAll), couriers: make(map[string]*courier),
	}
}

// Run delivers until ctx ends; then it lets the attempts in flight finish within
// Options.Drain and returns nil. What has no answer by then is attempted again
// by the next Run. Only one Run may be under way; a second one is an error.
func (o *Outbox) Run(ctx context.Context) error {
	attempts, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	if !o.open(&shift{ctx, attempts}) {
		return errors.New("outbox: is running already")
	}
	for {
		o.sweep(ctx)
		if !o.clock.SleepUntil(ctx, o.clock.Now().Add(o.opts.SweepInterval), nil) {
			break
		}
	}
	o.close()
	late := time.AfterFunc(o.opts.Drain, abandon)
	defer late.Stop()
	o.working.Wait()
	return nil
}

func (o *Outbox) open(s *shift) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.shift != nil {
		return false
	}
	o.shift = s
	return true
}

// close lets no courier begin any more.
func (o *Outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.shift = nil
}

// Hint says that agent may have something due: a new notice, or a webhook that
// was configured. It never blocks, and may be lost: the sweep finds the work later.
func (o *Outbox) Hint(agent string) { o.nudge(agent, false) }

// nudge makes agent's courier look in the ledger and, with urge, forget its pauses.
func (o *Outbox) nudge(agent string, urge bool) {
	if !o.opts.Owns(agent) {
		o.opts.Elsewhere(agent)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.shift == nil {
		return
	}
	c := o.couriers[agent]
	if c == nil {
		c = newCourier(o, agent)
		o.couriers[agent] = c
	}
	if c.hint(urge) {
		s := o.shift
		o.working.Go(func() { c.work(s) })
	}
}

// Sweep looks for work that no hint has announced.
func (o *Outbox) Sweep() {
	o.mu.Lock()
	s := o.shift
	o.mu.Unlock()
	if s != nil {
		o.sweep(s.ctx)
	}
}

// Busy says whether notices are on their way of an agent that mine says, and makes
// their couriers look whether they still own them.
func (o *Outbox) Busy(mine func(agent string) bool) bool {
	busy := false
	for _, c := range o.all() {
		if mine(c.agent) && c.active() {
			c.signal()
			busy = true
		}
	}
	return busy
}

// sweep gives a hint to every agent that has something waiting.
func (o *Outbox) sweep(ctx context.Context) {
	agents, err := o.ledger.NoticeAgents(ctx)
	if err != nil && ctx.Err() == nil {
		o.log.Error("outbox: looking for agents with notices", "err", err)
	}
	for _, agent := range agents {
		if o.opts.Owns(agent) {
			o.Hint(agent)
		}
	}
}

// Client is what the outbox posts with, for Handshake.
func (o *Outbox) Client() *http.Client { return o.opts.Client }
