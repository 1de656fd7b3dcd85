package outbox

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"syscall"
	"time"

	"github.com/openrbm/openrbm/internal/journal"
)

// Options are the outbox's settings; a zero field has the default that is named
// beside it.
type Options struct {
	// Timeout is how long a webhook may take for its whole answer (10 s).
	Timeout time.Duration
	// Retention is how long after it happened a notice is still attempted
	// (7 days, facts/rbm-api.md §3.4). Then it is dropped, with a warning.
	Retention time.Duration
	// PerAgent is how many attempts of one agent are in flight at most (16). It is
	// reached step by step with successes, and falls to 1 while the webhook fails.
	PerAgent int
	// InAll is how many attempts are in flight at most (1024) beyond one for each
	// agent: that one is always free, whatever the other webhooks do.
	InAll int
	// SweepInterval is how often work is looked for that no hint announced (30 s).
	SweepInterval time.Duration
	// Drain is how long Run lets attempts in flight finish when it is to end (Timeout).
	Drain time.Duration
	// Client posts (one with kept-alive connections and HTTP/2). Redirects are
	// never followed, whatever it says.
	Client *http.Client
	// DialControl may refuse the address of a connection before it is made, as
	// net.Dialer.Control does. With it no proxy is used; nil refuses none, and uses
	// the proxy that the environment names. It is not used with Client.
	DialControl func(network, address string, c syscall.RawConn) error
	// Journal is told of every attempt; nil: nobody watches.
	Journal *journal.Journal
	// Jitter gives numbers from 0 to below 1, by which the intervals between attempts vary (random).
	Jitter func() float64
	// Owns says whether an agent's notices are this process's to deliver now, where
	// several work on one store; nil: all are.
	Owns func(agent string) bool
	// Elsewhere is told of hints for agents that are not owned (nobody is).
	Elsewhere func(agent string)
	Logger    *slog.Logger
}

// defaultTimeout is how long a webhook may take for its answer. The facts name
// no limit; this one is ours.
const defaultTimeout = 10 * time.Second

func (o *Options) setDefaults() {
	or(&o.Timeout, defaultTimeout)
	or(&o.Retention, 7*24*time.Hour)
	or(&o.PerAgent, 16)
	or(&o.InAll, 1024)
	or(&o.SweepInterval, 30*time.Second)
	or(&o.Drain, o.Timeout)
	if o.Client == nil {
		o.Client = newClient(o)
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	o.Client = unredirected(o.Client)
	if o.Owns == nil {
		o.Owns = func(string) bool { return true }
	}
	if o.Elsewhere == nil {
		o.Elsewhere = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// or sets what is zero or less to v.
func or[T int | time.Duration](p *T, v T) {
	if *p <= 0 {
		*p = v
	}
}
