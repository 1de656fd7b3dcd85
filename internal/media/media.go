// Package media keeps files: those that agents upload or name by URL, those that
// users send, and the thumbnails of all of them. What is known of a file is in the
// ledger, its content in Blobs under its SHA-256, so that identical content is
// stored once. Everything is forgotten after the retention (docs/media.md).
package media

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/ledger"
)

// The limits of facts/rbm-api.md §2.13 and §6.1, in bytes.
const (
	MaxFile      = 100 << 20 // one file, and all files of a message: "100 MiB"
	MaxThumbnail = 100 << 10 // "100 kB", read kindly
)

// Path is where files are served, on the public listener; the name follows.
const Path = "/media/v1/"

// Options are the settings; a zero field has the default that is named beside it.
type Options struct {
	// Dir is where content arrives and unfinished uploads wait.
	Dir string
	// PublicURL is what the addresses of users' files begin with.
	PublicURL string
	// Retention is how long a file is kept (60 days, facts/rbm-api.md §1.9).
	Retention time.Duration
	// FetchTimeout is how long the fetch of a URL may take in all (30 s).
	FetchTimeout time.Duration
	// Lenient accepts messages with URLs that cannot be fetched: their phones get
	// nothing to show (facts/rbm-api.md §10).
	Lenient bool
	// AllowPrivate lets URLs lead to any address and port: for tests and demos.
	AllowPrivate bool
	// Resolver finds the addresses of hosts (the machine's).
	Resolver *net.Resolver
	// Node distinguishes this process from others with the same Dir.
	Node string
	// Owns says whether it is this process that forgets what is too old, where several
	// work on one store; nil: it is.
	Owns   func() bool
	Logger *slog.Logger
}

// Files keeps files. Make one with Open and let it Run.
type Files struct {
	opts  Options
	log   *slog.Logger
	clock *clock.Clock
	blobs Blobs

	files    ledger.Table[File]
	urls     ledger.Table[cached]
	sessions ledger.Table[session]
	dues     ledger.Table[due]

	fetcher fetcher
	flights flights
	known   known
	life    context.Context // of the fetches
	end     context.CancelFunc
	writers writers
	// holding is locked, one of them, while content is stored or dropped.
	holding [256]sync.Mutex
	// scaling bounds how many images are in memory.
	scaling chan struct{}
}

// Open returns the files that l and blobs know.
func Open(l *ledger.Ledger, blobs Blobs, o Options) (*Files, error) {
	o.Retention = cmp.Or(o.Retention, 60*24*time.Hour)
	o.FetchTimeout = cmp.Or(o.FetchTimeout, 30*time.Second)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	f := &Files{
		opts: o, log: o.Logger, clock: l.Clock(), blobs: blobs,
		files: ledger.Media[File](l), urls: ledger.Media[cached](l), sessions: ledger.Media[session](l), dues: ledger.Media[due](l),
		scaling: make(chan struct{}, 2), known: newKnown(),
	}
	f.fetcher = newFetcher(o)
	f.life, f.end = context.WithCancel(context.Background())
	// What was arriving when the process ended is of no use; sessions are.
	if err := os.RemoveAll(f.incoming()); err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	for _, dir := range []string{f.incoming(), filepath.Dir(f.partOf("x"))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("media: %w", err)
		}
	}
	return f, nil
}

// Close ends the fetches that are under way.
func (f *Files) Close() {
	f.end()
	f.flights.flying.Wait()
}

func (f *Files) incoming() string { return filepath.Join(f.opts.Dir, "incoming", f.opts.Node) }

// URL is the public address of a file.
func (f *Files) URL(name string) string { return f.opts.PublicURL + Path + name }

// Run forgets what is too old, until ctx ends.
func (f *Files) Run(ctx context.Context) {
	for {
		if f.opts.Owns == nil || f.opts.Owns() {
			if err := f.sweep(ctx); err != nil && ctx.Err() == nil {
				f.log.Error("media retention", "err", err)
			}
		}
		if !f.clock.Sleep(ctx, sweepInterval) {
			return
		}
	}
}
