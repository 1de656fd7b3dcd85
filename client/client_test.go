package client

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/rbm"
)

func TestCalls(t *testing.T) {
	r := newRemote(t,
		answer{status: 200, body: `{"name":"phones/+12223334444/agentEvents/e1","eventType":"IS_TYPING"}`},
		answer{status: 200, body: `{"features":["RICHCARD_STANDALONE","SOMETHING_NEW"],"carrier":"one","newField":1}`},
		accepted)
	c, _ := r.client(Options{BaseURL: r.url + "/"})
	ctx := t.Context()
	if e, err := c.CreateAgentEvent(ctx, phone, "e1", &rbm.AgentEvent{EventType: rbm.AgentEventIsTyping}); err != nil || e.Name != "phones/+12223334444/agentEvents/e1" {
		t.Errorf("event %+v, error %v", e, err)
	}
	want := &rbm.Capabilities{Features: []rbm.Feature{"RICHCARD_STANDALONE", "SOMETHING_NEW"}, Carrier: "one"}
	if got, err := c.Capabilities(ctx, phone); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("capabilities %+v, error %v", got, err)
	}
	raw := []byte("{'contentMessage': {'text': 'Hi'},}")
	if got, err := c.CreateAgentMessageJSON(ctx, phone, "m1", raw); err != nil || string(got) != accepted.body {
		t.Errorf("answer %s, error %v", got, err)
	}
	asked, _ := r.seen()
	for i, prefix := range []string{
		`POST /v1/phones/+12223334444/agentEvents?agentId=demo_agent&eventId=e1 {"eventType":"IS_TYPING"}`,
		`GET /v1/phones/+12223334444/capabilities?agentId=demo_agent&requestId=`,
		`POST /v1/phones/+12223334444/agentMessages?agentId=demo_agent&messageId=m1 ` + string(raw),
	} {
		if !strings.HasPrefix(asked[i], prefix) {
			t.Errorf("asked %q, want %q", asked[i], prefix)
		}
	}
}

func TestRefusalHasEveryViolation(t *testing.T) {
	r := newRemote(t, answer{status: 400, body: `{"error":{"code":400,"message":"a\nb","status":"INVALID_ARGUMENT","details":[{
		"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[
		{"field":"agent_message.ttl","description":"a"},{"field":"agent_message.content_message","description":"b"}]}]}}`})
	c, _ := r.client(Options{})
	_, err := c.CreateAgentMessage(t.Context(), phone, "m1", hello())
	want := []rbm.Violation{{Field: "agent_message.ttl", Description: "a"}, {Field: "agent_message.content_message", Description: "b"}}
	if e, ok := errors.AsType[*rbm.Error](err); !ok || e.Code != rbm.CodeInvalidArgument || !reflect.DeepEqual(e.Violations, want) {
		t.Errorf("error %#v", err)
	}
}

func TestOddAnswers(t *testing.T) {
	c, _ := newRemote(t, answer{status: 200, body: "<html>sign in</html>"}).client(Options{})
	if m, err := c.CreateAgentMessage(t.Context(), phone, "m1", hello()); err == nil {
		t.Errorf("a page was taken for the message %+v", m)
	}
	c, _ = newRemote(t, answer{status: 204}).client(Options{})
	if _, err := c.CreateAgentMessage(t.Context(), phone, "m1", hello()); err == nil {
		t.Error("204 was taken for a success")
	}
	if err := c.DeleteAgentMessage(t.Context(), phone, ""); err == nil {
		t.Error("deleted a message without an id")
	}
	if _, err := c.CreateAgentMessage(t.Context(), phone, "m1", &rbm.AgentMessage{Name: "\xff"}); err == nil {
		t.Error("sent text that is not UTF-8")
	}
}

func TestReadReadyFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ready.json")
	if _, err := ReadReadyFile(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	for content, ok := range map[string]bool{
		`{"apiUrl":"http://127.0.0.1:8080","adminToken":"x","agents":[{"agentId":"demo_agent","keyFile":"k.json"}],"phones":[{"phoneNumber":"+1","deviceToken":"d"}]}`: true,
		`{"apiUrl":`: false,
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := ReadReadyFile(name)
		if (err == nil) != ok {
			t.Errorf("%s: error %v", content, err)
		}
		if ok && (r.APIURL != "http://127.0.0.1:8080" || r.AdminToken != "x" || r.Agents[0].KeyFile != "k.json" || r.Phones[0].DeviceToken != "d") {
			t.Errorf("ready %+v", r)
		}
	}
}
