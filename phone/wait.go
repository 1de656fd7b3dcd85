package phone

import "context"

// maxRecent is how many past events Wait looks at, at least.
const maxRecent = 256

// WaitMessage waits for a message that the phone shows, come before or to come,
// that match accepts, and returns the oldest. match must not call the phone.
func (p *Phone) WaitMessage(ctx context.Context, match func(*Message) bool) (found *Message, err error) {
	err = p.await(ctx, func() bool {
		for _, m := range p.state.messages() {
			if match(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found, err
}

// Wait waits for an event, among at least the last 256 or to come, that match
// accepts, and returns the oldest. match must not call the phone.
func (p *Phone) Wait(ctx context.Context, match func(Event) bool) (found Event, err error) {
	err = p.await(ctx, func() bool {
		for _, e := range p.recent {
			if match(e) {
				found = e
				return true
			}
		}
		return false
	})
	return found, err
}

// await waits until holds, ctx ends, or the phone ends. holds is called with mu held.
func (p *Phone) await(ctx context.Context, holds func() bool) error {
	for {
		changed := p.unless(holds)
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.over.Done():
			return context.Cause(p.over)
		}
	}
}

// unless returns what is closed at the next change, or nil if holds says true.
// holds may be a stranger's, and panic.
func (p *Phone) unless(holds func() bool) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if holds() {
		return nil
	}
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// notify wakes those who wait. The caller holds mu.
func (p *Phone) notify() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}
