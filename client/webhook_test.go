package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/openrbm/openrbm/rbm"
)

const userText = `{
  "senderPhoneNumber": "+12223334444",
  "messageId": "Mx1",
  "sendTime": "2026-11-20T10:00:00.384963Z",
  "text": "Hi",
  "agentId": "demo_agent@rbm.goog"
}`

func envelopeOf(data string) string {
	return fmt.Sprintf(`{"message":{"data":%q,"attributes":{"message_type":"TEXT","business_id":"demo_agent@rbm.goog"},
		"messageId":"1","publishTime":"2026-11-20T10:00:00.384Z"},"subscription":"projects/p/subscriptions/s"}`,
		base64.StdEncoding.EncodeToString([]byte(data)))
}

// post hands a signed request to the webhook.
func post(w *Webhook, body, signature string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set(HeaderSignature, signature)
	r.Header.Set(HeaderWebhookType, "message_callback")
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

func TestHandshake(t *testing.T) {
	never := func(context.Context, Event) error { t.Error("a handshake is not an event"); return nil }
	for name, tc := range map[string]struct {
		token, body, answer string
		status              int
	}{
		"right":           {"secret", `{"clientToken":"secret","secret":"<1234>"}`, "<1234>", 200},
		"wrong token":     {"secret", `{"clientToken":"Secret","secret":"1234"}`, "wrong client token\n", 403},
		"longer token":    {"secret", `{"clientToken":"secret1","secret":"1234"}`, "wrong client token\n", 403},
		"no token":        {"secret", `{"secret":"1234"}`, "wrong client token\n", 403},
		"none configured": {"", `{"clientToken":"","secret":"1234"}`, "wrong client token\n", 403},
		"no secret":       {"secret", `{"clientToken":"secret"}`, "neither an event nor a verification\n", 400},
	} {
		rec := post(&Webhook{ClientToken: tc.token, Handle: never}, tc.body, "")
		if rec.Code != tc.status || rec.Body.String() != tc.answer {
			t.Errorf("%s: %d %q, want %d %q", name, rec.Code, rec.Body, tc.status, tc.answer)
		}
		if ct := rec.Header().Get("Content-Type"); ct != "text/plain; charset=utf-8" {
			t.Errorf("%s: content type %q", name, ct)
		}
	}
}

func TestEventIsHandedOver(t *testing.T) {
	var got []Event
	w := &Webhook{ClientToken: "secret", Handle: func(_ context.Context, e Event) error { got = append(got, e); return nil }}
	if rec := post(w, envelopeOf(userText), SignWebhook("secret", []byte(userText))); rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if len(got) != 1 {
		t.Fatalf("%d events", len(got))
	}
	e := got[0]
	if e.ID != "Mx1" || e.AgentID != "demo_agent@rbm.goog" || e.Type != "message_callback" || string(e.Data) != userText || e.Attributes["message_type"] != "TEXT" {
		t.Errorf("event %+v", e)
	}
	if m := e.UserMessage; m == nil || m.Text != "Hi" || m.SenderPhoneNumber != phone || m.SendTime.String() != "2026-11-20T10:00:00.384963Z" {
		t.Errorf("message %+v", m)
	}
}

func TestWebhookRefuses(t *testing.T) {
	good := SignWebhook("secret", []byte(userText))
	never := func(context.Context, Event) error { return errors.New("must not be called") }
	for name, tc := range map[string]struct {
		w               Webhook
		body, signature string
		status          int
	}{
		"other signature":  {Webhook{ClientToken: "other"}, envelopeOf(userText), good, 403},
		"no signature":     {Webhook{ClientToken: "secret"}, envelopeOf(userText), "", 403},
		"no client token":  {Webhook{}, envelopeOf(userText), SignWebhook("", []byte(userText)), 403},
		"not JSON":         {Webhook{ClientToken: "secret"}, "hello", good, 400},
		"empty":            {Webhook{ClientToken: "secret"}, "", good, 400},
		"not base64":       {Webhook{ClientToken: "secret"}, `{"message":{"data":"***"}}`, good, 400},
		"data not JSON":    {Webhook{ClientToken: "secret"}, envelopeOf("hello"), SignWebhook("secret", []byte("hello")), 400},
		"wrong field type": {Webhook{ClientToken: "secret"}, envelopeOf(`{"text":1,"senderPhoneNumber":"+1"}`), SignWebhook("secret", []byte(`{"text":1,"senderPhoneNumber":"+1"}`)), 400},
		"too long":         {Webhook{ClientToken: "secret", MaxBody: 100}, envelopeOf(userText), good, 413},
	} {
		tc.w.Handle = never
		if rec := post(&tc.w, tc.body, tc.signature); rec.Code != tc.status {
			t.Errorf("%s: %d %s, want %d", name, rec.Code, rec.Body, tc.status)
		}
	}
	rec := httptest.NewRecorder()
	(&Webhook{ClientToken: "secret"}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/", nil))
	if rec.Code != 405 || rec.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", rec.Code, rec.Header())
	}
}

func TestFailedCallbackIsRetried(t *testing.T) {
	w := &Webhook{ClientToken: "secret", Handle: func(context.Context, Event) error { return errors.New("the password is hunter2") }}
	rec := post(w, envelopeOf(userText), SignWebhook("secret", []byte(userText)))
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "hunter2") {
		t.Errorf("%d %s, want 500 that tells nothing", rec.Code, rec.Body)
	}
}

