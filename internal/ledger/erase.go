package ledger

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	json "github.com/go-json-experiment/json"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
)

// Erased counts what was removed of one person.
type Erased struct {
	Messages int // bodies, with their states and places in the mailbox
	Upstream int // marks of what the phone sent
	Notices  int // what agents were to be told
	Marks    int // of testers, subscriptions and promotions
	Damaged  int // records that had been set aside
}

// Add adds o to e.
func (e *Erased) Add(o Erased) {
	e.Messages += o.Messages
	e.Upstream += o.Upstream
	e.Notices += o.Notices
	e.Marks += o.Marks
	e.Damaged += o.Damaged
}

// Total is the sum of all counts.
func (e *Erased) Total() int { return e.Messages + e.Upstream + e.Notices + e.Marks + e.Damaged }

const eraseBatch = 256

// pages hands the records of r to do, some at a time; do may change the store.
func (l *Ledger) pages(ctx context.Context, r store.Range, do func([]store.Record) error) error {
	r.Limit = eraseBatch
	for {
		var page []store.Record
		for rec, err := range l.db.Scan(ctx, r) {
			if err != nil {
				return err
			}
			page = append(page, store.Record{Key: rec.Key, Value: bytes.Clone(rec.Value)})
		}
		if len(page) == 0 {
			return nil
		}
		if err := do(page); err != nil {
			return err
		}
		r.Start = page[len(page)-1].Key + sep
	}
}

// OwnMedia lists what messages to number say of their files and no other message
// says: each is one of Item.Media.
func (l *Ledger) OwnMedia(ctx context.Context, number string, names func(media []byte) []string) ([]string, error) {
	own, others := map[string]bool{}, map[string]bool{}
	err := l.pages(ctx, store.Prefix(key(kindBody)), func(page []store.Record) error {
		for _, rec := range page {
			it, err := decodeItem(rec.Key, rec.Value)
			if errors.Is(err, store.ErrDamaged) {
				continue // retention sets it aside
			}
			if err != nil {
				return err
			}
			whose := others
			if it.Phone == number {
				whose = own
			}
			for _, name := range names(it.Media) {
				whose[name] = true
			}
		}
		return nil
	})
	var list []string
	for name := range own {
		if !others[name] {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list, err
}

// ErasePhone removes everything that is kept of number, except what the registry
// and the files know. It may end anywhere, and comes to the same when it is done
// again. An id that was used stays used, without anything of the message.
func (l *Ledger) ErasePhone(ctx context.Context, number string) (e Erased, err error) {
	if e.Messages, err = l.eraseMessages(ctx, number); err != nil {
		return e, err
	}
	for _, s := range []struct {
		count *int
		r     store.Range
		hit   func(store.Record) bool
	}{
		{&e.Messages, store.Prefix(key(kindMailbox, number, sep)), every}, // what no body belongs to
		{&e.Upstream, store.Prefix(key(kindUpstream, number, sep)), every},
		{&e.Notices, store.Prefix(key(kindOutbox)), tellsOf(number)},
		{&e.Notices, store.Prefix(key(kindDead)), tellsOf(number)},
		{&e.Marks, store.Prefix(key(kindTester)), endsIn(number)},
		{&e.Marks, store.Prefix(key(kindUnwanted)), endsIn(number)},
		{&e.Marks, store.Prefix(key(kindPromoted)), endsIn(number)},
		{&e.Damaged, store.Prefix(key(kindDamaged)), mentions(number)},
	} {
		n, err := l.eraseRecords(ctx, s.r, s.hit)
		*s.count += n
		if err != nil {
			return e, err
		}
	}
	return e, nil
}

func every(store.Record) bool { return true }

// endsIn finds the records of an agent and a phone.
func endsIn(number string) func(store.Record) bool {
	return func(rec store.Record) bool { return strings.HasSuffix(string(rec.Key), sep+number) }
}

// mentions finds damaged records that may be of number: in their key, or in what
// they held.
func mentions(number string) func(store.Record) bool {
	return func(rec store.Record) bool {
		var d Damaged
		return strings.Contains(string(rec.Key), number) || json.Unmarshal(rec.Value, &d) != nil ||
			strings.Contains(d.Key, number) || bytes.Contains(d.Value, []byte(number))
	}
}

// tellsOf finds the notices of what number did, or of what became of a message to it.
func tellsOf(number string) func(store.Record) bool {
	return func(rec store.Record) bool {
		agent, _ := cutAgent(rec.Key)
		n, err := decodeNotice(rec, agent)
		if err != nil {
			return bytes.Contains(rec.Value, []byte(number))
		}
		var event struct {
			Sender string `json:"senderPhoneNumber"`
			Phone  string `json:"phoneNumber"`
		}
		return json.Unmarshal(n.Data, &event) == nil && (event.Sender == number || event.Phone == number)
	}
}

func (l *Ledger) eraseRecords(ctx context.Context, r store.Range, hit func(store.Record) bool) (n int, err error) {
	err = l.pages(ctx, r, func(page []store.Record) error {
		var b store.Batch
		for _, rec := range page {
			if hit(rec) {
				b.Delete(rec.Key)
			}
		}
		if b.Empty() {
			return nil
		}
		if err := l.db.Commit(ctx, &b); err != nil {
			return err
		}
		n += len(b.Deletes)
		if r.Start.Kind() == kindMailbox {
			l.queued.Add(-int64(len(b.Deletes)))
		}
		return nil
	})
	return n, err
}

func (l *Ledger) eraseMessages(ctx context.Context, number string) (n int, err error) {
	err = l.pages(ctx, store.Prefix(key(kindBody)), func(page []store.Record) error {
		for _, rec := range page {
			it, err := decodeItem(rec.Key, rec.Value)
			if errors.Is(err, store.ErrDamaged) && bytes.Contains(rec.Value, []byte(number)) {
				l.setAside(ctx, rec, err) // and what is set aside is erased after this
				continue
			}
			if err != nil || it.Phone != number {
				continue
			}
			if err := l.eraseMessage(ctx, it); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// eraseMessage leaves of it that its id was used, and when, for as long as ids are
// known.
func (l *Ledger) eraseMessage(ctx context.Context, it *Item) error {
	for range attempts {
		var b store.Batch
		stub := Item{Ref: it.Ref, Seq: it.Seq, Kind: it.Kind, SendTime: it.SendTime, Payload: []byte("{}")}
		b.Put(bodyKey(it.Seq), stub.encode())
		waiting, err := l.eraseStatus(ctx, &b, it)
		if err != nil {
			return err
		}
		err = l.db.Commit(ctx, &b)
		if err == nil && waiting {
			l.queued.Add(-1)
		}
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return store.ErrConflict
}

func (l *Ledger) eraseStatus(ctx context.Context, b *store.Batch, it *Item) (waiting bool, err error) {
	k := idKey(it.Ref)
	v, err := l.db.Get(ctx, k)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	st, err := decodeStatus(it.Ref, v)
	if err != nil || st.Seq != it.Seq {
		return false, err
	}
	if waiting = st.State.Waiting(); waiting {
		st.State = delivery.Dropped
		b.Delete(mailboxKey(it.Phone, it.Seq))
	}
	if !it.ExpireTime.IsZero() {
		b.Delete(dueKey(it.ExpireTime, it.Seq))
	}
	st.Phone, st.ExpireTime = "", time.Time{}
	b.Equals(k, v)
	b.Put(k, st.encode())
	return waiting, nil
}

// IsErased says that of the item is known only that its id was used.
func (s *Status) IsErased() bool { return s.Phone == "" }
