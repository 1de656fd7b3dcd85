package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
)

// expireBatch is how many messages expire in one commit.
const expireBatch = 256

// expiry takes messages back when their expireTime has come. One goroutine looks
// at the head of the due index; phones that must be asked first have one each.
type expiry struct {
	wake chan struct{}

	mu     sync.Mutex
	next   time.Time        // when the goroutine looks again by itself; zero: never
	asking map[Ref]struct{} // due, and their phones are being asked
}

// hint says that something expires at t.
func (x *expiry) hint(t time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.next.IsZero() || t.Before(x.next) {
		x.next = t
		x.ring()
	}
}

func (x *expiry) ring() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

func (e *Engine) runExpiry(ctx context.Context) {
	x := &e.expiry
	for ctx.Err() == nil {
		// Hints from here on are about what the scan may not see.
		x.mu.Lock()
		x.next = e.clock.Now().Add(e.opts.SweepInterval)
		x.mu.Unlock()
		if !e.owns(workExpiry) {
			e.clock.SleepUntil(ctx, e.clock.Now().Add(sharedLook), x.wake)
			continue
		}
		next, err := e.expireDue(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.Error("expiry", "err", err)
			next = e.clock.Now().Add(time.Second)
		}
		x.mu.Lock()
		if !next.IsZero() && next.Before(x.next) {
			x.next = next
		}
		if look := e.clock.Now().Add(sharedLook); e.opts.Peers != nil && look.Before(x.next) {
			x.next = look
		}
		next = x.next
		x.mu.Unlock()
		e.clock.SleepUntil(ctx, next, x.wake)
	}
}

// expireDue takes back all that is due, and returns when the next is.
func (e *Engine) expireDue(ctx context.Context) (time.Time, error) {
	for {
		due, next, err := e.ledger.Due(ctx, e.clock.Now(), expireBatch+e.expiry.askingNow())
		if err != nil {
			return time.Time{}, err
		}
		var quiet []ledger.Change
		var releases []func()
		for _, it := range due {
			if e.expiry.isAsking(it.Ref) {
				continue
			}
			if e.opts.Peers != nil && !e.IsOnline(it.Phone) {
				e.expireElsewhere(ctx, it)
				continue
			}
			answered, release := e.withhold(it.Phone, it.Ref)
			if answered != nil {
				e.ask(ctx, it, answered, release)
				continue
			}
			quiet = append(quiet, ledger.Change{Ref: it.Ref, Phone: it.Phone, What: delivery.TimeExpired})
			releases = append(releases, release)
		}
		progress := false
		if len(quiet) > 0 {
			var done []ledger.Changed
			done, err = e.apply(ctx, quiet...)
			progress = slices.ContainsFunc(done, func(c ledger.Changed) bool { return len(c.Reports) > 0 })
		}
		for _, release := range releases {
			release()
		}
		if err != nil || !progress {
			return next, err
		}
	}
}

// conclude expires a message whose phone has been asked. When the engine stops
// before the phone has answered, the message stays due.
func (e *Engine) conclude(ctx context.Context, it ledger.DueItem, answered bool) {
	e.clock.Turn("expire", it.ID, 0)
	what := delivery.TimeExpired
	if !answered {
		if ctx.Err() != nil {
			return
		}
		what = delivery.TimeExpiredUnknown
	}
	if _, err := e.apply(context.WithoutCancel(ctx), ledger.Change{Ref: it.Ref, Phone: it.Phone, What: what}); err != nil {
		e.log.Error("expiry", "agent", it.Agent, "messageId", it.ID, "phone", it.Phone, "err", err)
	}
}

func (x *expiry) askingNow() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.asking)
}

func (x *expiry) isAsking(ref Ref) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, asking := x.asking[ref]
	return asking
}

// ask expires a message that its phone has been sent: the phone has been asked
// for it, and what it says, or that it says nothing, decides the report.
func (e *Engine) ask(ctx context.Context, it ledger.DueItem, answered <-chan struct{}, release func()) {
	e.whileAsking(it, func() {
		e.conclude(ctx, it, e.awaitVerdict(ctx, answered))
		release()
	})
}

// whileAsking does something about a due item on a goroutine of its own; nobody
// else expires it meanwhile.
func (e *Engine) whileAsking(it ledger.DueItem, do func()) {
	x := &e.expiry
	x.mu.Lock()
	if x.asking == nil {
		x.asking = make(map[Ref]struct{})
	}
	x.asking[it.Ref] = struct{}{}
	x.mu.Unlock()
	e.pumps.Go(func() {
		do()
		x.mu.Lock()
		delete(x.asking, it.Ref)
		x.mu.Unlock()
		x.ring()
	})
}
