package engine

import (
	"sync"
	"time"
)

// company is how long a report waits for others, unless it is pressing. Acknowledgements come one by one,
// soon after each message: settled at once each would cost a sync of the disk, between
// those of the sends.
const company = 2 * time.Millisecond

// ripening holds the mailboxes whose reports wait for company. They become ripe
// together, and so are committed together.
type ripening struct {
	mu    sync.Mutex
	boxes []*Mailbox
	ready func() // engine.ripen
}

func (r *ripening) add(m *Mailbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.boxes = append(r.boxes, m)
	if len(r.boxes) == 1 {
		time.AfterFunc(company, r.ready)
	}
}

// ripen settles the reports that have waited.
func (e *Engine) ripen() {
	e.clock.Turn("ripen", "", 0)
	e.ripening.mu.Lock()
	boxes := e.ripening.boxes
	e.ripening.boxes = nil
	e.ripening.mu.Unlock()
	for _, m := range boxes {
		m.ripen()
	}
}

func (m *Mailbox) ripen() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listed = false
	if len(m.reports) > 0 {
		m.ripe = true
		m.start()
	}
}

// pressing says that somebody waits for the report: for the end of a revocation, or
// because it spares sending the message again. The caller holds mu.
func (m *Mailbox) pressing(kind ReportKind, ref Ref) bool {
	_, sent := m.flights[ref]
	return kind == Withdrawn || !sent
}
