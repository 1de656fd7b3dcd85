package loadgen

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openrbm/openrbm/client"
)

// run is one run under way.
type run struct {
	opts  Options
	api   *client.Client
	admin *client.Admin
	book  *book
	pace  pace
	token atomic.Pointer[string]
	fail  context.CancelCauseFunc // ends the run with an error

	begin    time.Duration // of the sending, as the book's time
	measured time.Duration // from when on what is due is measured

	accept, frame, receipt *latency
	errors                 errorBook
	count                  struct {
		sent, accepted, framed, receipts atomic.Int64

		duplicated, disordered, misdelivered atomic.Int64 // must be 0
		badSignatures                        atomic.Int64 // must be 0
		repeated, repeatedReceipts           atomic.Int64 // after a lost connection, allowed
		foreign, disconnects                 atomic.Int64
	}
}

// Run loads the server and returns how it went. When ctx ends the sending ends,
// and the summary is of what has been until then. It fails, without a summary, when
// the run cannot begin or cannot go on.
func Run(ctx context.Context, opts Options) (*Summary, error) {
	opts.setDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	r := &run{opts: opts, book: newBook(), accept: newLatency(), frame: newLatency(), receipt: newLatency()}
	if err := r.makeClients(); err != nil {
		return nil, err
	}
	// Not ended by ctx: what it takes to end in order goes on for a while.
	life, fail := context.WithCancelCause(context.WithoutCancel(ctx))
	defer fail(nil)
	r.fail = fail
	start, cancel := both(ctx, life)
	defer cancel()
	if err := r.check(start); err != nil {
		return nil, err
	}
	return r.whole(ctx, life, start)
}

// both ends with the first of two contexts.
func both(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(a)
	stop := context.AfterFunc(b, func() { cancel(context.Cause(b)) })
	return ctx, func() { stop(); cancel(nil) }
}

func (r *run) makeClients() (err error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig, transport.MaxIdleConnsPerHost = r.opts.TLS.Clone(), makers
	h := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	r.admin, err = client.NewAdmin(client.AdminOptions{BaseURL: r.opts.URL, Token: r.opts.AdminToken, HTTPClient: h})
	if err != nil {
		return err
	}
	r.api, err = client.New(client.Options{BaseURL: r.opts.URL, KeyFile: r.opts.KeyFile, AgentID: r.opts.Agent, HTTPClient: h})
	return err
}

// check finds out whether the run can begin.
func (r *run) check(ctx context.Context) error {
	agent, err := r.admin.Agent(ctx, r.opts.Agent)
	if err != nil {
		return fmt.Errorf("asking the admin API for agent %s: %w", r.opts.Agent, err)
	}
	if !agent.Launched {
		return fmt.Errorf("agent %s is not launched: it reaches only its testers", r.opts.Agent)
	}
	return r.renew(ctx)
}

// whole is the run. ctx ends the sending, life everything, start what is before.
func (r *run) whole(ctx, life, start context.Context) (_ *Summary, err error) {
	if r.opts.Webhook != "" {
		stop, err := r.listen(start)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	fmt.Fprintf(r.opts.Progress, "making %d phones and connecting %d\n", r.opts.Phones, r.opts.Online)
	tokens, err := r.makePhones(start)
	if err != nil {
		return nil, err
	}
	r.opts.Before(Connecting)
	stop, err := r.connectPhones(start, life, tokens)
	defer stop()
	if err != nil {
		return nil, err
	}
	r.opts.Before(Sending)
	took := r.load(start)
	interrupted := ctx.Err() != nil
	r.settle(life, interrupted)
	if err := context.Cause(life); err != nil {
		return nil, err
	}
	s := r.summary(took)
	s.Interrupted = interrupted
	return s, nil
}

// load sends until it is over, and returns how long that took.
func (r *run) load(ctx context.Context) time.Duration {
	r.begin = r.book.now()
	r.measured = r.begin + r.opts.WarmUp
	limit, duration := r.limits()
	if duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, duration)
		defer cancel()
	}
	var beside, senders sync.WaitGroup
	besides, stop := context.WithCancel(ctx)
	if r.opts.Rate > 0 {
		open := newOpenLoop(r.opts.Rate, limit, r.begin)
		r.pace = open
		beside.Go(func() {
			if err := open.run(besides, r.book.now); err != nil {
				r.fail(err)
			}
		})
	} else {
		r.pace = &closedLoop{book: r.book, limit: int64(limit)}
	}
	beside.Go(func() { r.keepToken(besides) })
	beside.Go(func() { r.progress(besides) })
	for i := range r.opts.Connections {
		s := &sender{r: r, dice: newDice(r.opts.Mix, uint64(i))}
		senders.Go(func() { s.work(ctx) })
	}
	senders.Wait()
	took := r.book.now() - r.begin
	stop()
	beside.Wait()
	return took
}

// lateness is how long an open loop may go on, beyond its duration, with what was
// due in it.
const lateness = time.Second

// limits are how many messages are sent at most, and for how long; 0: as long as
// that takes.
func (r *run) limits() (messages int, duration time.Duration) {
	messages, duration = r.opts.Messages, r.opts.Duration
	if messages == 0 {
		messages = maxMessages
	}
	if r.opts.Rate > 0 && duration > 0 {
		messages = int(min(float64(messages), math.Ceil(r.opts.Rate*duration.Seconds())))
		duration += lateness
	}
	return messages, duration
}

// measure records how long after it was due something became of a message.
func (r *run) measure(l *latency, rec *record, now time.Duration) {
	if due := time.Duration(rec.due.Load()); due >= r.measured {
		l.record(now - due)
	}
}

// path is where message n is posted.
func (r *run) path(n int) string {
	return "/v1/phones/" + number(r.opts.First, n%r.opts.Phones) + "/agentMessages?messageId=" + r.book.id(n) + "&agentId=" + r.opts.Agent
}

// renewal is how often the access token is asked for; the client keeps it until
// a minute before its end.
const renewal = 20 * time.Second

func (r *run) renew(ctx context.Context) error {
	token, err := r.api.AccessToken(ctx)
	if err != nil {
		return fmt.Errorf("asking for the agent's access token: %w", err)
	}
	r.token.Store(&token)
	return nil
}

func (r *run) keepToken(ctx context.Context) {
	for pause(ctx, renewal); ctx.Err() == nil; pause(ctx, renewal) {
		if err := r.renew(ctx); err != nil && ctx.Err() == nil {
			r.errors.add("no access token", err.Error())
		}
	}
}
