package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/archive"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/servertest"
	"github.com/openrbm/openrbm/test/postgres"
)

// on are settings of a server whose store is the database of dsn.
func on(dsn string) string { return fmt.Sprintf("[store]\npostgres = %q", dsn) }

// restored starts a new server, with settings, on what a backup holds.
func restored(t *testing.T, from *servertest.Server, backup []byte, settings string) *servertest.Server {
	t.Helper()
	dir := t.TempDir()
	cfg := server.DemoConfig(dir, "127.0.0.1:0")
	if err := cfg.Apply("settings", []byte(settings)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := server.RestoreInto(t.Context(), bytes.NewReader(backup), cfg); err != nil {
		t.Fatal(err)
	}
	return moved(t, from, servertest.Options{Dir: dir, Settings: settings})
}

// moved starts a server on data that were another one's. What a demo keeps beside
// its store, the keys and device tokens, stays with whoever has it.
func moved(t *testing.T, from *servertest.Server, o servertest.Options) *servertest.Server {
	t.Helper()
	for _, name := range []string{server.DemoReadyFile, filepath.Base(from.Ready.Agents[0].KeyFile)} {
		b, err := os.ReadFile(filepath.Join(from.Dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(o.Dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return servertest.New(t, o)
}

// screen counts how often a phone shows each message.
type screen struct {
	mu    sync.Mutex
	shown map[string]int
	order []string
}

func (s *screen) see(e phone.Event) {
	if m, ok := e.(*phone.Message); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.shown == nil {
			s.shown = make(map[string]int)
		}
		s.shown[m.MessageID]++
		s.order = append(s.order, m.MessageID)
	}
}

// traffic is senders at work until it is told to stop.
type traffic struct {
	wg   sync.WaitGroup
	stop atomic.Bool

	mu    sync.Mutex
	acked map[string][]string // by phone, in the order of the acknowledgements
}

func (l *traffic) run(t *testing.T, s *servertest.Server, c *client.Client, name, number string) {
	l.wg.Go(func() {
		for i := 0; !l.stop.Load(); i++ {
			id := fmt.Sprintf("%s-%06d", name, i)
			if _, err := c.CreateAgentMessage(t.Context(), number, id, text("original "+id)); err != nil {
				t.Errorf("sending %s: %v", id, err)
				return
			}
			l.mu.Lock()
			l.acked[number] = append(l.acked[number], id)
			l.mu.Unlock()
		}
	})
}

// now is what has been acknowledged so far.
func (l *traffic) now() map[string][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make(map[string][]string)
	for number, ids := range l.acked {
		all[number] = slices.Clone(ids)
	}
	return all
}

// A backup that is taken while agents send and phones receive, restored into a
// new server: nothing acknowledged before it began is missing, ids stay used, what
// was queued is delivered in order, what was due to webhooks goes out, and a
// phone that got more since shows nothing twice.
func TestBackupUnderLoad(t *testing.T) { backupUnderLoad(t, "", "") }

// The same from PostgreSQL, into both kinds of store.
func TestBackupOfPostgresUnderLoad(t *testing.T) {
	backupUnderLoad(t, on(postgres.Database(t)), on(postgres.Database(t)), "")
}

// backupUnderLoad backs up a server with settings, and restores it into others.
func backupUnderLoad(t *testing.T, settings string, into ...string) {
	if os.Getenv(servertest.PostgresEnv) != "" {
		t.Skip("every server would be on PostgreSQL, also those that are to be on something else")
	}
	const away, busy = "+12223330001", "+12223330002"
	s := servertest.New(t, servertest.Options{Settings: settings})
	hook := s.Webhook(s.Agent())
	hook.Fail(func(e client.Event) error {
		if e.UserMessage != nil {
			return servertest.ErrFailing // until the restored server
		}
		return nil
	})
	s.NewPhone(away)
	awayToken, err := s.Admin.IssueToken(s.Context(), away)
	if err != nil {
		t.Fatal(err)
	}
	busyToken := s.NewPhone(busy)
	var shown screen
	state := phone.NewState()
	connect := func(s *servertest.Server) *phone.Phone {
		return s.Dial(func(o *phone.Options) { o.Number, o.Token, o.State, o.OnEvent = busy, busyToken, state, shown.see })
	}
	p := connect(s)

	load := traffic{acked: make(map[string][]string)}
	for i := range 3 {
		load.run(t, s, s.Client(), fmt.Sprintf("busy%d", i), busy)
		load.run(t, s, s.Client(), fmt.Sprintf("away%d", i), away)
	}
	var upstream []string
	for i := range 40 {
		id, err := p.Text(s.Context(), s.Agent(), fmt.Sprint("hello ", i))
		if err != nil {
			t.Fatal(err)
		}
		upstream = append(upstream, id)
	}
	picture := bytes.Repeat([]byte("GIF89a not really"), 20_000)
	file, err := s.Client().UploadFile(s.Context(), bytes.NewReader(picture), "video/mp4")
	if err != nil {
		t.Fatal(err)
	}
	withFile := send(t, s, s.Client(), away, fileMessage(file.Name))

	before := load.now()
	var backup bytes.Buffer
	if err := s.Admin.Backup(s.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	_, totals, err := archive.Read(bytes.NewReader(backup.Bytes()), nil)
	if err != nil || totals.Contents != 1 || totals.Useless != 0 {
		t.Fatalf("%+v, %v", totals, err)
	}
	for len(load.now()[busy]) < len(before[busy])+20 { // some more, which the backup has not
		if _, err := p.Text(s.Context(), s.Agent(), "more"); err != nil {
			t.Fatal(err)
		}
	}
	load.stop.Store(true)
	load.wg.Wait()
	last := load.now()[busy]
	if _, err := p.WaitMessage(s.Context(), hasID(last[len(last)-1])); err != nil {
		t.Fatal(err)
	}
	p.Close()
	s.Stop()
	t.Logf("%d messages acknowledged before the backup began, %d in all; %d records, %d bytes",
		len(before[busy])+len(before[away]), len(last)+len(load.now()[away]), totals.Records, backup.Len())

	hook.Fail(nil)
	for _, settings := range into {
		r := restored(t, s, backup.Bytes(), settings)
		for number, ids := range before {
			for _, id := range ids {
				m, err := r.Admin.Message(r.Context(), r.Agent(), id)
				if err != nil || m.PhoneNumber != number || !strings.Contains(string(m.Message), "original "+id) {
					t.Fatalf("%s was acknowledged before the backup: %+v, %v", id, m, err)
				}
			}
		}
		again, err := r.Client().CreateAgentMessage(r.Context(), away, before[away][0], text("another text"))
		if err != nil || again.ContentMessage.Text != "original "+before[away][0] {
			t.Errorf("an id that was used: %+v, %v", again, err)
		}
		for _, id := range upstream {
			hook.Wait(func(e client.Event) bool { return e.UserMessage != nil && e.UserMessage.MessageID == id })
		}

		var other screen
		q := r.Dial(func(o *phone.Options) { o.Number, o.Token, o.OnEvent = away, awayToken.DeviceToken, other.see })
		m, err := q.WaitMessage(r.Context(), hasID(withFile))
		if err != nil {
			t.Fatal(err)
		}
		if _, got := get(t, m.Media[0].URL); !bytes.Equal(got, picture) {
			t.Errorf("the file of a message has %d bytes, want %d", len(got), len(picture))
		}
		for _, id := range before[away] {
			if _, err := q.WaitMessage(r.Context(), hasID(id)); err != nil {
				t.Fatalf("%s was queued: %v", id, err)
			}
		}
		p := connect(r)
		for _, id := range before[busy] {
			if _, err := p.WaitMessage(r.Context(), hasID(id)); err != nil {
				t.Fatalf("%s was acknowledged: %v", id, err)
			}
		}
		fresh := send(t, r, r.Client(), busy, text("after all of it"))
		if _, err := p.WaitMessage(r.Context(), hasID(fresh)); err != nil {
			t.Fatal(err)
		}
		hook.Wait(servertest.Delivered(fresh))
		for _, s := range []*screen{&shown, &other} {
			s.mu.Lock()
			for id, n := range s.shown {
				if n > 1 {
					t.Errorf("%s was shown %d times", id, n)
				}
			}
			for i := range 3 {
				var own []string
				for _, id := range s.order {
					if strings.Contains(id, fmt.Sprintf("%d-", i)) && strings.HasPrefix(id, "away") {
						own = append(own, id)
					}
				}
				if !slices.IsSorted(own) {
					t.Errorf("sender %d: the order is not that of the sends", i)
				}
			}
			s.mu.Unlock()
		}
		p.Close()
		r.Stop()
	}
}

// A backup whose stream breaks off is no success for the client, and no archive.
func TestBackupThatBreaksOff(t *testing.T) {
	s := servertest.New(t)
	for i := range 200 {
		send(t, s, s.Client(), s.Number(), text(strings.Repeat(fmt.Sprint(i), 500)))
	}
	target := s.Ready.APIURL
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequestWithContext(r.Context(), r.Method, target+r.URL.Path, r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header = r.Header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		_, _ = io.CopyN(w, res.Body, 1000)
		panic(http.ErrAbortHandler)
	}))
	defer front.Close()
	admin, err := client.NewAdmin(client.AdminOptions{BaseURL: front.URL, Token: s.Ready.AdminToken})
	if err != nil {
		t.Fatal(err)
	}
	var part bytes.Buffer
	if err := admin.Backup(s.Context(), &part); err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("%v", err)
	}
	if _, _, err := archive.Read(&part, nil); err == nil {
		t.Error("half a backup is taken for a whole one")
	}
	wrong, err := client.NewAdmin(client.AdminOptions{BaseURL: s.Ready.APIURL, Token: "not the admin token"})
	if err != nil {
		t.Fatal(err)
	}
	part.Reset()
	if err := wrong.Backup(s.Context(), &part); err == nil || part.Len() > 0 {
		t.Errorf("without the admin token: %v, %d bytes", err, part.Len())
	}
}
