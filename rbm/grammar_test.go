package rbm

import (
	"fmt"
	"strings"
	"testing"
)

const pkg = "type.googleapis.com/google.communications.rcsbusinessmessaging.v1."

// TestGrammarTexts has a row for each template of facts/rbm-api.md §4.4, and for what the
// front end of Google says besides.
func TestGrammarTexts(t *testing.T) {
	const bad = "Invalid JSON payload received. "
	rows := []struct{ body, field, text string }{
		// Unknown names.
		{`{"contentMessage":{"foo":1}}`, "agent_message.content_message", bad + `Unknown name "foo" at 'agent_message.content_message': Cannot find field.`},
		{`{"foo":1}`, "agent_message", bad + `Unknown name "foo" at 'agent_message': Cannot find field.`},
		{`{"ContentMessage":{}}`, "agent_message", bad + `Unknown name "ContentMessage" at 'agent_message': Cannot find field.`},
		{`{"contentMessage":{"suggestions":[{},{"reply":{"foo_bar":1}}]}}`, "agent_message.content_message.suggestions[1].reply",
			bad + `Unknown name "foo_bar" at 'agent_message.content_message.suggestions[1].reply': Cannot find field.`},
		{`{"content_message":{"suggestions":[{"action":{"composeAction":{"composeTextMessage":{}}}}]}}`, "agent_message.content_message.suggestions[0].action",
			bad + `Unknown name "composeAction" at 'agent_message.content_message.suggestions[0].action': Cannot find field.`},
		{`{"contentMessage":{"suggestions":[{"action":{"paymentRequestAction":{}}}]}}`, "agent_message.content_message.suggestions[0].action",
			bad + `Unknown name "paymentRequestAction" at 'agent_message.content_message.suggestions[0].action': Cannot find field.`},
		{`{"contentMessage":{"suggestions":[{"action":{"shareLocationAction":{"a":null}}}]}}`, "agent_message.content_message.suggestions[0].action.share_location_action",
			bad + `Unknown name "a" at 'agent_message.content_message.suggestions[0].action.share_location_action': Cannot find field.`},
		// Scalars.
		{`{"contentMessage":{"text":5}}`, "agent_message.content_message.text", `Invalid value at 'agent_message.content_message.text' (TYPE_STRING), 5`},
		{`{"contentMessage":{"text":true}}`, "agent_message.content_message.text", `Invalid value at 'agent_message.content_message.text' (TYPE_STRING), true`},
		{`{"contentMessage":{"contentInfo":{"forceRefresh":"yes"}}}`, "agent_message.content_message.content_info.force_refresh",
			`Invalid value at 'agent_message.content_message.content_info.force_refresh' (TYPE_BOOL), "yes"`},
		{`{"contentMessage":{"suggestions":{"action":{"viewLocationAction":{"latLong":{"latitude":"north"}}}}}}`,
			"agent_message.content_message.suggestions.action.view_location_action.lat_long.latitude",
			`Invalid value at 'agent_message.content_message.suggestions.action.view_location_action.lat_long.latitude' (TYPE_DOUBLE), "north"`},
		{`{"contentMessage":{"text":{}}}`, "agent_message.content_message", `Invalid value at 'agent_message.content_message' (text), Starting an object on a scalar field`},
		{`{"contentMessage":{"text":["a"]}}`, "agent_message.content_message", bad + `Unknown name "text" at 'agent_message.content_message': Proto field is not repeating, cannot start list.`},
		// Enums and messages.
		{`{"messageTrafficType":"BOGUS"}`, "agent_message.message_traffic_type",
			`Invalid value at 'agent_message.message_traffic_type' (` + pkg + `MessageTrafficType), "BOGUS"`},
		{`{"messageTrafficType":"promotion"}`, "agent_message.message_traffic_type",
			`Invalid value at 'agent_message.message_traffic_type' (` + pkg + `MessageTrafficType), "promotion"`},
		{`{"messageTrafficType":99}`, "agent_message.message_traffic_type",
			`Invalid value at 'agent_message.message_traffic_type' (` + pkg + `MessageTrafficType), 99`},
		{`{"contentMessage":{"richCard":{"standaloneCard":{"cardOrientation":"UP"}}}}`, "agent_message.content_message.rich_card.standalone_card.card_orientation",
			`Invalid value at 'agent_message.content_message.rich_card.standalone_card.card_orientation' (` + pkg + `richcards.StandaloneCard.CardOrientation), "UP"`},
		{`{"contentMessage":{"richCard":{"carouselCard":{"cardContents":[{"media":{"height":-1}}]}}}}`, "agent_message.content_message.rich_card.carousel_card.card_contents[0].media.height",
			`Invalid value at 'agent_message.content_message.rich_card.carousel_card.card_contents[0].media.height' (` + pkg + `richcards.Media.Height), -1`},
		{`{"contentMessage":"hi"}`, "agent_message.content_message", `Invalid value at 'agent_message.content_message' (` + pkg + `AgentContentMessage), "hi"`},
		// Unions, in the order of the body.
		{`{"contentMessage":{"text":"a","rich_card":{}}}`, "agent_message.content_message",
			`Invalid value at 'agent_message.content_message' (oneof), oneof field 'content' is already set. Cannot set 'richCard'`},
		{`{"contentMessage":{"richCard":{},"text":"a"}}`, "agent_message.content_message",
			`Invalid value at 'agent_message.content_message' (oneof), oneof field 'content' is already set. Cannot set 'text'`},
		{`{"ttl":"10s","expireTime":"2026-11-20T12:00:00Z"}`, "agent_message",
			`Invalid value at 'agent_message' (oneof), oneof field 'expiration' is already set. Cannot set 'expireTime'`},
		{`{"contentMessage":{},"content_message":{}}`, "agent_message", `Invalid value at 'agent_message' (content_message), field is already set.`},
		// Times.
		{`{"ttl":"10"}`, "agent_message.ttl",
			`Invalid value at 'agent_message.ttl' (type.googleapis.com/google.protobuf.Duration), Field 'ttl', Illegal duration format; duration must end with 's'`},
		{`{"ttl":10}`, "agent_message.ttl", `Invalid value at 'agent_message.ttl' (type.googleapis.com/google.protobuf.Duration), 10`},
		{`{"expireTime":"soon"}`, "agent_message.expire_time",
			`Invalid value at 'agent_message.expire_time' (type.googleapis.com/google.protobuf.Timestamp), Field 'expireTime', Invalid time format: soon`},
		// Syntax.
		{`hello`, "", bad + "Unexpected token.\nhello\n^"},
		{`{"contentMessage": foo}`, "", bad + "Unexpected token.\n{\"contentMessage\": foo}\n                   ^"},
		{`{"contentMessage":`, "", bad + "Unexpected end of string. Expected a value.\n{\"contentMessage\":\n                  ^"},
		{`{"contentMessage"}`, "", bad + "Expected : between key:value pair.\n{\"contentMessage\"}\n                 ^"},
		{`{"ttl":"1s" "a":1}`, "", bad + "Expected , or } after key:value pair.\n{\"ttl\":\"1s\" \"a\":1}\n            ^"},
		{`{1:2}`, "", bad + "Expected an object key or }.\n{1:2}\n ^"},
		{`{"a":[1 2]}`, "", bad + "Expected , or ] after array value.\n{\"a\":[1 2]}\n        ^"},
		{`{"a":"b`, "", bad + "Closing quote expected in string.\n{\"a\":\"b\n       ^"},
		{`{"a":01}`, "", bad + "Unable to parse number.\n{\"a\":01}\n     ^"},
		{`{"a":"\x"}`, "", bad + "Invalid escape sequence.\n{\"a\":\"\\x\"}\n      ^"},
		{`{"a":"\ud800"}`, "", bad + "Missing low surrogate.\n{\"a\":\"\\ud800\"}\n            ^"},
		{`{} {}`, "", bad + "Parsing terminated before end of input.\n{} {}\n   ^"},
		{"{'é':\x80}", "", bad + "Encountered non UTF-8 code points.\n{'é':\uFFFD}\n     ^"},
		{`[]`, "", bad + `Unknown name "": Root element must be a message.`},
	}
	for _, row := range rows {
		_, err := DecodeAgentMessage([]byte(row.body))
		e := AsError(err)
		if e == nil || e.Code != CodeInvalidArgument || e.Message != row.text ||
			len(e.Violations) != 1 || e.Violations[0] != (Violation{row.field, row.text}) {
			t.Errorf("%s\n got %+v\nwant %q at %q", row.body, e, row.text, row.field)
		}
	}
}

