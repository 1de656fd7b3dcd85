package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/test/process"
)

const person, neighbour = "+12223335555", "+12223336666"

// What is found of the person, if anything is.
var traces = []string{
	person, "2223335555", "a letter to the person", "a letter that waits", "the person's own words", "bytes of the person's film", "bytes of a film for the person",
}

// life gives the person something of everything that is kept.
func life(ctx context.Context, t *testing.T, d *process.Demo) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	admin, api, agent := d.Admin(), d.Client(), d.Ready.Agents[0].AgentID
	hook := httptest.NewServer(&client.Webhook{ClientToken: "token", Handle: func(context.Context, client.Event) error {
		return errors.New("it never takes anything")
	}})
	t.Cleanup(hook.Close)
	_, err := admin.SetWebhook(ctx, agent, client.WebhookConfig{URI: hook.URL, ClientToken: "token"})
	must(err)
	numbers := map[string]*phone.Phone{}
	for _, number := range []string{person, neighbour} {
		made, err := admin.CreatePhone(ctx, client.Phone{PhoneNumber: number, RCSEnabled: true, Features: phone.DefaultFeatures()})
		must(err)
		_, err = admin.CreateTester(ctx, agent, number)
		must(err)
		numbers[number], err = phone.Dial(ctx, phone.Options{URL: d.Ready.DeviceURL, Number: number, Token: made.DeviceToken})
		must(err)
		t.Cleanup(func() { numbers[number].Close() })
	}
	film := func(content string) *rbm.AgentMessage {
		t.Helper()
		file, err := api.UploadFile(ctx, strings.NewReader(content), "video/mp4")
		must(err)
		return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: file.Name}}}
	}
	text := func(s string) *rbm.AgentMessage {
		return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: s}}
	}
	shared := film("bytes of a film for both")
	for id, m := range map[string]*rbm.AgentMessage{
		"letter": text("a letter to the person"), "film": film("bytes of a film for the person"), "shared": shared,
	} {
		_, err := api.CreateAgentMessage(ctx, person, id, m)
		must(err)
		_, err = numbers[person].WaitMessage(ctx, func(m *phone.Message) bool { return m.MessageID == id })
		must(err)
	}
	for id, m := range map[string]*rbm.AgentMessage{"shared-with-neighbour": shared, "to-neighbour": text("a letter to the neighbour")} {
		_, err := api.CreateAgentMessage(ctx, neighbour, id, m)
		must(err)
	}
	for _, p := range numbers {
		_, err = p.Unsubscribe(ctx, agent)
		must(err)
	}
	_, err = numbers[person].Text(ctx, agent, "the person's own words")
	must(err)
	_, err = numbers[neighbour].Text(ctx, agent, "the neighbour's words about "+"their day")
	must(err)
	own, err := numbers[person].Upload(ctx, strings.NewReader("bytes of the person's film"), int64(len("bytes of the person's film")), "video/mp4", "mine.mp4")
	must(err)
	_, err = numbers[person].File(ctx, agent, *own.Payload, nil)
	must(err)
	numbers[person].Close()
	_, err = api.CreateAgentMessage(ctx, person, "waiting", text("a letter that waits"))
	must(err)
}

