package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/ledger"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/internal/store/pgstore"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/servertest"
	"github.com/openrbm/openrbm/test/postgres"
)

// persistent is an agent that sends one message after the other, each until it is
// acknowledged, whatever becomes of the server meanwhile.
type persistent struct {
	mu    sync.Mutex
	acked []string
	more  chan struct{} // has an element when something was acknowledged
	stop  atomic.Bool
	wg    sync.WaitGroup
}

func startPersistent(t *testing.T, c *client.Client, number string) *persistent {
	p := &persistent{more: make(chan struct{}, 1)}
	p.wg.Go(func() {
		for i := 0; !p.stop.Load() && t.Context().Err() == nil; i++ {
			id := fmt.Sprintf("steady-%06d", i)
			for {
				_, err := c.CreateAgentMessage(t.Context(), number, id, text("original "+id))
				if err == nil {
					break
				}
				if p.stop.Load() || t.Context().Err() != nil {
					return
				}
			}
			p.mu.Lock()
			p.acked = append(p.acked, id)
			p.mu.Unlock()
			select {
			case p.more <- struct{}{}:
			default:
			}
		}
	})
	return p
}

// send waits until n more have been acknowledged, and gives all so far.
func (p *persistent) send(ctx context.Context, t *testing.T, n int) []string {
	t.Helper()
	want := -1
	for {
		p.mu.Lock()
		all := slices.Clone(p.acked)
		p.mu.Unlock()
		if want < 0 {
			want = len(all) + n
		}
		if len(all) >= want {
			return all
		}
		select {
		case <-p.more:
		case <-ctx.Done():
			t.Fatalf("%d messages were acknowledged, want %d", len(all), want)
		}
	}
}

// A platform moves from a data directory to PostgreSQL, and back, while its agent goes
// on sending: the phone gets all in order and once, an id that was used stays used, the
// webhook hears what was due. The clock of the first server is ahead of those of the others.
func TestMoveThereAndBack(t *testing.T) {
	if os.Getenv(servertest.PostgresEnv) != "" {
		t.Skip("every server would be on PostgreSQL, also those that are to be on something else")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := servertest.New(t, servertest.Options{Listen: address})
	if _, err := s.Admin.AdvanceClock(s.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	hook := s.Webhook(s.Agent())
	hook.Fail(func(client.Event) error { return servertest.ErrFailing })
	var shown screen
	state := phone.NewState()
	connect := func(s *servertest.Server) *phone.Phone {
		return s.Dial(func(o *phone.Options) { o.State, o.OnEvent = state, shown.see })
	}
	p := connect(s)
	said, err := p.Text(s.Context(), s.Agent(), "hello")
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	picture := bytes.Repeat([]byte("GIF89a not really"), 1000)
	file, err := s.Client().UploadFile(s.Context(), bytes.NewReader(picture), "video/mp4")
	if err != nil {
		t.Fatal(err)
	}
	withFile := send(t, s, s.Client(), s.Number(), fileMessage(file.Name))
	agent := startPersistent(t, s.Client(), s.Number())
	defer func() {
		agent.stop.Store(true)
		agent.wg.Wait()
	}()
	agent.send(s.Context(), t, 40)

	database := on(postgres.Database(t))
	last := ""
	for i, settings := range []string{database, ""} {
		from, to := config(t, s.Dir, last), servertest.Options{Dir: t.TempDir(), Listen: address, Settings: settings}
		var copied atomic.Int64
		if _, err := server.Copy(s.Context(), from, config(t, to.Dir, settings), &copied); err == nil || !strings.Contains(err.Error(), "openrbm backup") {
			t.Fatalf("copied from a running server: %v", err)
		}
		s.Stop()
		kinds, err := server.Copy(t.Context(), from, config(t, to.Dir, settings), &copied)
		if err != nil || len(kinds) < 8 || copied.Load() == 0 {
			t.Fatalf("%d records of %d kinds, %v", copied.Load(), len(kinds), err)
		}
		if _, err := server.Copy(t.Context(), from, config(t, to.Dir, settings), &copied); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Fatalf("copied over what is there: %v", err)
		}
		if err := os.CopyFS(filepath.Join(to.Dir, "store", "media"), os.DirFS(filepath.Join(s.Dir, "store", "media"))); err != nil {
			t.Fatal(err) // docs/backup.md: the files of a directory are moved by hand
		}
		s = moved(t, s, to)
		sent := agent.send(s.Context(), t, 20)
		again, err := s.Client().CreateAgentMessage(s.Context(), s.Number(), sent[0], text("another text"))
		if err != nil || again.ContentMessage.Text != "original "+sent[0] {
			t.Errorf("an id that was used: %+v, %v", again, err)
		}
		p := connect(s)
		if i == 0 {
			m, err := p.WaitMessage(s.Context(), hasID(withFile))
			if err != nil {
				t.Fatal(err)
			}
			if _, got := get(t, m.Media[0].URL); !bytes.Equal(got, picture) {
				t.Errorf("the file of a message has %d bytes, want %d", len(got), len(picture))
			}
		}
		if _, err := p.WaitMessage(s.Context(), hasID(sent[len(sent)-1])); err != nil {
			t.Fatal(err)
		}
		p.Close()
		agent.send(s.Context(), t, 20) // these wait for the next server
		last = settings
	}
	hook.Fail(nil)
	if _, err := s.Admin.AdvanceClock(s.Context(), 2*time.Hour); err != nil { // what failed at the first server is due by its clock
		t.Fatal(err)
	}
	hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.MessageID == said })
	agent.stop.Store(true)
	agent.wg.Wait()
	sent := agent.acked
	p = connect(s)
	if _, err := p.WaitMessage(s.Context(), hasID(sent[len(sent)-1])); err != nil {
		t.Fatal(err)
	}
	hook.Wait(servertest.Delivered(sent[len(sent)-1]))
	shown.mu.Lock()
	defer shown.mu.Unlock()
	if want := append([]string{withFile}, sent...); !slices.Equal(shown.order, want) {
		t.Errorf("the phone shows %d messages, want the %d that were sent, in their order:\n%v", len(shown.order), len(want), shown.order)
	}
}

