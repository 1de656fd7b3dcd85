package frame

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	json "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func TestServerFramesComeBack(t *testing.T) {
	m := MessageRef{AgentID: "demo_agent", MessageID: `6f"1`}
	rows := []struct {
		wire []byte
		want Frame
	}{
		{AppendAgentMessage(nil, m, []byte(`{"name":"x"}`), nil), &AgentMessage{Header{TypeAgentMessage}, m, jsontext.Value(`{"name":"x"}`), nil}},
		{AppendAgentMessage(nil, m, []byte(`{}`), []byte(`[{"path":"contentInfo","mimeType":"image/png","sizeBytes":9,"url":"/media/v1/x"}]`)),
			&AgentMessage{Header{TypeAgentMessage}, m, jsontext.Value(`{}`), []Media{{Path: "contentInfo", MimeType: "image/png", SizeBytes: 9, URL: "/media/v1/x"}}}},
		{AppendAgentEvent(nil, m, []byte(`{"eventType":"READ"}`)), &AgentEvent{Header{TypeAgentEvent}, m.AgentID, m.MessageID, jsontext.Value(`{"eventType":"READ"}`)}},
		{AppendRevoke(nil, m, false), &Revoke{Header{TypeRevoke}, m, false}},
		{AppendRevoke(nil, m, true), &Revoke{Header{TypeRevoke}, m, true}},
		{AppendConfirm(nil, []MessageRef{m, m}), &Confirm{Header{TypeConfirm}, []MessageRef{m, m}}},
	}
	for _, row := range rows {
		got, err := DecodeServer(row.wire)
		if err != nil || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: got %#v, %v", row.wire, got, err)
		}
	}
}

func TestEncodeComesBack(t *testing.T) {
	latitude, longitude, text := 0.0, -122.5, "Hi"
	fromPhone := []Frame{
		&Hello{Header{TypeHello}, 1, "+12223334444", "secret", []string{"RICHCARD_STANDALONE"}, "Demo", 8, "test"},
		&Reports{Header{TypeRead}, []MessageRef{{"a", "1"}}},
		&UserMessage{Header: Header{TypeUserMessage}, Ref: "r", AgentID: "a", MessageID: "m", Text: &text},
		&UserMessage{Header: Header{TypeUserMessage}, Ref: "r", AgentID: "a", MessageID: "m", Location: &Location{&latitude, &longitude}},
		&UserEvent{Header{TypeUserEvent}, "r", "a", "e", "IS_TYPING"},
		&Announce{Header{TypeAnnounce}, "r", []string{"ACTION_DIAL"}, ""},
	}
	for _, f := range fromPhone {
		wire, err := Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodePhone(wire); err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("%s: got %#v, %v", wire, got, err)
		}
	}
	for _, f := range []Frame{
		&Welcome{Header{TypeWelcome}, 1, "+12223334444", 30, 32},
		&Error{Header{TypeError}, "r", 404, "NOT_FOUND", "Requested entity was not found."},
	} {
		wire, err := Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeServer(wire); err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("%s: got %#v, %v", wire, got, err)
		}
	}
}

func TestPhoneIsLenientWithTheServer(t *testing.T) {
	if f, err := DecodeServer([]byte(`{"type":"ok","ref":"r","since":3}`)); err != nil || f.(*OK).Ref != "r" {
		t.Errorf("a new member: got %v, %v", f, err)
	}
	if f, err := DecodeServer([]byte(`{"type":"advice"}`)); f != nil || err != nil {
		t.Errorf("a new type: got %v, %v", f, err)
	}
}

const (
	text       = `{"type":"userMessage","ref":"r","agentId":"a","messageId":"m",`
	tap        = text + `"suggestionResponse":{"type":"REPLY","text":"`
	fileFormat = text + `"userFile":{"payload":`
)

