package rbm

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// same fails unless v has a plan that writes what the JSON package writes.
func same(t *testing.T, v any) {
	t.Helper()
	if planOf(reflect.TypeOf(v).Elem()) == nil {
		t.Fatalf("%T has no plan", v)
	}
	want, wantErr := json.Marshal(v, compact)
	got, err := Marshal(v)
	if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
		t.Fatalf("got  %s, %v\nwant %s, %v", got, err, want, wantErr)
	}
}

func TestPlanWrites(t *testing.T) {
	at := Timestamp(time.Date(2026, 11, 20, 12, 0, 0, 123_000_000, time.UTC))
	beyond := Timestamp(time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC))
	for _, v := range []any{
		&AgentMessage{}, &AgentMessage{SendTime: at, ExpireTime: &at, TTL: NewDuration(time.Minute), TotalPayloadSizeBytes: 1 << 60},
		&AgentMessage{SendTime: beyond}, &AgentMessage{ExpireTime: new(Timestamp)},
		&AgentMessage{ContentMessage: &AgentContentMessage{Text: "<\"\\\x00\n\u2028é😀>", Suggestions: []Suggestion{{}, {Reply: &SuggestedReply{}}}}},
		&AgentMessage{ContentMessage: &AgentContentMessage{Text: "\xff"}},
		&AgentMessage{ContentMessage: &AgentContentMessage{Suggestions: []Suggestion{}}},
		&LatLng{Latitude: 1e-9, Longitude: -180}, &LatLng{Latitude: math.NaN()}, &LatLng{Latitude: math.Copysign(0, -1)},
		&UserMessage{}, &AgentEvent{}, &UserEvent{SendTime: at}, &RichMessageClassification{SegmentCount: -3},
	} {
		same(t, v)
	}
	for _, v := range []any{&AgentMessageView{ContentMessage: jsontext.Value("{}")}, &struct{ A any }{}, &struct {
		A map[string]int `json:"a"`
	}{}, &DialogflowEvent{}} {
		if planOf(reflect.TypeOf(v).Elem()) != nil {
			t.Errorf("%T has a plan", v)
		}
	}
}

// FuzzPlan: what is read plainly is what the JSON package reads, and is written as
// that writes it.
func FuzzPlan(f *testing.F) {
	for _, row := range append(wireBodies, oddBodies...) {
		f.Add([]byte(row.body))
	}
	for _, body := range []string{
		` { "contentMessage" :\t{ "text" : "a\\u00e9\\ud83d\\ude00\\n" } } `, `{"contentMessage":{"text":"\\ud800"}}`, `{"contentMessage":{}}{}`, `{"ttl":"1s","ttl":"2s"}`,
		`{"contentMessage":{"suggestions":[]}}`, `{"contentMessage":{"suggestions":[{},]}}`, "{\"contentMessage\":{\"text\":\"\xff\"}}",
		`{"contentMessage":{"contentInfo":{"forceRefresh":true}}}`, `{"contentMessage":{"suggestions":[{"action":{"viewLocationAction":{"latLong":{"latitude":-1.5e1,"longitude":0}}}}]}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, want AgentMessage
		if !readPlainly(body, reflect.ValueOf(&got)) {
			return
		}
		if err := json.Unmarshal(body, &want, strict); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %+v, want %+v, %v", body, got, want, err)
		}
		same(t, &got)
	})
}
