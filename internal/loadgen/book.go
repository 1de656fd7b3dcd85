package loadgen

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openrbm/openrbm/client"
)

// record is what is known of one message. Times are nanoseconds since the run's
// start; the sender writes them, phones and the webhook read them.
type record struct {
	due     atomic.Int64
	begun   atomic.Int64  // when it was sent
	acked   atomic.Int64  // when the server had accepted it; 0: it has not
	framed  atomic.Uint32 // the phone's connection, counted from 1, on which it came; 0: it has not
	receipt atomic.Bool
}

// book is the records of all messages, by their numbers.
type book struct {
	start  time.Time
	prefix string // of the message ids of this run
	pages  [maxMessages / pageSize]atomic.Pointer[[pageSize]record]
}

const (
	pageSize    = 1 << 14
	maxMessages = 1 << 28
	hexDigits   = 12 // of a number in an id
)

func newBook() *book {
	id := client.NewMessageID()
	return &book{start: time.Now(), prefix: id[:len(id)-hexDigits]}
}

// id is the messageId of message n: a UUID that begins as all of this run do.
func (b *book) id(n int) string { return fmt.Sprintf("%s%0*x", b.prefix, hexDigits, n) }

// number is the n of an id; false if the id is not of this run.
func (b *book) number(id string) (n int, ours bool) {
	digits, ours := strings.CutPrefix(id, b.prefix)
	if !ours || len(digits) != hexDigits {
		return 0, false
	}
	v, err := strconv.ParseUint(digits, 16, 64)
	if err != nil || v >= maxMessages || b.pages[v/pageSize].Load() == nil {
		return 0, false
	}
	return int(v), true
}

// at is the record of message n.
func (b *book) at(n int) *record {
	page := &b.pages[n/pageSize]
	if page.Load() == nil {
		page.CompareAndSwap(nil, new([pageSize]record))
	}
	return &page.Load()[n%pageSize]
}

// now is the time since the start; never 0.
func (b *book) now() time.Duration { return max(1, time.Since(b.start)) }
