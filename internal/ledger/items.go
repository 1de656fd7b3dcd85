package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

// Item is an agentMessage or agentEvent as it was accepted. It never changes.
type Item struct {
	Ref
	Seq   Seq
	Kind  delivery.Kind
	Phone string
	// SendTime is when it was accepted; ExpireTime when it is to be taken back,
	// zero if the agent set none.
	SendTime, ExpireTime time.Time
	// Payload is the resource as compact JSON; empty for what is not kept.
	Payload []byte
	// Media is what the phone is told of the message's files, as a JSON array;
	// empty if it has none.
	Media []byte
}

// Bits that are added to the kind of an item, for how the rest is written.
const (
	withMedia = 0x80 // the media come first
	abridged  = 0x40 // the payload lacks its lead, which follows from the rest
	uuidID    = 0x20 // the id is the 16 bytes of a UUID
)

// lead is how the payload begins, as a rule: the name and the sendTime.
func (it *Item) lead() []byte {
	collection := "/agentMessages/"
	if it.Kind == delivery.Event {
		collection = "/agentEvents/"
	}
	b := make([]byte, 0, 128)
	b = append(append(b, `{"name":"phones/`...), it.Phone...)
	b = append(append(b, collection...), it.ID...)
	b = append(b, `","sendTime":"`...)
	b, _ = rbm.Timestamp(it.SendTime).AppendText(b) // a payload with a time out of range does not begin so
	return append(b, '"')
}

func (it *Item) encode() []byte {
	w := make(writer, 0, len(it.Payload)+len(it.Media)+len(it.Agent)+len(it.ID)+len(it.Phone)+28)
	bits := byte(it.Kind)
	payload, short := bytes.CutPrefix(it.Payload, it.lead())
	if short {
		bits |= abridged
	}
	id, isUUID := packUUID(it.ID)
	if isUUID {
		bits |= uuidID
	}
	w.byte(recordV1)
	if len(it.Media) > 0 {
		w.byte(bits | withMedia)
		w.string(string(it.Media))
	} else {
		w.byte(bits)
	}
	w.time(it.SendTime)
	w.time(it.ExpireTime)
	w.string(it.Agent)
	if isUUID {
		w.rest(id[:])
	} else {
		w.string(it.ID)
	}
	w.string(it.Phone)
	w.rest(payload)
	return w
}

func decodeItem(k store.Key, b []byte) (*Item, error) {
	r := open(b)
	bits := r.byte()
	it := &Item{Kind: delivery.Kind(bits &^ (withMedia | abridged | uuidID))}
	if bits&withMedia != 0 {
		it.Media = []byte(r.string())
		r.check(len(it.Media) > 0, "it has no media, and says that it has")
	}
	it.SendTime, it.ExpireTime = r.time(), r.time()
	it.Agent = r.string()
	if bits&uuidID != 0 {
		it.ID = unpackUUID(r.take(16))
	} else {
		it.ID = r.string()
	}
	it.Phone = r.string()
	if bits&abridged != 0 {
		it.Payload = append(it.lead(), r.take(len(r.b))...)
	} else {
		it.Payload = r.rest()
	}
	it.Seq = lastSeq(k)
	r.check(len(k) == 9, "its key has the wrong length")
	return it, r.done(k)
}

// Status is where an item stands.
type Status struct {
	Ref
	Seq   Seq
	Kind  delivery.Kind
	State delivery.State
	Phone string
	// ExpireTime is as in Item; ChangeTime is when State was entered.
	ExpireTime, ChangeTime time.Time
}

func (s *Status) encode() []byte {
	w := make(writer, 0, len(s.Phone)+28)
	w.byte(recordV1)
	w.byte(byte(s.Kind))
	w.byte(byte(s.State))
	w.uint(uint64(s.Seq))
	w.time(s.ExpireTime)
	w.time(s.ChangeTime)
	w.string(s.Phone)
	return w
}

