package cluster

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// Shards is how many leases there are. All nodes must agree.
const Shards = 64

// drain is how long a lease is kept for work that is under way when another node
// is to have it.
const drain = 15 * time.Second

// lease is the record of a shard's owner.
type lease struct {
	Session string `json:"session"`
}

// holding is a lease of this node.
type holding struct {
	giving time.Time // since when it is to be given up; zero: it is not
}

func shardOf(work string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(work)) // never fails
	return int(h.Sum32() % Shards)
}

func leaseID(shard int) string { return fmt.Sprintf("%03d", shard) }

// Owns says whether the work of that name is this node's to begin now.
func (n *Node) Owns(work string) bool {
	if !n.Valid() {
		return false
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	h := n.held[shardOf(work)]
	return h != nil && h.giving.IsZero()
}

// rendezvous is the session of the living node that is to have shard.
func (n *Node) rendezvous(shard int) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	best, session := uint64(0), ""
	for name, m := range n.members {
		h := fnv.New64a()
		_, _ = fmt.Fprintf(h, "%s/%d", name, shard)
		v := h.Sum64() * 0x9e3779b97f4a7c15 // fnv alone mixes the last bytes badly
		if v ^= v >> 29; session == "" || v > best {
			best, session = v, m.Session
		}
	}
	return session
}

// deal gives up and takes leases so that each shard has the owner it is to have.
// The owners were read before the nodes: an owner that is not among these is dead.
func (n *Node) deal(ctx context.Context, owners map[int]string) (err error) {
	living := make(map[string]bool)
	for _, r := range n.view() {
		living[r.Session] = true
	}
	self := n.me().Session
	if !living[self] {
		return nil // the view is older than this node's record
	}
	taken := false
	for shard := range Shards {
		owner, mine := owners[shard], n.rendezvous(shard) == self
		switch {
		case owner == self && mine:
			n.hold(shard)
		case owner == self:
			err = n.give(ctx, shard)
		case mine && !living[owner]:
			err = n.takeLease(ctx, shard, owner)
			taken = taken || err == nil
		default:
			n.unhold(shard)
		}
		if err != nil {
			return err
		}
	}
	if taken {
		n.opts.Hooks.WakeAgent("")
	}
	return nil
}

// owners are the sessions that have leases, by shard.
func (n *Node) owners(ctx context.Context) (map[int]string, error) {
	owners := make(map[int]string, Shards)
	list, err := n.leases.ListIDs(ctx)
	for id, l := range list {
		var shard int
		if _, err := fmt.Sscanf(id, "%03d", &shard); err != nil {
			return nil, fmt.Errorf("cluster: damaged lease %q", id)
		}
		owners[shard] = l.Session
	}
	return owners, err
}

func (n *Node) hold(shard int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held[shard] = &holding{}
}

func (n *Node) unhold(shard int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.held, shard)
}

// give begins nothing more of a shard, and releases it when nothing of it is under way.
func (n *Node) give(ctx context.Context, shard int) error {
	n.mu.Lock()
	h := n.held[shard]
	if h == nil {
		h = &holding{}
		n.held[shard] = h
	}
	first := h.giving.IsZero()
	if first {
		h.giving = time.Now()
	}
	since := time.Since(h.giving)
	n.mu.Unlock()
	busy := n.opts.Hooks.Busy(func(work string) bool { return shardOf(work) == shard })
	if busy && since < drain {
		return nil
	}
	return n.release(ctx, shard)
}

func (n *Node) release(ctx context.Context, shard int) error {
	n.unhold(shard)
	_, err := n.leases.Remove(ctx, leaseID(shard), &lease{n.me().Session})
	n.hint("m", "")
	return err
}

func (n *Node) releaseAll(ctx context.Context) {
	n.mu.RLock()
	var all []int
	for shard := range n.held {
		all = append(all, shard)
	}
	n.mu.RUnlock()
	slices.Sort(all)
	for _, shard := range all {
		if err := n.release(ctx, shard); err != nil {
			n.log.Warn("cluster: releasing a lease", "err", err)
			return
		}
	}
}

// takeLease takes a shard that nobody has, or a dead session.
func (n *Node) takeLease(ctx context.Context, shard int, owner string) error {
	mine := lease{n.me().Session}
	var err error
	if owner == "" {
		err = n.leases.Create(ctx, leaseID(shard), &mine)
	} else {
		_, err = n.leases.Update(ctx, leaseID(shard), func(l *lease) error {
			if l.Session != owner {
				return store.ErrConflict
			}
			*l = mine
			return nil
		})
	}
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return nil // somebody was faster: the next round tells
	}
	if err == nil {
		n.hold(shard)
	}
	return err
}