// config is the configuration of a server of servertest.
func config(t *testing.T, dir, settings string) server.Config {
	t.Helper()
	cfg := server.DemoConfig(dir, "127.0.0.1:0")
	if err := cfg.Apply("settings", []byte(settings)); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// A copy that did not come to its end is served by nobody, and nothing is copied
// over it.
func TestUnfinishedCopyIsNotServed(t *testing.T) {
	if os.Getenv(servertest.PostgresEnv) != "" {
		t.Skip("this test has its own database")
	}
	s := servertest.New(t)
	id := send(t, s, s.Client(), s.Number(), text("hello"))
	s.Stop()
	dsn := postgres.Database(t)
	from, to := config(t, s.Dir, ""), config(t, t.TempDir(), on(dsn))
	if db, err := pgstore.Open(t.Context(), dsn, pgstore.Options{}); err != nil { // makes the tables
		t.Fatal(err)
	} else if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	execute := func(sql string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	execute("create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$")
	execute("create trigger refuse before insert on records_m execute function refuse()")
	var copied atomic.Int64
	if _, err := server.Copy(t.Context(), from, to, &copied); err == nil || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), "no server starts on it") {
		t.Errorf("a copy that fails: %v", err)
	}
	execute("drop trigger refuse on records_m")
	if _, err := server.Start(t.Context(), to); !errors.Is(err, ledger.ErrUnfinished) {
		t.Errorf("a server starts on half a copy: %v", err)
	}
	if _, err := server.Copy(t.Context(), from, to, &copied); !errors.Is(err, ledger.ErrUnfinished) {
		t.Errorf("copied over half a copy: %v", err)
	}
	if _, err := server.Copy(t.Context(), to, config(t, t.TempDir(), ""), &copied); !errors.Is(err, ledger.ErrUnfinished) {
		t.Errorf("copied from half a copy: %v", err)
	}
	if _, err := server.Backup(t.Context(), to, io.Discard); !errors.Is(err, ledger.ErrUnfinished) {
		t.Errorf("backed up half a copy: %v", err)
	}
	to = config(t, t.TempDir(), on(postgres.Database(t)))
	if _, err := server.Copy(t.Context(), from, to, &copied); err != nil {
		t.Fatal(err)
	}
	s = moved(t, s, servertest.Options{Dir: t.TempDir(), Settings: on(to.Store.Postgres)})
	if _, err := s.Dial().WaitMessage(s.Context(), hasID(id)); err != nil {
		t.Error(err)
	}
}
