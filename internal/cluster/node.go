package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
)

// Hooks are what a node asks of the process that it stands for. All are needed.
type Hooks struct {
	// Online says whether phone is connected here; Phones are all that are.
	Online func(phone string) bool
	Phones func() []string
	// Wake says that something may wait for phone, WakeAgent for agent.
	Wake, WakeAgent func(id string)
	// Link returns what ends the connection of phone to this node, because it has
	// connected to another; false: it has none. A later connection stays.
	Link func(phone string) (replaced func(), ok bool)
	// Elsewhere says that phone has connected to another node.
	Elsewhere func(phone string)
	// Missed says that hints may have been lost, and everything is to be looked at.
	Missed func()
	// Counted says that other nodes have taken calls that count towards a limit, as
	// they gave it to Count.
	Counted func(limit string, calls int)
	// Changed says that another node has changed what may be cached here.
	Changed func(what string)
	// Answer answers a question about a phone that is connected here.
	Answer func(ctx context.Context, question []byte) ([]byte, error)
	// Busy says whether work of a lease is under way that may no longer be begun.
	Busy func(mine func(work string) bool) bool
	// Deposed says that this node was taken for dead: its phones are to be closed.
	Deposed func()
}

// Options of a node; a zero field has the default that is named beside it.
type Options struct {
	Name   string        // of the node, unique
	URL    string        // where other nodes reach it; empty: it works alone
	Secret []byte        // that all nodes share
	Beat   time.Duration // how often its record is renewed (2 s)
	Dead   time.Duration // how long a record that is not renewed counts (6 s)
	Hooks  Hooks
	Client *http.Client // for requests to other nodes (one of its own)
	Logger *slog.Logger
}

// Record is a node as it stands in the store.
type Record struct {
	Name    string    `json:"name"`
	Session string    `json:"session"` // of this process
	URL     string    `json:"url,omitzero"`
	Start   time.Time `json:"start"`
	Beat    int64     `json:"beat"` // counts the renewals
	Phones  int       `json:"phones,omitzero"`
}

// Node is this process among the others. Make one with Join and let it Run.
type Node struct {
	opts   Options
	log    *slog.Logger
	ledger *ledger.Ledger
	nodes  ledger.Table[Record]
	leases ledger.Table[lease]
	client *http.Client

	renewed atomic.Int64 // when the record was renewed last, since start
	start   time.Time
	leaving atomic.Bool
	// blind: for a while the store was away, or slow. Others could perhaps not renew their
	// records either, so their silence is counted from the next look on.
	blind atomic.Bool
	tick  chan struct{}

	mu      sync.RWMutex
	self    Record
	members map[string]*member // by name, this node among them
	held    map[int]*holding   // leases of this node, by shard

	presence presence
	hints    hints
	counts   counts
}

// member is a living node as this one sees it.
type member struct {
	Record
	seen time.Time // when the counter was last seen to change
}

// ErrAlone says that nodes which cannot reach each other were to share a store.
var ErrAlone = errors.New("cluster: other nodes work on this store")

// Join makes this process a node. It fails with ErrAlone if there are others, and they or it
// have no URL.
func Join(ctx context.Context, l *ledger.Ledger, o Options) (*Node, error) {
	o.Beat, o.Dead = cmp.Or(o.Beat, 2*time.Second), cmp.Or(o.Dead, 6*time.Second)
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}}
	}
	n := &Node{
		opts: o, log: o.Logger, ledger: l, nodes: ledger.Nodes[Record](l), leases: ledger.Leases[lease](l), client: o.Client,
		start: time.Now(), tick: make(chan struct{}, 1),
		members: make(map[string]*member), held: make(map[int]*holding),
	}
	n.presence.init()
	n.hints.init()
	if err := n.look(ctx); err != nil {
		return nil, err
	}
	if err := n.alone(ctx); err != nil {
		return nil, err
	}
	if err := n.enter(ctx); err != nil {
		return nil, err
	}
	n.tell(ctx, joinedPath, nil) // so that it is told of changes from now on
	return n, nil
}

// alone refuses to share a store with nodes that cannot be reached. Those that
// have ended without a word are waited for.
func (n *Node) alone(ctx context.Context) error {
	for {
		blocking := ""
		for name, m := range n.view() {
			if name != n.opts.Name && (m.URL == "" || n.opts.URL == "") {
				blocking = name
			}
		}
		if blocking == "" {
			return nil
		}
		if time.Since(n.start) > n.opts.Dead+2*n.opts.Beat {
			return fmt.Errorf("%w: %s; give every node cluster.listen and cluster.secret_file", ErrAlone, blocking)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(n.opts.Beat / 2):
		}
		if err := n.look(ctx); err != nil {
			return err
		}
	}
}

// enter puts a new record in place of whatever a process of the same name left.
func (n *Node) enter(ctx context.Context) error {
	r := Record{Name: n.opts.Name, Session: rand.Text(), URL: n.opts.URL, Start: time.Now().UTC().Truncate(time.Millisecond), Beat: 1}
	_, err := n.nodes.Update(ctx, r.Name, func(old *Record) error { *old = r; return nil })
	if errors.Is(err, store.ErrNotFound) {
		err = n.nodes.Create(ctx, r.Name, &r)
	}
	if err != nil {
		return fmt.Errorf("cluster: entering %s: %w", r.Name, err)
	}
	n.mu.Lock()
	n.self, n.held = r, make(map[int]*holding)
	n.mu.Unlock()
	n.renewed.Store(int64(time.Since(n.start)))
	n.hint("m", "")
	return nil
}

// Valid says whether this node may count itself alive: its record was renewed
// lately enough that nobody can have taken it for dead.
func (n *Node) Valid() bool {
	return !n.leaving.Load() && time.Since(n.start)-time.Duration(n.renewed.Load()) < n.opts.Dead-n.opts.Beat/2
}

// Run keeps this node alive and does what nodes do, until ctx ends.
func (n *Node) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, loop := range []func(context.Context){n.beat, n.runPresence, n.runHints, n.listen} {
		wg.Go(func() { loop(ctx) })
	}
	wg.Wait()
}

// leaveTimeout bounds Leave: what it does not get done, others do after a death.
const leaveTimeout = 2 * time.Second

// Leave ends the membership: others need not wait for this node's death. Run has
// ended.
func (n *Node) Leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	n.leaving.Store(true)
	self := n.me()
	for n.flushPresence(ctx) {
	}
	n.releaseAll(ctx)
	if err := n.nodes.Delete(ctx, self.Name); err != nil {
		n.log.Warn("cluster: leaving", "err", err)
	}
	if s := n.ledger.Notifier(); s != nil {
		_ = s.Notify(ctx, self.Session+"\nm") // a hint
	}
	n.client.CloseIdleConnections()
}

// turn is said by a goroutine that has been woken (clock.Turn).
func (n *Node) turn(who, of string) { n.ledger.Clock().Turn(who, of, 0) }

func (n *Node) me() Record {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.self
}

// view is the living nodes.
func (n *Node) view() map[string]Record {
	n.mu.RLock()
	defer n.mu.RUnlock()
	all := make(map[string]Record, len(n.members))
	for name, m := range n.members {
		all[name] = m.Record
	}
	return all
}

// others are the living nodes but this one.
func (n *Node) others() []Record {
	self := n.me().Session
	var list []Record
	for _, r := range n.view() {
		if r.Session != self {
			list = append(list, r)
		}
	}
	return list
}
