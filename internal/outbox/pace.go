package outbox

import "time"

// While a webhook gives nothing but failures it is probed by one attempt at a
// time, and after patience of them in a row with pauses between: a long queue must not be
// poured over a server that is down. The pauses stay short, so that its return is
// seen soon, and a single waiting notice never notices them: its own interval is longer.
const (
	patience   = 3
	firstPause = time.Second
	maxPause   = 10 * time.Second
)

// pace says how many attempts an agent's webhook gets at a time, from how it has
// answered lately. It begins with one, as nobody knows yet.
type pace struct {
	window  int       // attempts in flight at most
	strikes int       // rounds of failures since the last success
	struck  time.Time // when the last strike was counted
	resume  time.Time // no attempt before
}

// succeeded opens the window by one, up to most.
func (p *pace) succeeded(most int) {
	*p = pace{window: min(p.window+1, most)}
}

// failed halves the window. Attempts that were in flight together count as one
// strike: they met the same fault.
func (p *pace) failed(started, now time.Time) {
	if started.Before(p.struck) {
		return
	}
	p.window = max(p.window/2, 1)
	p.strikes++
	p.struck = now
	if p.strikes >= patience {
		p.window = 1
		p.resume = now.Add(doubled(firstPause, p.strikes-patience, maxPause))
	}
}

// down says that the webhook is taken for dead.
func (p *pace) down() bool { return p.strikes >= patience }
