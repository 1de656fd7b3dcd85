// Package journal keeps in memory what has happened lately, for the people who
// watch: calls of agents, messages and what became of them, what phones sent,
// calls of webhooks. It is bounded, it is gone after a restart, and nothing
// depends on it: what must be known for longer is in the ledger.
package journal

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind is what an event is about.
type Kind string

// The kinds.
const (
	Call      Kind = "CALL"       // an agent called the API
	Accepted  Kind = "ACCEPTED"   // a message or event became durable
	Sent      Kind = "SENT"       // it was handed to the phone's connection
	Changed   Kind = "CHANGED"    // it was delivered, read, revoked, …
	FromPhone Kind = "FROM_PHONE" // the user sent something
	Webhook   Kind = "WEBHOOK"    // an agent's webhook was called
	Phone     Kind = "PHONE"      // a phone came online or went offline
)

// Event is one thing that happened. Byte slices are shared with whoever made
// them: they never change.
type Event struct {
	ID                      uint64 // counts from 1; given by Add
	Time                    time.Time
	Kind                    Kind
	Agent, Phone, MessageID string
	// State is that of the message, or ONLINE and OFFLINE.
	State string
	// Type is that of the message or event, or the method called.
	Type   string
	Reason string // why, in words
	// Payload is the resource, or the event that a webhook was told, as JSON.
	Payload []byte
	HTTP    *Exchange // of calls, both ways
	Attempt *Attempt  // of webhooks
}

// Exchange is a request and its answer.
type Exchange struct {
	Method, URL     string
	Status          int // 0: no answer
	Took            time.Duration
	Request, Answer []byte
}

// Attempt is what is known of a call to a webhook beside its Exchange.
type Attempt struct {
	EventID   string
	Number    int // from 1
	Signature string
	Created   time.Time // when what it tells happened
}

// The bounds: so many events, holding so many bytes; of one body no more than
// maxBody, whatever strangers send.
const (
	minEvents = 1 << 8
	maxEvents = 1 << 14
	maxBytes  = 16 << 20
	maxBody   = 64 << 10
	overhead  = 256 // of an event beside its byte slices, about
)

// Journal is a ring of events. The zero of *Journal, nil, takes events and
// forgets them.
type Journal struct {
	epoch string

	mu    sync.Mutex
	ring  []Event // ring[id%len] is the event of id; it grows to maxEvents
	first uint64  // the oldest one kept; first > last: none
	last  uint64
	bytes int
	more  chan struct{} // closed when there is more; nil: nobody waits
}

// New returns an empty journal that began at start.
func New(start time.Time) *Journal {
	return &Journal{epoch: strconv.FormatInt(start.UnixMicro(), 36), ring: make([]Event, minEvents), first: 1}
}

func size(e *Event) int {
	n := overhead + len(e.Payload)
	if e.HTTP != nil {
		n += len(e.HTTP.Request) + len(e.HTTP.Answer) + len(e.HTTP.URL)
	}
	return n
}

// Add takes e in, which gets its ID here. The oldest events make room.
func (j *Journal) Add(e Event) {
	if j == nil {
		return
	}
	e.trim()
	n := size(&e)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.makeRoom(n)
	j.last++
	e.ID = j.last
	*j.at(e.ID) = e
	j.bytes += n
	if j.more != nil {
		close(j.more)
		j.more = nil
	}
}

// trim cuts what is too large to be kept.
func (e *Event) trim() {
	if len(e.Payload) > maxBody {
		e.Payload = nil // half of it would not be JSON
	}
	if e.HTTP == nil {
		return
	}
	for _, b := range []*[]byte{&e.HTTP.Request, &e.HTTP.Answer} {
		if len(*b) > maxBody {
			*b = append([]byte(nil), (*b)[:maxBody]...) // lets the rest go
		}
	}
}

// at is the place of the event of id. The caller holds mu.
func (j *Journal) at(id uint64) *Event { return &j.ring[id%uint64(len(j.ring))] }

// makeRoom makes the ring larger, or drops the oldest events, for one more of n
// bytes. The caller holds mu.
func (j *Journal) makeRoom(n int) {
	if count := int(j.last - j.first + 1); count == len(j.ring) && count < maxEvents {
		larger := make([]Event, 2*count)
		for id := j.first; id <= j.last; id++ {
			larger[id%uint64(len(larger))] = *j.at(id)
		}
		j.ring = larger
	}
	for j.first <= j.last && (int(j.last-j.first+1) == len(j.ring) || j.bytes+n > maxBytes) {
		old := j.at(j.first)
		j.bytes -= size(old)
		*old = Event{}
		j.first++
	}
}

// After gives up to limit events that came after id, in order, and whether all of
// them are there: false, the oldest are gone.
func (j *Journal) After(id uint64, limit int) (events []Event, whole bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	from := max(id+1, j.first)
	for ; from <= j.last && len(events) < limit; from++ {
		events = append(events, *j.at(from))
	}
	return events, id+1 >= j.first
}

// Before gives up to limit events that match, the newest first, of those before
// id; 0 is the end.
func (j *Journal) Before(id uint64, limit int, match func(*Event) bool) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	if id == 0 || id > j.last {
		id = j.last + 1
	}
	var events []Event
	for id--; id >= j.first && id > 0 && len(events) < limit; id-- {
		if e := j.at(id); match(e) {
			events = append(events, *e)
		}
	}
	return events
}

// Forget empties every event that names number: a person is erased. The places
// stay, without a Kind.
func (j *Journal) Forget(number string) {
	if j == nil {
		return
	}
	name := []byte(number)
	j.mu.Lock()
	defer j.mu.Unlock()
	for id := j.first; id <= j.last; id++ {
		e := j.at(id)
		x := e.HTTP
		if e.Phone == number || bytes.Contains(e.Payload, name) ||
			x != nil && (strings.Contains(x.URL, number) || bytes.Contains(x.Request, name) || bytes.Contains(x.Answer, name)) {
			j.bytes -= size(e)
			*e = Event{ID: id}
			j.bytes += size(e)
		}
	}
}

// Get returns the event of id, if it is still there.
func (j *Journal) Get(id uint64) (Event, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if id < j.first || id > j.last {
		return Event{}, false
	}
	return *j.at(id), true
}

// Last is the ID of the newest event, 0 if there was none.
func (j *Journal) Last() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Wait returns when there is an event after id, or ctx has ended.
func (j *Journal) Wait(ctx context.Context, id uint64) error {
	j.mu.Lock()
	if j.last > id {
		j.mu.Unlock()
		return nil
	}
	if j.more == nil {
		j.more = make(chan struct{})
	}
	more := j.more
	j.mu.Unlock()
	select {
	case <-more:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Name is the id of an event for outside: two runs of a server never use the same.
func (j *Journal) Name(id uint64) string { return j.epoch + "-" + strconv.FormatUint(id, 10) }

// ID reads a Name. False: it is not of this run.
func (j *Journal) ID(name string) (uint64, bool) {
	epoch, n, _ := strings.Cut(name, "-")
	id, err := strconv.ParseUint(n, 10, 64)
	return id, err == nil && epoch == j.epoch
}
