package cluster

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// Hints are lines: a letter, and what it is about. The first line is the session of
// the sender.
//
//	p PHONE  something waits for it
//	o AGENT  its outbox has something new
//	c PHONE  it has connected to the sender
//	m        nodes or leases have changed
//	n N K L  the N-th time, it tells of K calls that count towards the limit L
const maxHints = 100_000 // that wait to be sent; more are lost

// Waits around listening: between tries, and between looks at everything while
// nothing is heard.
const (
	listenPause = time.Second
	deafLook    = 5 * time.Second
)

type hints struct {
	mu      sync.Mutex
	waiting map[string]bool
	wake    chan struct{}
}

func (h *hints) init() {
	h.waiting, h.wake = make(map[string]bool), make(chan struct{}, 1)
}

// Wake tells the other nodes that something waits for phone.
func (n *Node) Wake(phone string) { n.hint("p", phone) }

// WakeAgent tells the other nodes that agent's outbox has something new.
func (n *Node) WakeAgent(agent string) { n.hint("o", agent) }

func (n *Node) hint(kind, about string) {
	h := &n.hints
	h.mu.Lock()
	if len(h.waiting) < maxHints {
		h.waiting[strings.TrimSpace(kind+" "+about)] = true
	}
	h.mu.Unlock()
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// runHints sends hints; those that come while some are sent go together.
func (n *Node) runHints(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
		case <-n.hints.wake:
		}
		if ctx.Err() != nil {
			return
		}
		n.turn("hints", "")
		h := &n.hints
		h.mu.Lock()
		lines := h.waiting
		h.waiting = make(map[string]bool)
		h.mu.Unlock()
		if s := n.ledger.Notifier(); s != nil && len(n.others()) > 0 {
			n.send(ctx, s, lines)
		}
	}
}

func (n *Node) send(ctx context.Context, s store.Notifier, lines map[string]bool) {
	head := n.me().Session
	text := head
	flush := func() {
		if err := s.Notify(ctx, text); err != nil && ctx.Err() == nil {
			n.log.Debug("cluster: a hint was lost", "err", err)
		}
		text = head
	}
	for _, line := range slices.Sorted(maps.Keys(lines)) {
		if len(text)+1+len(line) > store.MaxHint {
			flush()
		}
		text += "\n" + line
	}
	flush()
}

// listen hears hints. While it cannot, it looks at everything from time to time.
func (n *Node) listen(ctx context.Context) {
	looked := time.Now()
	for ctx.Err() == nil {
		if s := n.ledger.Notifier(); s != nil {
			began := time.Now()
			err := s.Listen(ctx, n.opts.Hooks.Missed, func(hint string) { n.hear(ctx, hint) })
			if ctx.Err() != nil {
				return
			}
			n.log.Warn("cluster: hints are not heard", "err", err)
			if time.Since(began) > listenPause {
				continue // it could listen, and can again if only the connection broke
			}
		}
		if time.Since(looked) > deafLook {
			n.opts.Hooks.Missed()
			looked = time.Now()
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenPause):
			n.turn("listen", "")
		}
	}
}

func (n *Node) hear(ctx context.Context, hint string) {
	lines := strings.Split(hint, "\n")
	if lines[0] == n.me().Session {
		return
	}
	for _, line := range lines[1:] {
		kind, about, _ := strings.Cut(line, " ")
		switch kind {
		case "p":
			n.opts.Hooks.Wake(about)
		case "o":
			n.opts.Hooks.WakeAgent(about)
		case "c":
			n.came(ctx, about)
		case "n":
			n.counted(about)
		case "m":
			select {
			case n.tick <- struct{}{}:
			default:
			}
		}
	}
}