// TestLimits has a row for each limit: in is at the limit, out is beyond it.
func TestLimits(t *testing.T) {
	many := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	ack := func(n int) string {
		return `{"type":"ack","messages":[` + many(n, `{"agentId":"a","messageId":"m"}`) + `]}`
	}
	hello := func(rest string) string {
		return `{"type":"hello","protocol":1,"phoneNumber":"+12223334444","token":"t"` + rest + `}`
	}
	event := func(agent, id, kind string) string {
		return `{"type":"userEvent","ref":"r","agentId":"` + agent + `","eventId":"` + id + `","eventType":"` + kind + `"}`
	}
	place := func(latitude, longitude string) string {
		return text + `"location":{"latitude":` + latitude + `,"longitude":` + longitude + `}}`
	}
	file := func(mime, uri, rest string) string {
		return fileFormat + `{"mimeType":"` + mime + `","fileUri":"` + uri + `"` + rest + `}}}`
	}
	rows := []struct{ name, in, out, want string }{
		{"protocol", hello(""), strings.Replace(hello(""), ":1,", ":2,", 1), "protocol 2"},
		{"token", hello(""), strings.Replace(hello(""), `"t"`, `""`, 1), "token"},
		{"phoneNumber", hello(""), strings.Replace(hello(""), "+12223334444", "", 1), "phoneNumber"},
		{"window", hello(`,"window":256`), hello(`,"window":257`), "window"},
		{"client", hello(`,"client":"` + strings.Repeat("c", 128) + `"`), hello(`,"client":"` + strings.Repeat("c", 129) + `"`), "client"},
		{"features", hello(`,"features":[` + many(64, `"F"`) + `]`), hello(`,"features":[` + many(65, `"F"`) + `]`), "features"},
		{"feature", hello(`,"features":["F"]`), hello(`,"features":[""]`), "feature"},
		{"carrier", hello(`,"carrier":"` + strings.Repeat("c", 64) + `"`), hello(`,"carrier":"` + strings.Repeat("c", 65) + `"`), "carrier"},
		{"announce", `{"type":"announce","ref":"r","features":[]}`, `{"type":"announce","ref":"","features":[]}`, "ref"},
		{"most refs", ack(256), ack(257), "messages"},
		{"fewest refs", ack(1), ack(0), "messages"},
		{"agentId", event("demo_agent", "e", "IS_TYPING"), event("demo_agent@rbm.goog", "e", "IS_TYPING"), "agentId"},
		{"agentId length", event(strings.Repeat("a", 100), "e", "SUBSCRIBE"), event(strings.Repeat("a", 101), "e", "SUBSCRIBE"), "agentId"},
		{"eventId", event("a", strings.Repeat("e", 200), "UNSUBSCRIBE"), event("a", strings.Repeat("e", 201), "UNSUBSCRIBE"), "eventId"},
		{"id characters", event("a", "e~", "IS_TYPING"), event("a", "e ", "IS_TYPING"), "eventId"},
		{"eventType", event("a", "e", "IS_TYPING"), event("a", "e", "READ"), "eventType"},
		{"text", text + `"text":"` + strings.Repeat("é", 3072) + `"}`, text + `"text":"` + strings.Repeat("é", 3073) + `"}`, "text"},
		{"no text", text + `"text":"a"}`, text + `"text":""}`, "text"},
		{"no content", text + `"text":"a"}`, text[:len(text)-1] + `}`, "exactly one"},
		{"two contents", text + `"text":"a"}`, text + `"text":"a","location":{"latitude":1,"longitude":1}}`, "exactly one"},
		{"label", tap + strings.Repeat("x", 25) + `"}}`, tap + strings.Repeat("x", 26) + `"}}`, "suggestionResponse.text"},
		{"postback", tap + `","postbackData":"` + strings.Repeat("x", 2048) + `"}}`, tap + `","postbackData":"` + strings.Repeat("x", 2049) + `"}}`, "postbackData"},
		{"suggestion type", tap + `"}}`, strings.Replace(tap, "REPLY", "OTHER", 1) + `"}}`, "suggestionResponse.type"},
		{"latitude", place("90", "0"), place("90.1", "0"), "latitude"},
		{"longitude", place("0", "-180"), place("0", "-180.1"), "longitude"},
		{"half a place", place("0", "0"), text + `"location":{"latitude":1}}`, "longitude"},
		{"media type", file("image/jpeg", "https://a/b", ""), file("image", "https://a/b", ""), "mimeType"},
		{"file address", file("image/jpeg", "http://a/b", ""), file("image/jpeg", "ftp://a/b", ""), "fileUri"},
		{"file size", file("a/b", "http://a", `,"fileSizeBytes":104857600`), file("a/b", "http://a", `,"fileSizeBytes":104857601`), "fileSizeBytes"},
		{"file name", file("a/b", "http://a", `,"fileName":"`+strings.Repeat("n", 255)+`"`), file("a/b", "http://a", `,"fileName":"`+strings.Repeat("n", 256)+`"`), "fileName"},
		{"payload", file("a/b", "http://a", ""), text + `"userFile":{}}`, "userFile.payload"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, err := DecodePhone([]byte(row.in)); err != nil {
				t.Errorf("at the limit: %v\n%.200s", err, row.in)
			}
			_, err := DecodePhone([]byte(row.out))
			e, typed := errors.AsType[*Error](err)
			if !typed || e.Status != "INVALID_ARGUMENT" || !strings.Contains(e.Message, row.want) {
				t.Errorf("beyond the limit: got %v, want a word on %s\n%.200s", err, row.want, row.out)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	rows := []struct{ in, ref, message string }{
		{`{"type":"dance","ref":"r7"}`, "r7", `type "dance"`},
		{`{"type":"welcome"}`, "", `type "welcome"`},
		{`{}`, "", `type ""`},
		{`{"type":"ack","messages":[],"mood":1}`, "", `unknown name "/mood"`},
		{`{"type":"userEvent","ref":"r7","agentId":5}`, "r7", `invalid value at "/agentId"`},
		{`{"type":7}`, "", `invalid value at "/type"`},
	}
	for _, row := range rows {
		_, err := DecodePhone([]byte(row.in))
		e, typed := errors.AsType[*Error](err)
		if !typed || e.Ref != row.ref || !strings.Contains(e.Message, row.message) {
			t.Errorf("%s: got %v", row.in, err)
		}
	}
	for _, in := range []string{``, `[]`, `"ack"`, `{"type":"ack"`, `{"type":"ack","type":"ack"}`, "{\"type\":\"\xff\"}"} {
		if _, err := DecodePhone([]byte(in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: got %v, want ErrMalformed", in, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"type":"hello","protocol":1,"phoneNumber":"+12223334444","token":"t","features":["ACTION_DIAL"],"window":3}`))
	f.Add([]byte(`{"type":"ack","messages":[{"agentId":"a","messageId":"m"}]}`))
	f.Add([]byte(text + `"suggestionResponse":{"postbackData":"p","text":"t","type":"ACTION"}}`))
	f.Add([]byte(text + `"location":{"latitude":1e2,"longitude":-0}}`))
	f.Add([]byte(`{"type":"agentMessage","agentId":"a","messageId":"m","message":{"contentMessage":{"text":"x"}}}`))
	f.Add([]byte(`{"type":"error","code":404,"status":"NOT_FOUND","message":"no"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		fr, err := DecodePhone(data)
		if e, typed := errors.AsType[*Error](err); err != nil && !typed && !errors.Is(err, ErrMalformed) {
			t.Fatalf("an error of another kind: %v", e)
		}
		if err == nil {
			again(t, fr, DecodePhone)
		}
		if fr, err := DecodeServer(data); err == nil && fr != nil {
			again(t, fr, DecodeServer)
		}
	})
}

// again checks that what was read is read the same after it was written.
func again(t *testing.T, fr Frame, decode func([]byte) (Frame, error)) {
	wire, err := Encode(fr)
	if err != nil {
		t.Fatalf("%#v cannot be written: %v", fr, err)
	}
	back, err := decode(wire)
	if err != nil {
		t.Fatalf("%s cannot be read: %v", wire, err)
	}
	first, _ := json.Marshal(fr)
	second, _ := json.Marshal(back)
	if string(first) != string(second) {
		t.Fatalf("%s became %s", first, second)
	}
}

func BenchmarkAppendAgentMessage(b *testing.B) {
	m := MessageRef{AgentID: "demo_agent", MessageID: "6f1a7c52-0000-4000-8000-000000000000"}
	message := []byte(`{"contentMessage":{"text":"` + strings.Repeat("x", 1200) + `"}}`)
	var buf []byte
	for b.Loop() {
		buf = AppendAgentMessage(buf[:0], m, message, nil)
	}
}

func BenchmarkDecodeAck(b *testing.B) {
	wire := AppendReports(nil, TypeAck, []MessageRef{{"demo_agent", "6f1a7c52-0000-4000-8000-000000000000"}})
	for b.Loop() {
		if _, err := DecodePhone(wire); err != nil {
			b.Fatal(err)
		}
	}
}