func decodeStatus(ref Ref, b []byte) (*Status, error) {
	r := open(b)
	s := &Status{Ref: ref, Kind: delivery.Kind(r.byte()), State: delivery.State(r.byte()), Seq: Seq(r.uint())}
	s.ExpireTime, s.ChangeTime, s.Phone = r.time(), r.time(), r.string()
	return s, r.done(idKey(ref))
}

// A mailbox row and a due row are small: what they point at says the rest.

func encodeWaiting(s delivery.State) []byte { return []byte{recordV1, byte(s)} }

func decodeWaiting(rec store.Record) (place, error) {
	r := open(rec.Value)
	p := place{lastSeq(rec.Key), delivery.State(r.byte())}
	r.check(len(rec.Key) > 9, "its key is too short")
	return p, r.done(rec.Key)
}

// place is a mailbox row.
type place struct {
	seq   Seq
	state delivery.State
}

func encodeDue(it *Item) []byte {
	var w writer
	w.byte(recordV1)
	w.string(it.Agent)
	w.string(it.ID)
	w.string(it.Phone)
	return w
}

func decodeDue(rec store.Record) (it DueItem, at time.Time, err error) {
	r := open(rec.Value)
	it.Agent, it.ID, it.Phone = r.string(), r.string(), r.string()
	r.check(len(rec.Key) == 17, "its key has the wrong length")
	if err = r.done(rec.Key); err == nil {
		at = lastSeq(rec.Key[:9]).time()
	}
	return it, at, err
}

// queued is the status of it before anything has happened to it.
func (it *Item) queued() *Status {
	return &Status{
		Ref: it.Ref, Seq: it.Seq, Kind: it.Kind, State: delivery.Queued, Phone: it.Phone,
		ExpireTime: it.ExpireTime, ChangeTime: it.SendTime,
	}
}

// Add records a newly accepted item in the mailbox of its phone, in one durable
// commit. It fails with store.ErrConflict when the id was used before, and with
// ErrTaken when another item has its place.
func (l *Ledger) Add(ctx context.Context, it *Item) error {
	return l.add(ctx, it, delivery.Queued)
}

// AddPassing records the use of an id by what is not kept for a phone that is
// away: a typing event.
func (l *Ledger) AddPassing(ctx context.Context, it *Item) error {
	return l.add(ctx, it, delivery.Delivered)
}

func (l *Ledger) add(ctx context.Context, it *Item, state delivery.State) error {
	st := it.queued()
	st.State = state
	proof := store.Record{Key: idKey(it.Ref), Value: st.encode()}
	var b store.Batch
	b.Absent(proof.Key)
	l.claim(&b, it.Seq)
	b.Put(proof.Key, proof.Value)
	b.Put(bodyKey(it.Seq), it.encode())
	if state.Waiting() {
		b.Put(mailboxKey(it.Phone, it.Seq), encodeWaiting(state))
		if !it.ExpireTime.IsZero() {
			b.Put(dueKey(it.ExpireTime, it.Seq), encodeDue(it))
		}
	}
	err := l.commit(ctx, &b, proof)
	if err == nil && state.Waiting() {
		l.queued.Add(1)
	}
	return taken(err, it.Seq)
}

// Status tells where the item stands, or store.ErrNotFound.
func (l *Ledger) Status(ctx context.Context, ref Ref) (*Status, error) {
	b, err := l.db.Get(ctx, idKey(ref))
	if err != nil {
		return nil, err
	}
	return decodeStatus(ref, b)
}

// Item returns the body at seq, or store.ErrNotFound.
func (l *Ledger) Item(ctx context.Context, seq Seq) (*Item, error) {
	k := bodyKey(seq)
	b, err := l.db.Get(ctx, k)
	if err != nil {
		return nil, err
	}
	return decodeItem(k, b)
}

// Waiting is an item in a phone's mailbox.
type Waiting struct {
	*Item
	State delivery.State
}

