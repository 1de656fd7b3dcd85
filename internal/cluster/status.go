package cluster

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Status is a node as the administrator sees it.
type Status struct {
	Name   string
	URL    string
	Start  time.Time
	Phones int
	Leases int // of 64
	Self   bool
	Silent time.Duration // how long its record was not renewed, as this node sees it
}

// Status lists the living nodes by name.
func (n *Node) Status(ctx context.Context) ([]Status, error) {
	owners, err := n.owners(ctx)
	if err != nil {
		return nil, err
	}
	leases := make(map[string]int)
	for _, session := range owners {
		leases[session]++
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	var list []Status
	for _, m := range n.members {
		list = append(list, Status{
			Name: m.Name, URL: m.URL, Start: m.Start, Phones: m.Phones, Leases: leases[m.Session],
			Self: m.Session == n.self.Session, Silent: time.Since(m.seen).Round(time.Millisecond),
		})
	}
	slices.SortFunc(list, func(a, b Status) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// Counts are the living nodes as this one sees them, itself included, and the
// leases that it holds.
func (n *Node) Counts() (nodes, leases int) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.members), len(n.held)
}
