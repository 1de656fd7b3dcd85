package phone

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/rbm"
)

// ErrClosed is returned by the methods of a phone that was closed.
var ErrClosed = errors.New("phone: closed")

// ErrDisconnected is why a phone is offline that was told to be.
var ErrDisconnected = errors.New("disconnected")

// Phone is a phone that keeps itself connected. Its methods may be called from
// any goroutine.
type Phone struct {
	opts Options
	log  *slog.Logger

	over   context.Context // ends with the phone; its cause is why
	end    context.CancelCauseFunc
	runner sync.WaitGroup

	mu      sync.Mutex
	state   *State
	link    *link // nil: offline
	wanted  bool  // to be online
	cut     context.CancelFunc
	changed chan struct{} // closed when anything changes; nil: no one waits
	recent  []Event       // for Wait
}

// Dial connects a phone, and returns when it is online. It fails when the server
// refuses the phone (an *rbm.Error) or when ctx ends first; a server that does not
// answer is tried again until then.
func Dial(ctx context.Context, opts Options) (*Phone, error) {
	opts.setDefaults()
	if u, err := url.Parse(opts.URL); err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" || u.User != nil {
		return nil, rbm.Errorf(rbm.CodeInvalidArgument, "The URL %q is not of the form ws://HOST/device/v1/connect.", opts.URL)
	}
	p := &Phone{opts: opts, log: opts.Logger, state: opts.State, wanted: true}
	p.over, p.end = context.WithCancelCause(context.Background())
	p.runner.Go(p.run)
	if err := p.await(ctx, func() bool { return p.link != nil }); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Number is the phone's number.
func (p *Phone) Number() string { return p.opts.Number }

// Online says whether the phone is connected.
func (p *Phone) Online() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link != nil
}

// Disconnect takes the phone offline until Connect, and waits until it is.
func (p *Phone) Disconnect() {
	p.mu.Lock()
	p.wanted = false
	if p.cut != nil {
		p.cut()
	}
	p.notify()
	p.mu.Unlock()
	p.await(context.Background(), func() bool { return p.link == nil })
}

// Connect brings the phone online after Disconnect, and waits until it is.
func (p *Phone) Connect(ctx context.Context) error {
	p.mu.Lock()
	p.wanted = true
	p.notify()
	p.mu.Unlock()
	return p.await(ctx, func() bool { return p.link != nil })
}

// Close takes the phone offline for good and waits until it is. Its State can be
// used by another phone then. It is not called from OnEvent.
func (p *Phone) Close() error {
	p.end(ErrClosed)
	p.runner.Wait()
	return nil
}

// Done is closed when the phone has ended: by Close, or because the server will
// not have it.
func (p *Phone) Done() <-chan struct{} { return p.over.Done() }

// Err is why the phone has ended: ErrClosed, or an *rbm.Error; nil if it has not.
func (p *Phone) Err() error { return context.Cause(p.over) }

// Messages are the messages that the phone shows, oldest first. It remembers about the
// last 10,000.
func (p *Phone) Messages() []*Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.messages()
}

// Message finds a message by its id; agentID "" means of any agent, the latest. It fails
// with NOT_FOUND.
func (p *Phone) Message(agentID, messageID string) (*Message, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.message(agentID, messageID)
}

func (p *Phone) message(agentID, messageID string) (*Message, error) {
	if m := p.state.find(agentID, messageID); m != nil {
		return m, nil
	}
	return nil, rbm.Errorf(rbm.CodeNotFound, "The phone has no message %q.", messageID)
}

// change makes and keeps one step of the state. A phone that cannot keep its
// state ends: it would promise what it may forget. The caller holds mu.
func (p *Phone) change(c change) bool {
	p.state.apply(c)
	return p.keep(c)
}

func (p *Phone) keep(changes ...change) bool {
	defer p.notify()
	if err := p.state.note(changes...); err != nil {
		p.log.Error("state not kept", "err", err)
		p.end(err)
		return false
	}
	return true
}

// emit tells the user of the phone. Only the runner calls it, without mu.
func (p *Phone) emit(e Event) {
	p.mu.Lock()
	if p.recent = append(p.recent, e); len(p.recent) > 2*maxRecent {
		p.recent = append([]Event(nil), p.recent[maxRecent:]...)
	}
	p.notify()
	p.mu.Unlock()
	p.opts.OnEvent(e)
}

// failure is a refusal of the server as the error that the API has for it.
func failure(e *frame.Error) *rbm.Error {
	err := rbm.ParseError(e.Code, nil)
	if c, ok := codes[e.Status]; ok {
		err.Code = c
	}
	err.Message = e.Message
	return err
}

var codes = func() map[string]rbm.Code {
	m := make(map[string]rbm.Code)
	for c := rbm.CodeOK; c <= rbm.CodeUnauthenticated; c++ {
		m[c.String()] = c
	}
	return m
}()
