package rbm

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Timestamp is google.protobuf.Timestamp: output in UTC with "Z" and 0, 3, 6 or
// 9 digits of seconds; input with any RFC 3339 offset and up to 9 digits, in
// the years 1 to 9999. The zero Timestamp is "not set" and omitted.
type Timestamp time.Time

// NewTimestamp is a pointer to the timestamp of t, for optional fields.
func NewTimestamp(t time.Time) *Timestamp { return (*Timestamp)(&t) }

// Time is the moment, in UTC when it was decoded from JSON.
func (t Timestamp) Time() time.Time { return time.Time(t) }

// IsZero reports whether the timestamp is not set.
func (t Timestamp) IsZero() bool { return time.Time(t).IsZero() }

func (t Timestamp) String() string {
	text, err := t.MarshalText()
	if err != nil {
		return time.Time(t).String()
	}
	return string(text)
}

var errTime = errors.New("rbm: not an RFC 3339 time of the years 1 to 9999 with at most 9 fractional digits")

// MarshalText writes the canonical form.
func (t Timestamp) MarshalText() ([]byte, error) { return t.AppendText(nil) }

// AppendText appends the canonical form. It fails outside the years 1 to 9999.
func (t Timestamp) AppendText(b []byte) ([]byte, error) {
	u := time.Time(t).UTC()
	if !inRange(u) {
		return b, errTime
	}
	b = u.AppendFormat(b, "2006-01-02T15:04:05")
	return append(appendNanos(b, u.Nanosecond()), 'Z'), nil
}

// UnmarshalText reads RFC 3339.
func (t *Timestamp) UnmarshalText(text []byte) error {
	var u time.Time
	if err := u.UnmarshalText(text); err != nil || bytes.IndexByte(text, ',') >= 0 || fractionDigits(text) > 9 {
		return errTime
	}
	if u = u.UTC(); !inRange(u) {
		return errTime
	}
	*t = Timestamp(u)
	return nil
}

func inRange(u time.Time) bool { return u.Year() >= 1 && u.Year() <= 9999 }

func fractionDigits(text []byte) int {
	n := 0
	for i := len("2006-01-02T15:04:05."); i < len(text) && text[i] >= '0' && text[i] <= '9'; i++ {
		n++
	}
	return n
}

// appendNanos appends "", ".mmm", ".mmmuuu" or ".mmmuuunnn".
func appendNanos(b []byte, nanos int) []byte {
	if nanos == 0 {
		return b
	}
	digits := strconv.Itoa(1_000_000_000 + nanos)[1:]
	for strings.HasSuffix(digits, "000") {
		digits = digits[:len(digits)-3]
	}
	return append(append(b, '.'), digits...)
}

// Duration is google.protobuf.Duration: "3.5s", output with 0, 3, 6 or 9
// digits. One beyond the ±292 years of time.Duration becomes the nearest that
// fits, and then breaks every limit of this API.
type Duration time.Duration

// NewDuration is a pointer to the duration d, for optional fields.
func NewDuration(d time.Duration) *Duration { return (*Duration)(&d) }

func (d Duration) String() string {
	text, _ := d.AppendText(nil)
	return string(text)
}

// MarshalText writes the canonical form.
func (d Duration) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// AppendText appends the canonical form.
func (d Duration) AppendText(b []byte) ([]byte, error) {
	sec, nanos := int64(d)/1e9, int64(d)%1e9
	if d < 0 {
		b, sec, nanos = append(b, '-'), -sec, -nanos
	}
	b = strconv.AppendInt(b, sec, 10)
	return append(appendNanos(b, int(nanos)), 's'), nil
}

var (
	errDurationUnit = errors.New("duration must end with 's'")
	errDuration     = errors.New("duration must be a number of seconds with at most 9 fractional digits")
)

// maxDurationSeconds is the range of the proto type: about 10,000 years.
const maxDurationSeconds = 315_576_000_000

// UnmarshalText reads seconds with at most 9 fractional digits and an "s".
func (d *Duration) UnmarshalText(text []byte) error {
	number, ok := strings.CutSuffix(string(text), "s")
	if !ok {
		return errDurationUnit
	}
	number, negative := strings.CutPrefix(number, "-")
	whole, fraction, dotted := strings.Cut(number, ".")
	if !digits(whole) || dotted && !digits(fraction) || len(fraction) > 9 {
		return errDuration
	}
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec > maxDurationSeconds {
		return errDuration
	}
	nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	total := int64(1<<63 - 1)
	if sec < total/1e9 {
		total = sec*1e9 + nanos
	}
	if negative {
		total = -total
	}
	*d = Duration(total)
	return nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
