package rbm

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// The bodies of facts/rbm-api.md §9, and their canonical form where it differs.
var wireBodies = []struct{ body, canonical string }{
	{`{"contentMessage":{"text":"Hello","suggestions":[{"reply":{"text":"Yes","postbackData":"y"}}]},"ttl":"10s"}`, ""},
	{`{"contentMessage":{"uploadedRbmFile":{"fileName":"files/abc"}}}`, ""},
	{`{"contentMessage":{"richCard":{"standaloneCard":{"cardOrientation":"VERTICAL","cardContent":{"title":"T","description":"D","media":{"height":"TALL","contentInfo":{"fileUrl":"https://e/x.png","forceRefresh":false}},"suggestions":[{"action":{"text":"Here","postbackData":"h","shareLocationAction":{}}}]}}}}}`,
		`{"contentMessage":{"richCard":{"standaloneCard":{"cardOrientation":"VERTICAL","cardContent":{"title":"T","description":"D","media":{"height":"TALL","contentInfo":{"fileUrl":"https://e/x.png"}},"suggestions":[{"action":{"text":"Here","postbackData":"h","shareLocationAction":{}}}]}}}}}`},
	{cardBody, strings.Replace(cardBody, `,"forceRefresh":false`, "", 1)},
	{textBody, ""},
}

// oddBodies are what official samples send (facts/rbm-api.md §7.2), and other spellings.
var oddBodies = []struct{ body, canonical string }{
	{`{ 'contentMessage': {'text': 'Say "hi", it\'s me'} }`, `{"contentMessage":{"text":"Say \"hi\", it's me"}}`},
	{`{contentMessage: {text: "x",},}`, `{"contentMessage":{"text":"x"}}`},
	{`{"contentMessage":{"suggestions":[{"reply":{"text":"a",},},],"text":"x"}}`, `{"contentMessage":{"text":"x","suggestions":[{"reply":{"text":"a"}}]}}`},
	{`{"content_message":{"rich_card":{"carousel_card":{"card_width":"MEDIUM","card_contents":[{"title":"a"},{"media":{"content_info":{"file_url":"https://e/a"}}}]}}},"message_traffic_type":"PROMOTION","expire_time":"2026-11-20T14:00:00+02:00"}`,
		`{"contentMessage":{"richCard":{"carouselCard":{"cardWidth":"MEDIUM","cardContents":[{"title":"a"},{"media":{"contentInfo":{"fileUrl":"https://e/a"}}}]}}},"messageTrafficType":"PROMOTION","expireTime":"2026-11-20T12:00:00Z"}`},
	{`{"contentMessage":{"suggestions":[{"action":{"viewLocationAction":{"latLong":{"latitude":"37.42","longitude":"-122.08e0"}}}}]}}`,
		`{"contentMessage":{"suggestions":[{"action":{"viewLocationAction":{"latLong":{"latitude":37.42,"longitude":-122.08}}}}]}}`},
	{`{"messageTrafficType":3,"contentMessage":{"richCard":{"standaloneCard":{"cardOrientation":"2","thumbnailImageAlignment":"THUMBNAIL_IMAGE_ALIGNMENT_UNSPECIFIED"}}}}`,
		`{"contentMessage":{"richCard":{"standaloneCard":{"cardOrientation":"VERTICAL"}}},"messageTrafficType":"PROMOTION"}`},
	{`{"contentMessage":{"contentInfo":{"fileUrl":"u","forceRefresh":"true"},"text":null}}`, `{"contentMessage":{"contentInfo":{"fileUrl":"u","forceRefresh":true}}}`},
	{`{"contentMessage":{"text":"x","suggestions":{"reply":{"text":"a"}}}}`, `{"contentMessage":{"text":"x","suggestions":[{"reply":{"text":"a"}}]}}`},
	{`{"contentMessage":{"text":"x","suggestions":[null]},"ttl":null}`, `{"contentMessage":{"text":"x","suggestions":[{}]}}`},
	{`{"contentMessage":{"text":"","fileName":"files/a"}}`, `{"contentMessage":{"fileName":"files/a"}}`},
	{"{'contentMessage':{'text':'two\nlines \\u00e9\\ud83d\\ude00 \\/'}}", `{"contentMessage":{"text":"two\nlines é😀 /"}}`},
	{`{"name":5,"sendTime":"garbage","richMessageClassification":[1],"totalPayloadSizeBytes":{},"carrier":7,"ttl":"3.50s"}`, `{"ttl":"3.500s"}`},
	{`{"name":"phones/+1/agentMessages/x","sendTime":"2026-11-20T14:00:00Z","richMessageClassification":{"classificationType":"RICH_MESSAGE"},"totalPayloadSizeBytes":"7","carrier":"c"}`, `{}`},
	{``, `{}`}, {" \r\n\t", `{}`}, {`null`, `{}`}, {`{}`, `{}`},
	{`{"contentMessage":{"suggestions":[]}}`, `{"contentMessage":{}}`},
}

