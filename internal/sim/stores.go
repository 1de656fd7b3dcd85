package sim

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/internal/store"
	"github.com/openrbm/openrbm/internal/store/memstore"
	"github.com/openrbm/openrbm/internal/store/pebblestore"
	"github.com/openrbm/openrbm/internal/store/pgstore"
)

// Ground is a real store under one world, empty at first. It works outside of the
// world's bubble, in real time, which for the world is no time at all.
type Ground interface {
	// Open opens the store.
	Open() (store.DB, error)
	// Crash takes the power from what Open returned: what is not durable is gone.
	Crash(store.DB) error
	// Remove removes everything.
	Remove() error
}

var quiet = slog.New(slog.DiscardHandler)

// Memory is ground in memory that loses nothing.
func Memory() (Ground, error) { return memory{memstore.New()}, nil }

type memory struct{ db *memstore.DB }

func (m memory) Open() (store.DB, error) { return m.db, nil }
func (memory) Crash(store.DB) error      { return nil }
func (memory) Remove() error             { return nil }

// Pebble is ground on the embedded store, whose file system forgets in a crash
// what was not synced.
func Pebble() (Ground, error) { return &pebble{fs: vfs.NewCrashableMem()}, nil }

type pebble struct {
	fs   *vfs.MemFS
	lock sync.Mutex // Lock and CrashClone of Pebble's file system may not meet
}

type lockable struct {
	vfs.FS
	lock *sync.Mutex
}

func (l lockable) Lock(name string) (io.Closer, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.FS.Lock(name)
}

func (p *pebble) Open() (store.DB, error) {
	return pebblestore.Open("db", pebblestore.Options{FS: lockable{p.fs, &p.lock}, CacheBytes: 1 << 20, Logger: quiet})
}

func (p *pebble) Crash(db store.DB) error {
	p.lock.Lock()
	left := p.fs.CrashClone(vfs.CrashCloneCfg{})
	p.lock.Unlock()
	err := db.Close() // what it still writes, it writes to what is gone
	p.fs = left
	return err
}

func (*pebble) Remove() error { return nil }

// schemas counts those that this process has made.
var schemas atomic.Int64

// dbTimeout bounds what is done around a world's database.
const dbTimeout = time.Minute

// Postgres gives each world a schema of its own in the database of dsn. A crash
// there breaks the connections.
func Postgres(dsn string) func() (Ground, error) {
	return func() (Ground, error) {
		p := &schema{dsn: dsn, name: fmt.Sprintf("sim_%x_%d", time.Now().UnixNano(), schemas.Add(1))}
		return p, p.exec("create schema " + p.name)
	}
}

type schema struct{ dsn, name string }

func (p *schema) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dbTimeout)
	defer cancel()
	c, err := pgx.Connect(ctx, p.dsn)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, sql)
	return err
}

func (p *schema) Open() (store.DB, error) {
	dsn := p.dsn + " search_path=" + p.name
	if strings.Contains(p.dsn, "://") {
		u, err := url.Parse(p.dsn)
		if err != nil {
			return nil, fmt.Errorf("sim: the database's URL: %w", err)
		}
		q := u.Query()
		q.Set("search_path", p.name)
		u.RawQuery = q.Encode()
		dsn = u.String()
	}
	ctx, cancel := context.WithTimeout(context.Background(), dbTimeout)
	defer cancel()
	return pgstore.Open(ctx, dsn, pgstore.Options{Writers: 1, Readers: 2, Timeout: dbTimeout, Logger: quiet})
}

func (*schema) Crash(db store.DB) error { return db.Close() }

func (p *schema) Remove() error { return p.exec("drop schema " + p.name + " cascade") }
