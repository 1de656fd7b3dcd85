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
	urls *lru.Cache[source, learnt]
}

// source is a URL and what it is fetched for.
type source struct{ use, url string }

// learnt is a file, or why there is none.
type learnt struct {
	file  *File
	err   error
	until time.Time
}

func newKnown() known {
	urls, err := lru.New[source, learnt](knownURLs)
	if err != nil {
		panic(err) // the size is a constant
	}
	return known{urls}
}

// get returns what is known of from, if it still holds.
func (k known) get(from source, now time.Time) (learnt, bool) {
	l, ok := k.urls.Get(from)
	return l, ok && now.Before(l.until)
}

// file remembers that file is at from, for no longer than until.
func (k known) file(from source, file *File, now, until time.Time) {
	if most := now.Add(knownFor); most.Before(until) {
		until = most
	}
	k.urls.Add(from, learnt{file: file, until: until})
}

// failed remembers that from could not be fetched.
func (k known) failed(from source, err error, now time.Time) {
	k.urls.Add(from, learnt{err: err, until: now.Add(failureFor)})
}
