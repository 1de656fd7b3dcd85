package bench

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/clock"
	"github.com/openrbm/openrbm/internal/engine"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/registry"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/internal/store/pebblestore"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
)

// fillers is how many sends are under way while a store is filled. More than an
// agent would have: they share one sync.
const fillers = 1024

// drained is how many messages wait for each phone that is to be drained.
const drained = 1000

// filling is a demo's directory with messages queued in it.
type filling struct {
	dir    string
	phones int // 0 to phones-1 of queuedPhone
	// sparse are the tokens of phones whose messages came between those of all
	// others, dense of phones whose messages came last, one after the other.
	sparse, dense []string
	bodies        int64         // bytes of the JSON bodies
	took          time.Duration // to queue them
	disk          int64         // bytes, when all is quiet, without the log
	last          string        // the id of one of the messages that came last
}

// The numbers of the phones of a filling.
func queuedPhone(i int) string { return fmt.Sprintf("+1202%07d", i) }
func sparsePhone(i int) string { return fmt.Sprintf("+1302%07d", i) }
func densePhone(i int) string  { return fmt.Sprintf("+1402%07d", i) }

// parts are the floors below HTTP, on the store of a demo that does not run.
type parts struct {
	db       *pebblestore.DB
	ledger   *ledger.Ledger
	registry *registry.Registry
	engine   *engine.Engine
}

// openParts opens the store of the demo in dir as its server does.
func openParts(b *testing.B, dir string) *parts {
	cfg := server.DemoConfig(dir, "127.0.0.1:0")
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	db, err := pebblestore.Open(cfg.Data, pebblestore.Options{CacheBytes: int64(cfg.Store.CacheMiB) << 20, Logger: log})
	must(b, err)
	p := &parts{db: db}
	p.ledger, err = ledger.Open(b.Context(), db, clock.New())
	must(b, err)
	p.registry, err = registry.Open(b.Context(), p.ledger, log)
	must(b, err)
	p.engine = engine.New(p.ledger, p.registry, engine.Options{Logger: log})
	return p
}

func (p *parts) close(b *testing.B) {
	p.engine.Close()
	must(b, p.db.Close())
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// found makes a demo in a new directory, with an agent, and gets a token for it.
func found(b *testing.B) (dir, token string) {
	dir = b.TempDir()
	s, ready, err := server.StartDemo(b.Context(), dir, server.DemoConfig(dir, "127.0.0.1:0"))
	must(b, err)
	c, err := client.New(client.Options{BaseURL: ready.APIURL, KeyFile: ready.Agents[0].KeyFile})
	must(b, err)
	token, err = c.AccessToken(b.Context())
	must(b, err)
	must(b, s.Stop(context.Background()))
	return dir, token
}

// fillStore queues messages for phones, and drained more for each of lines sparse
// and lines dense phones, on the way that every send takes below HTTP.
func fillStore(b *testing.B, messages, phones, lines int, body func(*rand.Rand) []byte) *filling {
	f := &filling{phones: phones}
	f.dir, _ = found(b)
	p := openParts(b, f.dir)
	abreast(b, phones, func(i int, _ *rand.Rand) error { _, err := p.newPhone(queuedPhone(i)); return err })
	for i := range lines {
		for number, tokens := range map[string]*[]string{sparsePhone(i): &f.sparse, densePhone(i): &f.dense} {
			token, err := p.newPhone(number)
			must(b, err)
			*tokens = append(*tokens, token)
		}
	}
	var bodies atomic.Int64
	var last atomic.Pointer[string]
	send := func(number string, rng *rand.Rand) error {
		raw := body(rng)
		m, err := rbm.DecodeAgentMessage(raw)
		if err != nil {
			return err
		}
		bodies.Add(int64(len(raw)))
		ref := engine.Ref{Agent: "demo_agent", ID: client.NewMessageID()}
		_, err = p.engine.AcceptMessage(b.Context(), ref, number, m)
		last.Store(&ref.ID)
		return err
	}
	begin := time.Now()
	every := max(1, messages/drained)
	abreast(b, messages, func(i int, rng *rand.Rand) error {
		if i%every == 0 && i/every < drained {
			for line := range lines {
				if err := send(sparsePhone(line), rng); err != nil {
					return err
				}
			}
		}
		return send(queuedPhone(int(uint64(i)*0x9e3779b97f4a7c15>>20%uint64(phones))), rng)
	})
	abreast(b, lines, func(line int, rng *rand.Rand) error {
		for range drained {
			if err := send(densePhone(line), rng); err != nil {
				return err
			}
		}
		return nil
	})
	f.took, f.bodies = time.Since(begin), bodies.Load()
	if id := last.Load(); id != nil {
		f.last = *id
	}
	f.disk = settled(b, f.dir, 5)
	p.close(b)
	return f
}

func (p *parts) newPhone(number string) (token string, err error) {
	_, token, err = p.registry.CreatePhone(context.Background(), registry.Phone{Number: number, RCSEnabled: true, Features: phone.DefaultFeatures()})
	return token, err
}

// abreast does i = 0 to n-1, about in order, from many goroutines.
func abreast(b *testing.B, n int, do func(i int, rng *rand.Rand) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range min(fillers, n) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(4, uint64(w)))
			for i := int(next.Add(1)) - 1; i < n && !b.Failed(); i = int(next.Add(1)) - 1 {
				if err := do(i, rng); err != nil {
					b.Errorf("%d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

var words = strings.Fields("your order parcel account code appointment table ticket is was will be on its way ready confirmed " +
	"tomorrow today at noon please bring the card with you thank for choosing us reply to change or cancel it any time before")

// shortText is a body of 60 to 200 bytes.
func shortText(rng *rand.Rand) []byte {
	size := 60 + rng.IntN(141)
	body := []byte(`{"contentMessage":{"text":"`)
	body = fmt.Appendf(body, "%06d", rng.IntN(1_000_000))
	for {
		w := words[rng.IntN(len(words))]
		if len(body)+1+len(w)+len(`"}}`) > size {
			return append(body, `"}}`...)
		}
		body = append(append(body, ' '), w...)
	}
}

// diskUse is the bytes that the messages of the store in dir take on disk, and
// those of the write-ahead log, whose files are kept at one size and used again.
func diskUse(b *testing.B, dir string) (tables, log int64) {
	err := filepath.WalkDir(filepath.Join(dir, "store"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err != nil {
			return ignoreGone(err)
		}
		size := info.Sys().(*syscall.Stat_t).Blocks * 512
		if filepath.Ext(path) == ".log" {
			log += size
		} else {
			tables += size
		}
		return nil
	})
	must(b, err)
	return tables, log
}

// ignoreGone: files come and go while they are counted.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// settled waits until the files of the store in dir have not changed for quiet
// seconds, and returns the bytes that its messages take on disk.
func settled(b *testing.B, dir string, quiet int) int64 {
	last, since := int64(-1), 0
	for since < quiet {
		time.Sleep(time.Second)
		if tables, _ := diskUse(b, dir); tables != last {
			last, since = tables, 0
		} else {
			since++
		}
	}
	return last
}