// Mailbox gives the items waiting for phone in the order of arrival: those
// with after < Seq ≤ upTo, at most limit.
func (l *Ledger) Mailbox(ctx context.Context, phone string, after, upTo Seq, limit int) ([]Waiting, error) {
	var places []place
	r := store.Range{Start: mailboxKey(phone, after+1), End: mailboxKey(phone, upTo) + sep, Limit: limit}
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		p, err := decodeWaiting(rec)
		if l.setAside(ctx, rec, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	items := make([]Waiting, 0, len(places))
	bodies := l.bodies(ctx, places)
	for i, p := range places {
		it, err := bodies[i].Item, bodies[i].err
		if errors.Is(err, store.ErrNotFound) {
			if _, gone := l.db.Get(ctx, mailboxKey(phone, p.seq)); errors.Is(gone, store.ErrNotFound) {
				continue // it has left the mailbox, and was forgotten, since the scan
			}
		}
		if place := mailboxKey(phone, p.seq); l.setAside(ctx, store.Record{Key: place}, bodyError(p.seq, err)) {
			continue // the body stays where it is: its status says that it exists
		}
		if err != nil {
			return nil, fmt.Errorf("ledger: body of a waiting item at %d: %w", p.seq, err)
		}
		items = append(items, Waiting{it, p.state})
	}
	return items, nil
}

// readers is how many bodies are read at a time: those of one phone lie apart
// from each other, between all that came meanwhile.
const readers = 4

type body struct {
	*Item
	err error
}

// bodies reads the items at places.
func (l *Ledger) bodies(ctx context.Context, places []place) []body {
	bodies := make([]body, len(places))
	var wg sync.WaitGroup
	for r := range min(readers, len(places)) {
		wg.Go(func() {
			for i := r; i < len(places); i += readers {
				bodies[i].Item, bodies[i].err = l.Item(ctx, places[i].seq)
			}
		})
	}
	wg.Wait()
	return bodies
}

// bodyError is err, as damage of the mailbox if the body of one of its places is gone.
func bodyError(s Seq, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return &damagedError{bodyKey(s), "it is gone, and its place in a mailbox is not"}
	}
	return err
}

// CountMailbox counts the items waiting for phone, up to limit (0: all).
func (l *Ledger) CountMailbox(ctx context.Context, phone string, limit int) (int, error) {
	r := store.Prefix(key(kindMailbox, phone, sep))
	r.Limit = limit
	return l.count(ctx, r)
}

// OldestWaiting is when the oldest item arrived that waits for a phone, zero if
// none does. Of more than limit items it is the oldest of those looked at.
func (l *Ledger) OldestWaiting(ctx context.Context, limit int) (time.Time, error) {
	r := store.Range{Start: key(kindMailbox), End: key(kindMailbox + 1), Limit: limit}
	var first Seq
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return time.Time{}, err
		}
		if len(rec.Key) > 9 && (first == 0 || lastSeq(rec.Key) < first) {
			first = lastSeq(rec.Key)
		}
	}
	if first == 0 {
		return time.Time{}, nil
	}
	return first.time(), nil
}

// DueItem is an item whose expireTime has come.
type DueItem struct {
	Ref
	Phone string
}

// Due gives up to limit items whose expireTime is not after now, and the
// expireTime of the next one (zero: no other expires).
func (l *Ledger) Due(ctx context.Context, now time.Time, limit int) ([]DueItem, time.Time, error) {
	var due []DueItem
	r := store.Range{Start: key(kindDue), End: key(kindDue + 1), Limit: limit + 1}
	for rec, err := range l.db.Scan(ctx, r) {
		if err != nil {
			return nil, time.Time{}, err
		}
		it, at, err := decodeDue(rec)
		if l.setAside(ctx, rec, err) {
			continue
		}
		if err != nil {
			return nil, time.Time{}, err
		}
		if len(due) == limit || at.After(now) {
			return due, at, nil
		}
		due = append(due, it)
	}
	return due, time.Time{}, nil
}