// onDisk are the traces that are somewhere below dir.
func onDisk(t *testing.T, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && entry.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		for _, trace := range traces {
			if bytes.Contains(b, []byte(trace)) {
				found = append(found, trace+" in "+path)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // the server tidies up meanwhile
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// awaitGone waits until nothing is found of the person.
func awaitGone(ctx context.Context, t *testing.T, dir string) {
	t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		found := onDisk(t, dir)
		if len(found) == 0 {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("still there:\n%s", strings.Join(found, "\n"))
		}
	}
}

// An erasure leaves nothing of the person in any file of the server, nor in its
// log, and everything of the neighbour; also when the server is killed in the
// middle of it.
func TestErase(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(map[bool]string{false: "in one go", true: "killed"}[killed], func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*timeout)
			defer cancel()
			d := process.StartDemo(t, t.TempDir())
			data := filepath.Join(d.Dir, "store")
			life(ctx, t, d)
			d.Kill() // what is in memory is read again from the files
			if found := onDisk(t, data); len(found) < len(traces) {
				t.Fatalf("only these traces are on the disk: this test looks for nothing\n%s", strings.Join(found, "\n"))
			}
			d.Start()
			admin, agent := d.Admin(), d.Ready.Agents[0].AgentID
			if killed {
				go func() { _, _ = admin.ErasePhone(ctx, person) }()
				awaitErasure(ctx, t, data)
				d.Kill()
				d.Start()
				admin = d.Admin()
			} else {
				var out bytes.Buffer
				cmd := process.Command(t, "erase", "--json", "--ready-file", filepath.Join(d.Dir, "ready.json"), person)
				cmd.Stdout, cmd.Stderr = &out, &out
				if err := cmd.Run(); err != nil {
					t.Fatalf("%v: %s", err, &out)
				}
				for _, count := range []string{`"registered": true`, `"messages": 4`, `"marks": 2`, `"files": 2`} {
					if !strings.Contains(out.String(), count) {
						t.Errorf("the answer lacks %s: %s", count, &out)
					}
				}
			}
			_, err := admin.AdvanceClock(ctx, 3*time.Minute) // time for the last look
			if err != nil {
				t.Fatal(err)
			}
			awaitGone(ctx, t, data)

			if _, err := admin.Phone(ctx, person); rbm.CodeOf(err) != rbm.CodeNotFound {
				t.Errorf("the phone: %v", err)
			}
			if m, err := admin.Message(ctx, agent, "letter"); err != nil || m.PhoneNumber != "" || string(m.Message) != "{}" {
				t.Errorf("what is known of a message: %+v, %v", m, err)
			}
			text := &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: "the id again"}}
			if _, err := d.Client().CreateAgentMessage(ctx, neighbour, "letter", text); rbm.CodeOf(err) != rbm.CodeNotFound {
				t.Errorf("an id that was used for what is erased: %v", err)
			}
			if acts, err := admin.AuditLog(ctx, client.ActFilter{PhoneNumber: person, Resource: ":erase"}); err != nil || len(acts) == 0 {
				t.Errorf("the audit log says nothing of the erasure: %v", err)
			}
			wantNeighbour(ctx, t, d)
			if _, err := admin.CreatePhone(ctx, client.Phone{PhoneNumber: person, RCSEnabled: true}); err != nil {
				t.Errorf("the number given to someone else: %v", err)
			}
			d.Kill()
			for _, trace := range traces {
				if strings.Contains(d.Logged(), trace) {
					t.Errorf("the log has %q:\n%s", trace, d.Logged())
				}
			}
		})
	}
}

// awaitErasure waits until the erasure is known to the store's log.
func awaitErasure(ctx context.Context, t *testing.T, data string) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		logs, err := filepath.Glob(filepath.Join(data, "*.log"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range logs {
			if b, _ := os.ReadFile(name); bytes.Contains(b, []byte("e"+person)) {
				return
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatal("the erasure does not begin")
		}
	}
}

// wantNeighbour checks that another person has what they had.
func wantNeighbour(ctx context.Context, t *testing.T, d *process.Demo) {
	t.Helper()
	admin, agent := d.Admin(), d.Ready.Agents[0].AgentID
	token, err := admin.IssueToken(ctx, neighbour)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"shared-with-neighbour", "to-neighbour"} {
		if m, err := admin.Message(ctx, agent, id); err != nil || m.PhoneNumber != neighbour {
			t.Errorf("%s: %+v, %v", id, m, err)
		}
	}
	if testers, err := admin.Testers(ctx, agent); err != nil || len(testers) != 1 {
		t.Errorf("testers: %v, %v", testers, err)
	}
	if hook, err := admin.Webhook(ctx, agent); err != nil || hook.Pending < 3 {
		t.Errorf("what waits for the webhook: %+v, %v", hook, err)
	}
	p, err := phone.Dial(ctx, phone.Options{URL: d.Ready.DeviceURL, Number: neighbour, Token: token.DeviceToken})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	found := false
	err = filepath.WalkDir(filepath.Join(d.Dir, "store", "media", "content"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		found = found || string(b) == "bytes of a film for both"
		return err
	})
	if err != nil || !found {
		t.Errorf("the film that both got: %v, %v", found, err)
	}
}