func TestParseEvent(t *testing.T) {
	const from, agent = `"senderPhoneNumber":"+12223334444","sendTime":"2026-11-20T10:00:00Z"`, `"agentId":"demo_agent@rbm.goog"`
	for name, tc := range map[string]struct {
		data, id string
		want     any
	}{
		"tap": {`{` + from + `,"messageId":"m","suggestionResponse":{"postbackData":"ok","text":"OK","type":"REPLY"},` + agent + `}`, "m",
			&rbm.SuggestionResponse{PostbackData: "ok", Text: "OK", Type: rbm.SuggestionTypeReply}},
		"tap of old": {`{` + from + `,"eventId":"e","suggestionResponse":{"postbackData":"ok"},` + agent + `}`, "e",
			&rbm.SuggestionResponse{PostbackData: "ok"}},
		"location": {`{` + from + `,"messageId":"m","location":{"latitude":37.5,"longitude":-122},` + agent + `}`, "m",
			&rbm.LatLng{Latitude: 37.5, Longitude: -122}},
		"file": {`{` + from + `,"messageId":"m","userFile":{"payload":{"mimeType":"image/gif","fileSizeBytes":127806,"fileUri":"https://x.test/a.gif","fileName":"a.gif"}},` + agent + `}`, "m",
			&rbm.UserFile{Payload: &rbm.FileInfo{MimeType: "image/gif", FileSizeBytes: 127806, FileURI: "https://x.test/a.gif", FileName: "a.gif"}}},
		"read":      {`{` + from + `,"eventType":"READ","eventId":"e","messageId":"a",` + agent + `}`, "e", rbm.UserEventRead},
		"new event": {`{` + from + `,"eventType":"DANCED","eventId":"e","newField":{"x":[1]},` + agent + `}`, "e", rbm.UserEventType("DANCED")},
		"expiry":    {`{"phoneNumber":"+12223334444","eventType":"TTL_EXPIRATION_REVOKED","eventId":"e","messageId":"a",` + agent + `}`, "e", rbm.ServerEventTTLExpirationRevoked},
		"capabilities": {`{"requestId":"r","phoneNumber":"+12223334444","status":{"code":5,"message":"gone"},` + agent + `}`, "r",
			&rbm.CapabilityCallbackResponse{RequestID: "r", PhoneNumber: "+12223334444", Status: &rbm.Status{Code: 5, Message: "gone"}}},
		"launch": {`{"eventId":"agent/1","newLaunchState":"LAUNCHED",` + agent + `}`, "agent/1", nil},
	} {
		e, err := ParseEvent([]byte(tc.data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if e.ID != tc.id || e.AgentID != "demo_agent@rbm.goog" || string(e.Data) != tc.data {
			t.Errorf("%s: id %q, agent %q, data %s", name, e.ID, e.AgentID, e.Data)
		}
		if got := content(e); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %#v, want %#v", name, got, tc.want)
		}
	}
}

// content is what an event of TestParseEvent is about.
func content(e Event) any {
	switch m := e.UserMessage; {
	case m != nil && m.SuggestionResponse != nil:
		return m.SuggestionResponse
	case m != nil && m.Location != nil:
		return m.Location
	case m != nil && m.UserFile != nil:
		return m.UserFile
	case e.UserEvent != nil:
		return e.UserEvent.EventType
	case e.ServerEvent != nil:
		return e.ServerEvent.EventType
	case e.Capabilities != nil:
		return e.Capabilities
	}
	return nil
}

// FuzzWebhookEnvelope posts any body under its right signature: every request gets
// one of the documented answers, and what is handed over is what was signed.
func FuzzWebhookEnvelope(f *testing.F) {
	f.Add([]byte(envelopeOf(userText)))
	f.Add([]byte(envelopeOf(`{"phoneNumber":"+1","eventType":"TTL_EXPIRATION_REVOKED"}`)))
	f.Add([]byte(envelopeOf(`{"senderPhoneNumber":"+1","eventType":null}`)))
	f.Add([]byte(`{"clientToken":"secret","secret":"1234"}`))
	f.Add([]byte(`{"message":{"data":"e30="},"message":null,"secret":"x"}`))
	f.Add([]byte(`{"message":{"data":"e31="}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var signed []byte
		if env, err := parseEnvelope(body); err == nil && env.Message != nil {
			signed = env.Message.Data
		}
		handed := 0
		w := &Webhook{ClientToken: "secret", Handle: func(_ context.Context, e Event) error {
			handed++
			if string(e.Data) != string(signed) || !json.Valid(e.Data) {
				t.Errorf("handed over %q, signed %q", e.Data, signed)
			}
			return nil
		}}
		rec := post(w, string(body), SignWebhook("secret", signed))
		switch rec.Code {
		case 200, 400, 403:
		default:
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
		if handed == 1 && (rec.Code != 200 || rec.Body.String() != "OK") {
			t.Errorf("handed over, then %d %s", rec.Code, rec.Body)
		}
		if wrong := post(w, string(body), SignWebhook("other", signed)); signed != nil && wrong.Code != 403 {
			t.Errorf("wrong signature: %d %s", wrong.Code, wrong.Body)
		}
	})
}
