package ledger

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/openrbm/openrbm/internal/store"
)

// Records begin with the version of their encoding, so that old data stays
// readable when a newer encoding is added.
const recordV1 = 1

// writer builds a record.
type writer []byte

func (w *writer) byte(v byte)      { *w = append(*w, v) }
func (w *writer) uint(v uint64)    { *w = binary.AppendUvarint(*w, v) }
func (w *writer) string(v string)  { w.uint(uint64(len(v))); *w = append(*w, v...) }
func (w *writer) rest(v []byte)    { *w = append(*w, v...) }
func (w *writer) time(v time.Time) { *w = binary.BigEndian.AppendUint64(*w, uint64(nanos(v))) }

// nanos keeps the zero time zero.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// reader takes a record apart; the first fault stops it and stays in err.
type reader struct {
	b       []byte
	version byte
	err     error
}

// errVersion stops the reading of a record of another version; done explains it.
var errVersion = errors.New("unknown version")

// open checks the version of a record.
func open(b []byte) *reader {
	r := &reader{b: b}
	if r.version = r.byte(); r.err == nil && r.version != recordV1 {
		r.err = errVersion
	}
	return r
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b) {
		if r.err == nil {
			r.err = fmt.Errorf("record is cut short: %d of %d bytes left", len(r.b), n)
		}
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		n = len(r.b) + 1
	}
	r.take(n)
	if r.err != nil {
		return 0
	}
	return v
}

func (r *reader) string() string {
	n := r.uint()
	if n > uint64(len(r.b)) {
		n = uint64(len(r.b)) + 1
	}
	return string(r.take(int(n)))
}

func (r *reader) time() time.Time {
	v := r.take(8)
	if v == nil {
		return time.Time{}
	}
	ns := int64(binary.BigEndian.Uint64(v))
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// rest is a copy of all that is left.
func (r *reader) rest() []byte { return append([]byte(nil), r.take(len(r.b))...) }

// done says what is wrong with the record at k, if anything: a fault, or bytes
// that nobody has read.
func (r *reader) done(k store.Key) error {
	switch {
	case r.err == errVersion && r.version > recordV1:
		return fmt.Errorf("ledger: record %q has encoding %d, this program knows up to %d: use a newer openrbm", k, r.version, recordV1)
	case r.err != nil:
		return &damagedError{k, r.err.Error()}
	case len(r.b) > 0:
		return &damagedError{k, fmt.Sprintf("%d bytes too many", len(r.b))}
	}
	return nil
}

// damagedError is a record that is not as any program writes it.
type damagedError struct {
	key store.Key
	why string
}

func (e *damagedError) Error() string {
	return fmt.Sprintf("ledger: damaged record %q: %s", e.key, e.why)
}

// Is makes the error match store.ErrDamaged.
func (e *damagedError) Is(target error) bool { return target == store.ErrDamaged }

// check makes a fault of what does not hold.
func (r *reader) check(holds bool, fault string) {
	if !holds && r.err == nil {
		r.err = errors.New(fault)
	}
}

// packUUID is the 16 bytes of a UUID in its usual spelling, in small letters;
// another is no UUID, as it could not be spelled again.
func packUUID(s string) (b [16]byte, ok bool) {
	if len(s) != 36 {
		return b, false
	}
	at := 0
	for i := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			if s[at] != '-' {
				return b, false
			}
			at++
		}
		high, low := hexDigit(s[at]), hexDigit(s[at+1])
		if high > 15 || low > 15 {
			return b, false
		}
		b[i] = high<<4 | low
		at += 2
	}
	return b, true
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// unpackUUID spells 16 bytes as a UUID; what is shorter, not at all.
func unpackUUID(b []byte) string {
	if len(b) != 16 {
		return ""
	}
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
