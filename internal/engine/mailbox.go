package engine

import (
	"sync"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/ledger"
)

// ReportKind is what a phone says of a message.
type ReportKind uint8

// The reports of a phone.
const (
	// Acked : the phone has the message.
	Acked ReportKind = iota + 1
	// Read : the user has seen it.
	Read
	// Withdrawn : asked to give it back, the phone does not show it (any more).
	Withdrawn
)

var happened = map[ReportKind]delivery.Happening{
	Acked: delivery.PhoneAcked, Read: delivery.PhoneRead, Withdrawn: delivery.PhoneWithdrew,
}

// The bounds of a mailbox in memory.
const (
	defaultWindow = 32
	maxWindow     = 256  // unacknowledged deliveries at most
	maxBatch      = 256  // reports in one commit
	maxReports    = 8192 // reports that wait for the store
	maxPushed     = 256  // effects that wait for the link; more typing is dropped
	freshPer      = 2    // items kept in memory for each place in the window
)

// Mailbox is the engine's side of a phone that is online: what it has been
// sent and has not acknowledged, and what comes next. One pump goroutine works
// for it, and only while there is something to do.
type Mailbox struct {
	e      *Engine
	phone  string
	link   Link
	window int
	nth    uint32 // of the engine's mailboxes, for clock.Turn
	done   chan struct{}

	mu      sync.Mutex
	closed  bool
	running bool
	reports []ledger.Change
	listed  bool     // among those whose reports will be ripe soon
	ripe    bool     // the reports have waited long enough
	effects []Effect // to send as they are: recalls, typing
	fresh   []ledger.Waiting
	behind  bool // the ledger may hold items after cursor that are not in fresh
	cursor  ledger.Seq
	places  map[Ref]ledger.Seq // of the flights, on a shared store
	rescans uint32             // a scan that began before the latest has seen too little
	// flights are the deliveries that the phone has been sent and has said nothing of.
	flights map[Ref]flight
	// withheld are not to be sent: they are being revoked or expired. True: that
	// is over, the entry goes with the next look at the ledger.
	withheld map[Ref]bool
}

// flight is one delivery under way.
type flight struct {
	sent *ledger.Item // without its payload; nil for a recall
	// over is made when someone wants to know that the phone has said something: it is
	// closed when that is durable.
	over chan struct{}
}

// Attach brings phone online over l. At most window deliveries are
// unacknowledged at a time (1 to 256, 0 is 32). It replaces an earlier link of
// the same phone, whose Mailbox is then Done.
func (e *Engine) Attach(phone string, window int, l Link) *Mailbox {
	if window <= 0 {
		window = defaultWindow
	}
	m := &Mailbox{
		e: e, phone: phone, link: l, window: min(window, maxWindow), nth: e.attached.Add(1), done: make(chan struct{}), behind: true,
	}
	if old := e.online.put(m); old != nil {
		e.stats.Superseded.Add(1)
		old.Detach()
	}
	e.notePhone(phone, "ONLINE")
	if e.closing.Load() {
		m.Detach()
	}
	e.moved(phone)
	m.push(e.typing.take(phone, e.clock.Now())...) // after put: see passOn
	m.wake()
	return m
}

// Done is closed when the mailbox is detached: by its owner, by a newer link of
// the same phone, or because its link or the store failed.
func (m *Mailbox) Done() <-chan struct{} { return m.done }

// Detach takes the phone offline. What was sent and not acknowledged is sent
// again when the phone comes back; what it has reported still counts.
func (m *Mailbox) Detach() {
	if m.e.online.remove(m) {
		m.e.moved(m.phone)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.closed = true
	close(m.done)
	m.e.notePhone(m.phone, "OFFLINE")
	if len(m.reports) > 0 {
		m.start()
	}
}

// Report takes in what the phone says of messages. It returns at once; a Confirm,
// or a final Revoke, follows for each when it is durable.
func (m *Mailbox) Report(kind ReportKind, refs ...Ref) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return
	}
	for _, ref := range refs {
		m.reports = append(m.reports, ledger.Change{Ref: ref, Phone: m.phone, What: happened[kind], Sent: m.flights[ref].sent})
		m.ripe = m.ripe || m.pressing(kind, ref)
	}
	flooded := len(m.reports) > maxReports
	first := !m.listed
	m.listed = true
	if m.ripe || m.full() {
		m.start()
	}
	m.mu.Unlock()
	if flooded {
		m.e.log.Warn("phone taken offline: it reports faster than the store writes", "phone", m.phone)
		m.Detach()
		return
	}
	if first {
		m.e.ripening.add(m)
	}
}

// offer hands over an item that has just become durable. The items of one
// phone are offered in the order of their places.
func (m *Mailbox) offer(it *ledger.Item) {
	m.mu.Lock()
	switch {
	case m.e.opts.Shared:
		m.behind = true
	case m.behind:
	case len(m.fresh) >= m.readAhead():
		m.fresh, m.behind = nil, true
	default:
		m.fresh = append(m.fresh, ledger.Waiting{Item: it, State: delivery.Queued})
	}
	m.mu.Unlock()
	m.wake()
}

// readAhead is how many items are kept in memory to be sent next.
func (m *Mailbox) readAhead() int { return freshPer * m.window }

// push sends effects that are not kept: typing.
func (m *Mailbox) push(effects ...Effect) {
	m.mu.Lock()
	if room := maxPushed - len(m.effects); room > 0 {
		m.effects = append(m.effects, effects[:min(room, len(effects))]...)
	}
	m.mu.Unlock()
	m.wake()
}

// rescan makes the pump look at the whole mailbox: also for what a fault of the
// store has left behind the cursor.
func (m *Mailbox) rescan() {
	m.mu.Lock()
	m.behind, m.cursor = true, 0
	if !m.e.opts.Shared {
		m.fresh = nil
	}
	m.rescans++
	m.mu.Unlock()
	m.wake()
}

// seek makes sure that the pump finds an item that waits in the ledger, before
// anything that comes after it.
func (m *Mailbox) seek(it *ledger.Item) {
	m.mu.Lock()
	_, sent := m.flights[it.Ref]
	found := sent || contains(m.fresh, it.Ref)
	m.mu.Unlock()
	if !found {
		m.rescan()
	}
}

// wake makes sure that the pump runs.
func (m *Mailbox) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.start()
	}
}

// start is wake, also of a mailbox that is closed. The caller holds mu.
func (m *Mailbox) start() {
	if !m.running {
		m.running = true
		m.e.pumps.Go(m.pump)
	}
}
