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
	sum := sha256.Sum256([]byte(address))
	id := ledger.ID(urlID, u.name, hex.EncodeToString(sum[:]))
	if !refresh {
		if l, ok := f.known.get(id, f.clock.Now()); ok {
			return l.file, l.err
		}
		file, err := f.recent(ctx, id)
		if file != nil || err != nil {
			return file, err
		}
	}
	life := f.life // and not ctx
	fl := f.flights.join(id, refresh, func() (*File, error) {
		if !refresh { // it may have landed since
			if file, err := f.recent(life, id); file != nil || err != nil {
				return file, err
			}
		}
		file, err := f.fetch(life, address, u, Details{})
		if err == nil {
			err = f.remember(life, id, address, file)
		} else if f.opts.Lenient { // a dead host must not hold up every message
			f.known.failed(id, err, f.clock.Now())
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

// recent is what is cached under id; nil if that is nothing.
func (f *Files) recent(ctx context.Context, id string) (*File, error) {
	c, err := f.urls.Get(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	now := f.clock.Now()
	if err != nil || !now.Before(c.Expire) {
		return nil, err
	}
	f.known.file(id, c.File, now, c.Expire)
	return c.File, nil
}

// remember caches file under id. A URL is known for half the time that its file is
// kept, so that what a message shows stays for the other half at least: as long
// as messages wait.
func (f *Files) remember(ctx context.Context, id, address string, file *File) error {
	c := cached{URL: address, File: file, Expire: file.Create.Add(f.opts.Retention / 2)}
	if err := f.expires(ctx, c.Expire, due{URL: id}); err != nil {
		return err
	}
	_, err := f.urls.Update(ctx, id, func(old *cached) error { *old = c; return nil })
	if errors.Is(err, store.ErrNotFound) {
		err = f.urls.Create(ctx, id, &c)
	}
	if err == nil {
		f.known.file(id, file, f.clock.Now(), c.Expire)
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
	now, next map[string]*flight
	flying    sync.WaitGroup
}

// join returns a fetch of id: that under way if there is one. With fresh it is
// one that begins after this call.
func (f *flights) join(id string, fresh bool, run func() (*File, error)) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		f.now, f.next = make(map[string]*flight), make(map[string]*flight)
	}
	fl := &flight{done: make(chan struct{}), run: run}
	switch now, next := f.now[id], f.next[id]; {
	case now == nil:
		f.now[id] = fl
		f.flying.Go(func() { f.fly(id, fl) })
		return fl
	case !fresh:
		return now
	case next == nil:
		f.next[id] = fl
		return fl
	default:
		return next
	}
}

// fly makes the fetch, and the one after it.
func (f *flights) fly(id string, fl *flight) {
	for fl != nil {
		fl.file, fl.err = fl.run()
		f.mu.Lock()
		next := f.next[id]
		delete(f.next, id)
		if delete(f.now, id); next != nil {
			f.now[id] = next
		}
		f.mu.Unlock()
		close(fl.done)
		fl = next
	}
}
