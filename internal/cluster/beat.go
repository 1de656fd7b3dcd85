package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// beat renews this node's record, watches the others' and takes leases.
func (n *Node) beat(ctx context.Context) {
	timer := time.NewTicker(n.opts.Beat)
	defer timer.Stop()
	for {
		if err := n.round(ctx); err != nil && ctx.Err() == nil {
			n.blind.Store(true)
			n.log.Error("cluster", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-n.tick:
		}
		if ctx.Err() != nil {
			return
		}
		n.turn("beat", "")
		n.unring(timer.C)
	}
}

// unring takes back the wake-ups that came until now: one round serves them all.
func (n *Node) unring(timer <-chan time.Time) {
	select {
	case <-timer:
	default:
	}
	select {
	case <-n.tick:
	default:
	}
}

var errNamesake = errors.New("cluster: the record is another process's")

func (n *Node) round(ctx context.Context) error {
	begin := time.Since(n.start)
	switch err := n.renew(ctx); {
	case errors.Is(err, errNamesake) || errors.Is(err, store.ErrNotFound):
		if errors.Is(err, errNamesake) {
			n.log.Error("cluster: another process has this node's name; each needs its own (cluster.node)", "node", n.opts.Name)
		} else {
			n.log.Warn("cluster: this node was taken for dead; it begins anew", "node", n.opts.Name)
		}
		n.opts.Hooks.Deposed()
		if err := n.enter(ctx); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		n.renewed.Store(int64(begin))
		if time.Since(n.start)-begin > n.opts.Beat {
			n.blind.Store(true)
		}
	}
	owners, err := n.owners(ctx)
	if err != nil {
		return err
	}
	if err := n.look(ctx); err != nil {
		return err
	}
	return n.deal(ctx, owners)
}

func (n *Node) renew(ctx context.Context) error {
	self := n.me()
	phones := len(n.opts.Hooks.Phones())
	r, err := n.nodes.Update(ctx, self.Name, func(r *Record) error {
		if r.Session != self.Session {
			return errNamesake
		}
		r.Beat++
		r.Phones = phones
		return nil
	})
	if err == nil {
		n.mu.Lock()
		n.self = *r
		n.mu.Unlock()
	}
	return err
}

// look reads who is there, and removes the dead.
func (n *Node) look(ctx context.Context) error {
	list, err := n.nodes.List(ctx, "", "", 0)
	if err != nil {
		return err
	}
	now := time.Now()
	var dead []Record
	n.mu.Lock()
	before := n.members
	blind := n.blind.Swap(false)
	n.members = make(map[string]*member, len(list))
	for _, r := range list {
		m := &member{*r, now}
		if old := before[r.Name]; old != nil && old.Session == r.Session && old.Beat == r.Beat && !blind {
			m.seen = old.seen
		}
		n.members[r.Name] = m
		if now.Sub(m.seen) > n.opts.Dead && r.Session != n.self.Session {
			dead = append(dead, *r)
		}
	}
	n.mu.Unlock()
	for _, r := range dead {
		n.bury(ctx, r)
	}
	return nil
}

// bury removes the record of a node that has not renewed it, if it still has not.
func (n *Node) bury(ctx context.Context, r Record) {
	gone, err := n.nodes.Remove(ctx, r.Name, &r)
	if err != nil {
		n.log.Error("cluster: removing a dead node", "node", r.Name, "err", err)
	}
	if !gone {
		return
	}
	n.log.Warn("cluster: a node is dead", "node", r.Name, "phones", r.Phones)
	n.mu.Lock()
	delete(n.members, r.Name)
	n.mu.Unlock()
	n.hint("m", "")
	n.presence.sweepSoon()
}
