package phone

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// run keeps the phone online while it is wanted.
func (p *Phone) run() {
	for p.awaitWanted() {
		p.stayOnline()
	}
}

// awaitWanted waits until the phone is to be online. It is false when it never
// will be again.
func (p *Phone) awaitWanted() bool {
	return p.await(context.Background(), func() bool { return p.wanted && p.over.Err() == nil }) == nil
}

// stayOnline connects again and again, until the phone is not wanted online or
// has ended.
func (p *Phone) stayOnline() {
	ctx, cancel := context.WithCancel(p.over)
	defer cancel()
	p.mu.Lock()
	p.cut = cancel
	if !p.wanted {
		cancel()
	}
	p.mu.Unlock()

	wait := p.opts.RetryMin
	for ctx.Err() == nil {
		welcomed, err := p.connection(ctx)
		final, unwelcome := errors.AsType[*finalError](err)
		if unwelcome {
			p.log.Warn("the server will not have this phone", "err", final.reason)
			p.end(final.reason)
			err = final.reason
		}
		if ctx.Err() != nil && !unwelcome {
			err = ErrDisconnected
		}
		if welcomed || unwelcome {
			p.emit(Offline{Err: err, Final: unwelcome})
		}
		p.log.Info("offline", "err", err)
		if welcomed {
			wait = p.opts.RetryMin
		}
		sleep(ctx, wait/2+rand.N(wait/2+1))
		wait = min(2*wait, p.opts.RetryMax)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// finalError is a reason not to connect again.
type finalError struct{ reason error }

func (e *finalError) Error() string { return e.reason.Error() }
func (e *finalError) Unwrap() error { return e.reason }

// connection is one connection, from the dialing to its end. welcomed says whether
// the phone was online meanwhile.
func (p *Phone) connection(ctx context.Context) (welcomed bool, err error) {
	l, err := p.dial(ctx)
	if err != nil {
		return false, err
	}
	defer l.hangUp(ctx)()
	if err := l.greet(); err != nil {
		return false, err
	}
	p.mu.Lock()
	p.link = l
	l.resume()
	p.notify()
	p.mu.Unlock()
	p.log.Info("online")
	p.emit(Online{PhoneNumber: p.opts.Number})

	err = l.read()

	p.mu.Lock()
	p.link = nil
	p.notify()
	p.mu.Unlock()
	return true, err
}
