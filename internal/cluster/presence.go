package cluster

import (
	"context"
	"slices"
	"sync"
	"time"
)

// How many phones are recorded in one commit, and how often the records of the
// phones that are connected here are looked at.
const (
	presenceBatch = 256
	presenceCheck = 30 * time.Second
	presencePause = 200 * time.Millisecond // after a failure of the store
)

// presence keeps the records of where phones are connected. They follow what is so
// by a few milliseconds. Nothing relies on them but the way of requests.
type presence struct {
	mu    sync.Mutex
	moved map[string]bool // phones that have come or gone here
	now   map[string]bool // those whose records are being written
	dead  bool            // a node has died: its records are to go
	wake  chan struct{}
}

func (p *presence) init() {
	p.moved, p.wake = make(map[string]bool), make(chan struct{}, 1)
}

func (p *presence) ring() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *presence) sweepSoon() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.ring()
}

// pending says whether phone's record is about to be written.
func (p *presence) pending(phone string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.moved[phone] || p.now[phone]
}

// next takes a batch of phones whose records are to be written. What changes after
// that comes again.
func (p *presence) next() (phones []string, dead bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = make(map[string]bool)
	for phone := range p.moved {
		delete(p.moved, phone)
		p.now[phone] = true
		if phones = append(phones, phone); len(phones) == presenceBatch {
			break
		}
	}
	slices.Sort(phones)
	dead, p.dead = p.dead, false
	return phones, dead
}

// done ends the batch: it was written, or is to be written again.
func (p *presence) done(written bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !written {
		for phone := range p.now {
			p.moved[phone] = true
		}
	}
	p.now = nil
}

// Moved says that the connection of phone to this node has begun or ended.
func (n *Node) Moved(phone string) {
	n.presence.mu.Lock()
	n.presence.moved[phone] = true
	n.presence.mu.Unlock()
	n.presence.ring()
}

// runPresence writes the records.
func (n *Node) runPresence(ctx context.Context) {
	check := time.NewTicker(presenceCheck)
	defer check.Stop()
	for {
		due := false
		select {
		case <-ctx.Done():
		case <-check.C:
			due = true
		case <-n.presence.wake:
		}
		if ctx.Err() != nil {
			return
		}
		n.turn("presence", "")
		select { // if both are so, both are done
		case <-check.C:
			due = true
		default:
		}
		if due {
			n.checkPresence(ctx)
		}
		for n.flushPresence(ctx) {
		}
	}
}

// flushPresence writes a batch, and says whether there may be more.
func (n *Node) flushPresence(ctx context.Context) (more bool) {
	phones, dead := n.presence.next()
	if dead {
		n.clean(ctx)
	}
	if len(phones) == 0 {
		return false
	}
	var here, gone []string
	for _, phone := range phones {
		if n.opts.Hooks.Online(phone) && !n.leaving.Load() {
			here = append(here, phone)
		} else {
			gone = append(gone, phone)
		}
	}
	session := n.me().Session
	var err error
	if len(here) > 0 {
		err = n.ledger.SetOnline(ctx, session, here...)
	}
	if len(gone) > 0 && err == nil {
		err = n.ledger.SetOffline(ctx, session, gone...)
	}
	n.presence.done(err == nil)
	if err != nil {
		n.log.Warn("cluster: recording where phones are", "phones", len(phones), "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(presencePause):
		}
		return ctx.Err() == nil
	}
	for _, phone := range here {
		n.hint("c", phone)
	}
	return true
}

// checkPresence finds phones whose connection here is old, and records that are
// missing, though no hint told.
func (n *Node) checkPresence(ctx context.Context) {
	all := n.opts.Hooks.Phones()
	for len(all) > 0 {
		part := all[:min(presenceBatch, len(all))]
		all = all[len(part):]
		if n.compare(ctx, part) != nil {
			return // the next check will do
		}
	}
}

// compare acts on where phones that are connected here are recorded to be. A
// connection whose own record was written before that is read is older than
// what the record names then.
func (n *Node) compare(ctx context.Context, phones []string) error {
	links := make(map[string]func(), len(phones))
	for _, phone := range phones {
		if replaced, ok := n.opts.Hooks.Link(phone); ok && !n.presence.pending(phone) {
			links[phone] = replaced
		}
	}
	at, err := n.ledger.WhereOnline(ctx, phones...)
	if err != nil {
		return err
	}
	for _, phone := range phones {
		replaced, linked := links[phone]
		if !linked {
			continue
		}
		where := at[phone]
		if _, living := n.session(where); where == n.me().Session {
			continue
		} else if living {
			replaced()
		} else {
			n.Moved(phone)
		}
	}
	return nil
}

// came looks whether a phone that is connected here has come to another node.
func (n *Node) came(ctx context.Context, phone string) {
	n.opts.Hooks.Elsewhere(phone)
	if n.opts.Hooks.Online(phone) {
		_ = n.compare(ctx, []string{phone}) // the check does it again
	}
}

// session finds the living node with that session.
func (n *Node) session(session string) (Record, bool) {
	for _, r := range n.view() {
		if r.Session == session {
			return r, true
		}
	}
	return Record{}, false
}

// clean removes the records of phones at sessions that are no more. It looks at
// all of them: that a node dies is rare.
func (n *Node) clean(ctx context.Context) {
	stale := make(map[string][]string)
	var places []string
	err := n.ledger.EachOnline(ctx, func(phone, where string) {
		if stale[where] == nil {
			places = append(places, where)
		}
		stale[where] = append(stale[where], phone)
	})
	if err == nil {
		err = n.look(ctx) // after the records: who has come meanwhile is known
	}
	for _, where := range places {
		phones := stale[where]
		if _, living := n.session(where); living || err != nil {
			continue
		}
		for len(phones) > 0 && err == nil {
			part := phones[:min(presenceBatch, len(phones))]
			phones = phones[len(part):]
			err = n.ledger.SetOffline(ctx, where, part...)
		}
	}
	if err != nil && ctx.Err() == nil {
		n.log.Warn("cluster: removing where the phones of a dead node were", "err", err)
	}
}
