package media

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// What is known of URLs without asking the store.
const (
	knownURLs  = 10_000
	knownFor   = time.Minute      // then the store is asked again: another node may have fetched
	failureFor = 10 * time.Second // then a URL that could not be fetched is tried again
)

// known is what was last learnt of the URLs of messages, in memory.
type known struct {
	urls *lru.Cache[string, learnt]
}

// learnt is a file, or why there is none.
type learnt struct {
	file  *File
	err   error
	until time.Time
}

func newKnown() known {
	urls, err := lru.New[string, learnt](knownURLs)
	if err != nil {
		panic(err) // the size is a constant
	}
	return known{urls}
}

// get returns what is known under id, if it still holds.
func (k known) get(id string, now time.Time) (learnt, bool) {
	l, ok := k.urls.Get(id)
	return l, ok && now.Before(l.until)
}

// file remembers that id holds file, which it does no longer than until.
func (k known) file(id string, file *File, now, until time.Time) {
	if most := now.Add(knownFor); most.Before(until) {
		until = most
	}
	k.urls.Add(id, learnt{file: file, until: until})
}

// failed remembers that id could not be fetched.
func (k known) failed(id string, err error, now time.Time) {
	k.urls.Add(id, learnt{err: err, until: now.Add(failureFor)})
}