func TestGrammarAtTheRoot(t *testing.T) {
	_, err := Decode[BatchGetUsersRequest]([]byte(`{"foo":1,"users":[5,"+1"],"agentId":[]}`), "")
	e := AsError(err)
	want := []Violation{
		{"", `Invalid JSON payload received. Unknown name "foo": Cannot find field.`},
		{"users[0]", `Invalid value at 'users[0]' (TYPE_STRING), 5`},
		{"", `Invalid JSON payload received. Unknown name "agentId": Proto field is not repeating, cannot start list.`},
	}
	if fmt.Sprint(e.Violations) != fmt.Sprint(want) {
		t.Errorf("got %q", e.Violations)
	}
	if e.Message != want[0].Description+"\n"+want[1].Description+"\n"+want[2].Description {
		t.Errorf("message %q", e.Message)
	}
}

func TestViolationsAreCapped(t *testing.T) {
	body := "{" + strings.Repeat(`"a":1,`, MaxViolations+7) + "}"
	_, err := DecodeAgentMessage([]byte(body))
	e := AsError(err)
	if len(e.Violations) != MaxViolations+1 || e.Violations[MaxViolations].Description != "7 more problems are not listed." {
		t.Errorf("%d violations, the last %+v", len(e.Violations), e.Violations[len(e.Violations)-1])
	}
}

func TestDepth(t *testing.T) {
	for depth, want := range map[int]string{
		100:     `Cannot find field.`,
		101:     "Message too deep. Max recursion depth reached for key 'a'",
		100_000: "Message too deep. Max recursion depth reached for key 'a'",
	} {
		body := `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
		if _, err := DecodeAgentMessage([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

func TestDecodeTooBig(t *testing.T) {
	ok := "{}" + strings.Repeat(" ", MaxMessageBytes-2)
	if _, err := DecodeAgentMessage([]byte(ok)); err != nil {
		t.Error(err)
	}
	_, err := DecodeAgentMessage([]byte(ok + " "))
	checkViolation(t, "too big", err, "agent_message")
	if !strings.Contains(err.Error(), "250 KB") {
		t.Errorf("%v does not name the rule", err)
	}
	_, err = Decode[BatchGetUsersRequest](make([]byte, MaxRequestBytes+1), "")
	if got, want := AsError(err).Message, "Invalid value: 1048577 bytes, at most 1048576 (1024 KB) are allowed."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
