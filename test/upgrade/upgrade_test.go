// Package upgrade opens what every released version has written.
package upgrade

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/client"
	"github.com/openrbm/openrbm/internal/server"
	"github.com/openrbm/openrbm/phone"
	"github.com/openrbm/openrbm/rbm"
	"github.com/openrbm/openrbm/servertest"
)

// forEver keeps what the fixtures hold from being too old.
const forEver = `
messages.queue_retention = "876000h"
messages.history_retention = "876000h"
webhooks.retention = "876000h"
media.retention = "876000h"
limits.promotions_per_28_days = 100
`

const away = "+12223330001"

func text(s string) *rbm.AgentMessage {
	return &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{Text: s}, MessageTrafficType: rbm.TrafficTransaction}
}

// TestWriteFixture writes the fixture of this version, something of every kind of
// record, to the file that OPENRBM_WRITE_FIXTURE names:
//
//	OPENRBM_WRITE_FIXTURE=testdata/0.1.0.archive go test ./test/upgrade -run Write
//
// It is run once, when a version is released; fixtures are never written again.
func TestWriteFixture(t *testing.T) {
	file := os.Getenv("OPENRBM_WRITE_FIXTURE")
	if file == "" {
		file = filepath.Join(t.TempDir(), "fixture") // to see that it can be written
	}
	s := servertest.New(t, servertest.Options{Settings: forEver})
	ctx := s.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	hook := s.Webhook(s.Agent())
	s.NewPhone(away)
	multi := rbm.UseCaseMultiUse
	_, err := s.Admin.UpdateAgent(ctx, s.Agent(), client.AgentPatch{AgentUseCase: &multi})
	must(err)
	_, err = s.Admin.CreateAgent(ctx, client.Agent{AgentID: "second", DisplayName: "Second"})
	must(err)
	_, err = s.Admin.CreateTester(ctx, "second", away)
	must(err)
	api := s.Client()
	send := func(number, id string, m *rbm.AgentMessage) {
		t.Helper()
		_, err := api.CreateAgentMessage(ctx, number, id, m)
		must(err)
	}
	p := s.Dial()
	send(s.Number(), "delivered", text("a message that was delivered"))
	_, err = p.WaitMessage(ctx, func(m *phone.Message) bool { return m.MessageID == "delivered" })
	must(err)
	hook.Wait(servertest.Delivered("delivered"))
	hook.Fail(func(client.Event) error { return servertest.ErrFailing })
	_, err = p.Text(ctx, s.Agent(), "a text that the webhook has not taken")
	must(err)
	_, err = p.Unsubscribe(ctx, s.Agent())
	must(err)
	p.Close()
	uploaded, err := api.UploadFile(ctx, strings.NewReader("a film"), "video/mp4")
	must(err)
	send(away, "queued", text("a message that waits"))
	expiring := text("a message that expires")
	expiring.TTL = rbm.NewDuration(rbm.MaxExpiry)
	send(away, "expiring", expiring)
	send(away, "film", &rbm.AgentMessage{ContentMessage: &rbm.AgentContentMessage{UploadedRbmFile: &rbm.UploadedRbmFile{FileName: uploaded.Name}}, MessageTrafficType: rbm.TrafficTransaction})
	send(away, "promotion", &rbm.AgentMessage{ContentMessage: text("a promotion").ContentMessage, MessageTrafficType: rbm.TrafficPromotion})
	var backup bytes.Buffer
	must(s.Admin.Backup(ctx, &backup))
	must(os.WriteFile(file, backup.Bytes(), 0o600))
}

// The data of every released version are restored, upgraded and served.
func TestReleasedVersions(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/*.archive")
	if err != nil || len(fixtures) == 0 {
		t.Fatal("there are no fixtures", err)
	}
	for _, fixture := range fixtures {
		t.Run(filepath.Base(fixture), func(t *testing.T) {
			b, err := os.ReadFile(fixture)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if _, _, err := server.Restore(t.Context(), bytes.NewReader(b), filepath.Join(dir, "store")); err != nil {
				t.Fatal(err)
			}
			serves(t, servertest.New(t, servertest.Options{Dir: dir, Settings: forEver}))
		})
	}
}

// serves checks that s has what TestWriteFixture has put into a fixture.
func serves(t *testing.T, s *servertest.Server) {
	ctx := s.Context()
	hook := s.Webhook(s.Agent())
	if _, err := s.Admin.AdvanceClock(ctx, rbm.MaxExpiry); err != nil {
		t.Fatal(err)
	}
	hook.Wait(servertest.Expired("expiring"))
	if testers, err := s.Admin.Testers(ctx, "second"); err != nil || len(testers) != 1 || testers[0].PhoneNumber != away {
		t.Errorf("testers %+v, %v", testers, err)
	}
	hook.Wait(func(e client.Event) bool {
		return e.UserMessage != nil && e.UserMessage.Text == "a text that the webhook has not taken"
	})
	hook.Wait(func(e client.Event) bool {
		return e.UserEvent != nil && e.UserEvent.EventType == rbm.UserEventUnsubscribe
	})
	token, err := s.Admin.IssueToken(ctx, away)
	if err != nil {
		t.Fatal(err)
	}
	p := s.Dial(func(o *phone.Options) { o.Number, o.Token = away, token.DeviceToken })
	for _, id := range []string{"queued", "film", "promotion"} {
		m, err := p.WaitMessage(ctx, func(m *phone.Message) bool { return m.MessageID == id })
		if err != nil {
			t.Fatalf("message %s: %v", id, err)
		}
		if id == "film" && (len(m.Media) != 1 || m.Media[0].SizeBytes != int64(len("a film"))) {
			t.Errorf("the film is told of as %+v", m.Media)
		}
		hook.Wait(servertest.Delivered(id))
	}
	for _, id := range []string{"delivered", "queued", "film"} {
		if m, err := s.Admin.Message(ctx, s.Agent(), id); err != nil || m.State != "DELIVERED" {
			t.Errorf("message %s: %+v, %v", id, m, err)
		}
	}
	again, err := s.Client().CreateAgentMessage(ctx, away, "queued", text("another text"))
	if err != nil || again.ContentMessage.Text != "a message that waits" {
		t.Errorf("an id that was used: %+v, %v", again, err)
	}
	s.Dial()
	promotion := &rbm.AgentMessage{ContentMessage: text("a promotion").ContentMessage, MessageTrafficType: rbm.TrafficPromotion}
	if _, err := s.Client().CreateAgentMessage(ctx, s.Number(), client.NewMessageID(), promotion); rbm.CodeOf(err) != rbm.CodePermissionDenied {
		t.Errorf("a promotion to a user who unsubscribed: %v", err)
	}
}
