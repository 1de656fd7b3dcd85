package ledger

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// The record kinds, first byte of every key. They are stored: never reuse one.
const (
	kindAgent    = 'a'
	kindBrand    = 'b'
	kindSetting  = 'c'
	kindDue      = 'd'
	kindMedia    = 'f'
	kindErasure  = 'e'
	kindNode     = 'h'
	kindID       = 'i'
	kindOnline   = 'j'
	kindPromoted = 'k'
	kindBody     = 'm'
	kindUnwanted = 'n'
	kindOutbox   = 'o'
	kindPhone    = 'p'
	kindAct      = 'l'
	kindDead     = 'g'
	kindMailbox  = 'q'
	kindAccount  = 's'
	kindTester   = 't'
	kindUpstream = 'u'
	kindMeta     = 'x'
	kindDamaged  = 'z'
	kindLease    = 'y'
)

// Seq is the place of an item in the order of arrival: nanoseconds since 1970,
// made strictly increasing.
type Seq uint64

// seqAt is the first place that an item arriving at t can have; before 1970 none did.
func seqAt(t time.Time) Seq { return Seq(max(0, t.UnixNano())) }

// Ref names an agentMessage or agentEvent. Both share one space of ids per
// agent (facts/rbm-api.md §1.0).
type Ref struct{ Agent, ID string }

// String is the ref as logs show it.
func (r Ref) String() string { return r.Agent + "/" + r.ID }

func key(kind byte, parts ...string) store.Key {
	var b strings.Builder
	b.WriteByte(kind)
	for _, p := range parts {
		b.WriteString(p)
	}
	return store.Key(b.String())
}

// sep ends a part of variable length inside a key; no part contains it.
const sep = "\x00"

func idKey(r Ref) store.Key                    { return key(kindID, r.Agent, sep, r.ID) }
func bodyKey(s Seq) store.Key                  { return key(kindBody, be64(uint64(s))) }
func mailboxKey(phone string, s Seq) store.Key { return key(kindMailbox, phone, sep, be64(uint64(s))) }
func dueKey(t time.Time, s Seq) store.Key {
	return key(kindDue, be64(uint64(t.UnixNano())), be64(uint64(s)))
}
func outboxKey(agent string, due time.Time, event string) store.Key {
	return key(kindOutbox, agent, sep, be64(uint64(due.UnixNano())), event)
}
func unwantedKey(agent, phone string) store.Key { return key(kindUnwanted, agent, sep, phone) }
func upstreamKey(phone string, r Ref) store.Key {
	return key(kindUpstream, phone, sep, r.Agent, sep, r.ID)
}

// be64 is v as eight bytes that sort as numbers do.
func be64(v uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], v)
	return string(b[:])
}

// lastSeq is the Seq in the last eight bytes of k; 0 if k is shorter.
func lastSeq(k store.Key) Seq {
	if len(k) < 8 {
		return 0
	}
	return Seq(binary.BigEndian.Uint64([]byte(k[len(k)-8:])))
}
