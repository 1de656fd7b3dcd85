package media

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/rbm"
)

const urlID = "url" // urlID, use, SHA-256 of the URL

// cached is what a URL of a message held when it was fetched.
type cached struct {
	URL    string    `json:"url"`
	File   *File     `json:"file"`
	Expire time.Time `json:"expire"`
}

// at returns the file at address, as it was fetched last or, with refresh or when
// that is too long ago, as it is now. One fetch is under way at a time for each
// URL, whoever asks; it goes on when ctx ends, for those who ask next.
func (f *Files) at(ctx context.Context, address string, u use, refresh bool) (*File, error) {
	from := source{u.name, address}
	if !refresh {
		if l, ok := f.known.get(from, f.clock.Now()); ok {
			return l.file, l.err
		}
		file, err := f.recent(ctx, from)
		if file != nil || err != nil {
			return file, err
		}
	}
	life := f.life // and not ctx
	fl := f.flights.join(from, refresh, func() (*File, error) {
		if !refresh { // it may have landed since
			if file, err := f.recent(life, from); file != nil || err != nil {
				return file, err
			}
		}
		file, err := f.fetch(life, address, u, Details{})
		if err == nil {
			err = f.remember(life, from, file)
		} else if f.opts.Lenient { // a dead host must not hold up every message
			f.known.failed(from, err, f.clock.Now())
		}
		return file, err
	})
	select {
	case <-fl.done:
		return fl.file, fl.err
	case <-ctx.Done():
		return nil, rbm.Errorf(rbm.CodeCancelled, "The request was cancelled.")
	}
}

// id is the key of what is cached.
func (s source) id() string {
	sum := sha256.Sum256([]byte(s.url))
	return ledger.ID(urlID, s.use, hex.EncodeToString(sum[:]))
}

// recent is what is cached of from; nil if that is nothing.
func (f *Files) recent(ctx context.Context, from source) (*File, error) {
	c, err := f.urls.Get(ctx, from.id())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	now := f.clock.Now()
	if err != nil || !now.Before(c.Expire) {
		return nil, err
	}
	f.known.file(from, c.File, now, c.Expire)
	return c.File, nil
}

// remember caches file as what is at from. A URL is known for half the time that its file is
// kept, so that what a message shows stays for the other half at least: as long
// as messages wait.
func (f *Files) remember(ctx context.Context, from source, file *File) error {
	id := from.id()
	c := cached{URL: from.url, File: file, Expire: file.Create.Add(f.opts.Retention / 2)}
	if err := f.expires(ctx, c.Expire, due{URL: id}); err != nil {
		return err
	}
	_, err := f.urls.Update(ctx, id, func(old *cached) error { *old = c; return nil })
	if errors.Is(err, store.ErrNotFound) {
		err = f.urls.Create(ctx, id, &c)
	}
	if err == nil {
		f.known.file(from, file, f.clock.Now(), c.Expire)
	}
	return err
}

// flight is one fetch, under way or about to begin.
type flight struct {
	done chan struct{} // closed when file or err is there
	file *File
	err  error
	run  func() (*File, error)
}

// flights are the fetches of each URL: at most one under way, and one after it.
type flights struct {
	mu        sync.Mutex
	now, next map[source]*flight
	flying    sync.WaitGroup
}

// join returns a fetch of from: that under way if there is one. With fresh it is
// one that begins after this call.
func (f *flights) join(from source, fresh bool, run func() (*File, error)) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		f.now, f.next = make(map[source]*flight), make(map[source]*flight)
	}
	fl := &flight{done: make(chan struct{}), run: run}
	switch now, next := f.now[from], f.next[from]; {
	case now == nil:
		f.now[from] = fl
		f.flying.Go(func() { f.fly(from, fl) })
		return fl
	case !fresh:
		return now
	case next == nil:
		f.next[from] = fl
		return fl
	default:
		return next
	}
}

// fly makes the fetch, and the one after it.
func (f *flights) fly(from source, fl *flight) {
	for fl != nil {
		fl.file, fl.err = fl.run()
		f.mu.Lock()
		next := f.next[from]
		delete(f.next, from)
		if delete(f.now, from); next != nil {
			f.now[from] = next
		}
		f.mu.Unlock()
		close(fl.done)
		fl = next
	}
}