func TestDecodeAndMarshal(t *testing.T) {
	for _, row := range append(wireBodies, oddBodies...) {
		want := row.canonical
		if row.canonical == "" {
			want = row.body
		}
		m, err := DecodeAgentMessage([]byte(row.body))
		if err != nil {
			t.Errorf("%s: %v", row.body, err)
			continue
		}
		slow, err := decodeSlowly[AgentMessage]([]byte(row.body), "agent_message")
		if err != nil || !reflect.DeepEqual(m, slow) {
			t.Errorf("%s: the slow reading differs: %v", row.body, err)
		}
		got, err := Marshal(m)
		if err != nil || canon(t, string(got)) != canon(t, want) {
			t.Errorf("%s\n got %s, %v\nwant %s", row.body, got, err, want)
		}
		again, err := DecodeAgentMessage(got)
		if err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if twice, err := Marshal(again); err != nil || !bytes.Equal(got, twice) {
			t.Errorf("%s: does not survive a round trip: %s, %v", row.body, twice, err)
		}
	}
}

// canon is JSON with the order of fields taken out.
func canon(t *testing.T, s string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	out, _ := Marshal(v)
	return string(out)
}

func TestDecodeAgentEvent(t *testing.T) {
	for body, want := range map[string]AgentEvent{
		`{"eventType":"IS_TYPING"}`:                                                       {EventType: AgentEventIsTyping},
		`{"eventType":"READ","messageId":"MsgId"}`:                                        {EventType: AgentEventRead, MessageID: "MsgId"},
		`{'event_type':2,'message_id':'M'}`:                                               {EventType: AgentEventRead, MessageID: "M"},
		`{"eventType":"READ","name":"a","sendTime":"2026-11-20T14:00:00Z"}`:               {EventType: AgentEventRead},
		`{"eventType":"TYPE_UNSPECIFIED","sendTime":{"a":[]},"messageId":"\u0041\"\\\/"}`: {MessageID: `A"\/`},
	} {
		got, err := DecodeAgentEvent([]byte(body))
		if err != nil || *got != want {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
	_, err := DecodeAgentEvent([]byte(`{"eventType":"DELIVERED"}`))
	if want := `Invalid value at 'agent_event.event_type' (` + pkg + `AgentEvent.EventType), "DELIVERED"`; AsError(err).Message != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDecodeOtherRequests(t *testing.T) {
	tester, err := Decode[Tester]([]byte(`{'inviteStatus':'PENDING','name':'x'}`), "tester")
	if err != nil || *tester != (Tester{InviteStatus: InviteStatusPending}) {
		t.Errorf("tester %+v, %v", tester, err)
	}
	users, err := Decode[BatchGetUsersRequest]([]byte(`{"users":["+1",null],"agent_id":"a"}`), "")
	if err != nil || !reflect.DeepEqual(users, &BatchGetUsersRequest{[]string{"+1", ""}, "a"}) {
		t.Errorf("users %+v, %v", users, err)
	}
	file, err := Decode[CreateFileRequest]([]byte(`{"fileUrl":"u","thumbnailUrl":"t","contentDescription":"d"}`), "")
	if err != nil || *file != (CreateFileRequest{"u", "t", "d", ""}) {
		t.Errorf("file %+v, %v", file, err)
	}
	event, err := Decode[DialogflowEvent]([]byte(`{eventName:'E',parameters:{'a':[1,"x",null,true,{b:{}}]}}`), "dialogflow_message")
	want := map[string]any{"a": []any{1.0, "x", nil, true, map[string]any{"b": map[string]any{}}}}
	if err != nil || !reflect.DeepEqual(event.Parameters, want) {
		t.Errorf("event %+v, %v", event, err)
	}
	_, err = Decode[DialogflowEvent]([]byte(`{"parameters":{"a":1e999,"b":1,"b":2}}`), "dialogflow_message")
	if e := AsError(err); e == nil || e.Code != CodeInvalidArgument || len(e.Violations) != 2 {
		t.Errorf("got %v", err)
	}
	_, err = Decode[Tester]([]byte(`{"foo":1}`), "tester")
	if AsError(err).Message != `Invalid JSON payload received. Unknown name "foo" at 'tester': Cannot find field.` {
		t.Errorf("got %v", err)
	}
}

func TestIntegers(t *testing.T) {
	type numbers struct {
		Small int32   `json:"small,omitzero"`
		Large int64   `json:"large,omitzero,string"`
		List  []int32 `json:"list,omitempty"`
	}
	got, err := Decode[numbers]([]byte(`{"small":"7","large":9007199254740993,"list":[1.0,2e1,"-3",-2147483648]}`), "")
	if err != nil || !reflect.DeepEqual(*got, numbers{7, 9007199254740993, []int32{1, 20, -3, -2147483648}}) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = Decode[numbers]([]byte(`{"small":2147483648,"large":"0x10","list":[1.5]}`), "")
	want := "Invalid value at 'small' (TYPE_INT32), 2147483648\nInvalid value at 'large' (TYPE_INT64), \"0x10\"\nInvalid value at 'list[0]' (TYPE_INT32), 1.5"
	if AsError(err).Message != want {
		t.Errorf("got %v", err)
	}
}

func TestOrderAndPretty(t *testing.T) { // facts/rbm-api.md §7.5, §7.6
	sent := Timestamp(now)
	m := AgentMessage{Name: "phones/+12223334444/agentMessages/a", SendTime: sent, ContentMessage: &AgentContentMessage{Text: "<b>&\u2028"},
		MessageTrafficType: TrafficPromotion, RichMessageClassification: &RichMessageClassification{ClassificationRichMessage, 1},
		TotalPayloadSizeBytes: 9007199254740993, Carrier: "c", ExpireTime: &sent}
	const want = `{
  "name": "phones/+12223334444/agentMessages/a",
  "sendTime": "2026-11-20T12:00:00Z",
  "contentMessage": {
    "text": "<b>&` + "\u2028" + `"
  },
  "messageTrafficType": "PROMOTION",
  "richMessageClassification": {
    "classificationType": "RICH_MESSAGE",
    "segmentCount": 1
  },
  "totalPayloadSizeBytes": "9007199254740993",
  "carrier": "c",
  "expireTime": "2026-11-20T12:00:00Z"
}
`
	got, err := MarshalPretty(&m)
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	raw, _ := Marshal(m.ContentMessage)
	view := AgentMessageView{m.Name, m.SendTime, raw, m.MessageTrafficType, m.RichMessageClassification, m.TotalPayloadSizeBytes, m.Carrier, m.ExpireTime}
	if got, err := MarshalPretty(&view); err != nil || string(got) != want {
		t.Errorf("view: got %s, %v", got, err)
	}
	if got, err := MarshalPretty(Capabilities{}); err != nil || string(got) != "{}\n" {
		t.Errorf("empty: %q, %v", got, err)
	}
	var back AgentMessage
	if err := Unmarshal(append([]byte(`{"new":1,`), got[1:]...), &back); err != nil || !reflect.DeepEqual(back, m) {
		t.Errorf("client reads %+v, %v", back, err)
	}
}

func TestUserMessageOrder(t *testing.T) { // facts/rbm-api.md §3.3, §3.5
	m := UserMessage{SenderPhoneNumber: "+12223334444", MessageID: "Mx1", SendTime: Timestamp(now.Add(384963000)), Text: "Hi", AgentID: "demo_agent@rbm.goog"}
	const want = `{"senderPhoneNumber":"+12223334444","messageId":"Mx1","sendTime":"2026-11-20T12:00:00.384963Z","text":"Hi","agentId":"demo_agent@rbm.goog"}`
	if got, err := Marshal(m); err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	file := UserMessage{UserFile: &UserFile{Payload: &FileInfo{MimeType: "image/gif", FileSizeBytes: 127806}}}
	if got, err := Marshal(file); err != nil || string(got) != `{"userFile":{"payload":{"mimeType":"image/gif","fileSizeBytes":127806}}}` {
		t.Errorf("got %s, %v", got, err)
	}
}

// FuzzDecodeAgentMessage: whatever the fast reading accepts, the slow one reads
// the same; whatever is accepted survives a round trip; nothing panics.
func FuzzDecodeAgentMessage(f *testing.F) {
	for _, row := range append(wireBodies, oddBodies...) {
		f.Add([]byte(row.body))
	}
	f.Add([]byte(`{"contentMessage":{"text":"a","richCard":{}},"ttl":"-1.000000001s","expireTime":"0001-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"contentMessage":{"suggestions":[{"action":{"createCalendarEventAction":{"startTime":"9999-12-31T23:59:59.999999999-00:00"}}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		fast := new(AgentMessage)
		slow, slowErr := decodeSlowly[AgentMessage](body, "agent_message")
		if readPlainly(body, reflect.ValueOf(fast)) && fast.settle() && len(body) <= MaxMessageBytes {
			if slowErr != nil || !reflect.DeepEqual(fast, slow) {
				t.Fatalf("%q: fast %+v, slow %+v, %v", body, fast, slow, slowErr)
			}
		}
		if slowErr != nil {
			if CodeOf(slowErr) != CodeInvalidArgument || AsError(slowErr).Message == "" {
				t.Fatalf("%q: %v", body, slowErr)
			}
			if _, err := Marshal(AsError(slowErr).Envelope(true)); err != nil {
				t.Fatalf("%q: envelope: %v", body, err)
			}
			return
		}
		_ = slow.Validate(now)
		_ = CheckFeatures(slow, nil)
		out, err := Marshal(slow)
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		again, err := DecodeAgentMessage(out)
		if err != nil && len(out) <= MaxMessageBytes {
			t.Fatalf("%q: %v", out, err)
		}
		if twice, err := Marshal(again); err == nil && again != nil && !bytes.Equal(out, twice) {
			t.Fatalf("%q is not canonical: %q", out, twice)
		}
	})
}

// FuzzDecode reads the requests that have no fast reading.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{eventName:'E',parameters:{'a':[1,"x",null,true,{b:{}}]}}`))
	f.Add([]byte(`{"users":["+1",null],"agent_id":"a"}`))
	f.Add([]byte(`{"parameters":{"a":-0.0e-999,"":{}},"languageCode":"en"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := Decode[DialogflowEvent](body, "dialogflow_message")
		if err != nil && CodeOf(err) != CodeInvalidArgument {
			t.Fatal(err)
		}
		if err == nil {
			if _, err := Marshal(event); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Decode[BatchGetUsersRequest](body, ""); err != nil && CodeOf(err) != CodeInvalidArgument {
			t.Fatal(err)
		}
		if e, err := DecodeAgentEvent(body); err == nil {
			_ = e.Validate()
		} else if CodeOf(err) != CodeInvalidArgument {
			t.Fatal(err)
		}
		if e := ParseError(500, body); e.Message == "" && e.Code == CodeOK {
			t.Fatalf("%q parses as %+v", body, e)
		}
	})
}

// TestFastAgainstSlow puts every odd value into every field of the schema, alone
// and beside each of its siblings: what the fast reading accepts, the slow one
// must read the same, and the slow one must never fail on its own output.
func TestFastAgainstSlow(t *testing.T) {
	values := []string{`null`, `""`, `"a"`, `"files/a"`, `0`, `-0`, `1`, `1.5`, `1e400`, `true`, `"true"`, `{}`, `[]`, `[null]`, `[{}]`, `[[]]`, `["a"]`, `{"a":1}`,
		`"TALL"`, `"SMALL"`, `"WEBVIEW"`, `"HEIGHT_UNSPECIFIED"`, `"READ"`, `"\ud83d\ude00"`, `"\ud800"`, `"5s"`, `"2026-11-20T12:00:00+01:00"`, `"NaN"`}
	cases, accepted := 0, 0
	try := func(body string) {
		cases++
		if tryBoth[AgentMessage](t, body, "agent_message") {
			accepted++
		}
	}
	var walk func(m *MessageSchema, wrap func(string) string)
	walk = func(m *MessageSchema, wrap func(string) string) {
		for i, f := range m.Fields {
			for _, v := range values {
				try(wrap(`{"` + f.JSON + `":` + v + `}`))
				try(wrap(`{"` + f.Name + `":` + v + `}`))
				for _, sibling := range m.Fields[i:] {
					try(wrap(`{"` + f.JSON + `":` + v + `,"` + sibling.JSON + `":` + v + `}`))
				}
			}
			if f.Message != nil {
				walk(f.Message, func(s string) string {
					if f.Repeated {
						s = "[" + s + "]"
					}
					return wrap(`{"` + f.JSON + `":` + s + `}`)
				})
			}
		}
	}
	walk(Schema[AgentMessage](), func(s string) string { return s })
	for _, v := range values {
		for _, f := range Schema[AgentEvent]().Fields {
			tryBoth[AgentEvent](t, `{"`+f.JSON+`":`+v+`}`, "agent_event")
		}
	}
	if cases < 10_000 || accepted < 1000 {
		t.Errorf("%d cases, of which the fast reading accepted %d", cases, accepted)
	}
}

// tryBoth reports whether the fast reading accepted the body.
func tryBoth[T any](t *testing.T, body, field string) bool {
	t.Helper()
	fast := new(T)
	ok := readPlainly([]byte(body), reflect.ValueOf(fast)) && any(fast).(settler).settle()
	slow, err := decodeSlowly[T]([]byte(body), field)
	switch {
	case err != nil && CodeOf(err) != CodeInvalidArgument:
		t.Errorf("%s: %v", body, err)
	case ok && (err != nil || !reflect.DeepEqual(fast, slow)):
		t.Errorf("%s: fast %+v, slow %+v, %v", body, fast, slow, err)
	case err == nil && !any(slow).(settler).settle():
		t.Errorf("%s: the slow reading is not canonical", body)
	}
	return ok
}
