package ledger

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/rbm"
)

const someUUID = "0123abcd-4567-89ef-0123-456789abcdef"

// What follows from the rest of a record is not stored, and is there when it is read.
func TestItemAbridged(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 123_456_000, time.UTC)
	item := func(kind delivery.Kind, id, payload string) *Item {
		return &Item{Ref: Ref{"agent", id}, Seq: 7, Kind: kind, Phone: "+12223334444", SendTime: at, Payload: []byte(payload)}
	}
	message := func(id string) string {
		b, err := rbm.Marshal(&rbm.AgentMessage{
			Name: "phones/+12223334444/agentMessages/" + id, SendTime: rbm.Timestamp(at), ContentMessage: &rbm.AgentContentMessage{Text: "hi"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	event := strings.Replace(message("e"), "agentMessages", "agentEvents", 1)
	for _, c := range []struct {
		it   *Item
		most int // bytes of the record
	}{
		{item(delivery.Message, someUUID, message(someUUID)), 85},
		{item(delivery.Message, "id", message("id")), 75},
		{item(delivery.Event, "e", event), 75},
		{item(delivery.Message, "e", event), 200},
		{item(delivery.Message, `a"b`, message(`a"b`)), 200},
		{item(delivery.Message, strings.ToUpper(someUUID), message(strings.ToUpper(someUUID))), 110},
		{item(delivery.Message, "0123abc-d4567-89ef-0123-456789abcdef", `{}`), 100},
		{item(delivery.Message, someUUID, `{}`), 60},
	} {
		record := c.it.encode()
		got, err := decodeItem(bodyKey(7), record)
		if err != nil || !reflect.DeepEqual(got, c.it) {
			t.Errorf("%s: got %+v, %v", c.it.ID, got, err)
		}
		if len(record) > c.most {
			t.Errorf("%s: a record of %d bytes, want at most %d: %q", c.it.ID, len(record), c.most, record)
		}
	}
	// A record that spells everything out is what older programs wrote.
	whole := item(delivery.Message, someUUID, message(someUUID))
	var w writer
	w.byte(recordV1)
	w.byte(byte(whole.Kind))
	w.time(whole.SendTime)
	w.time(whole.ExpireTime)
	w.string(whole.Agent)
	w.string(whole.ID)
	w.string(whole.Phone)
	w.rest(whole.Payload)
	if got, err := decodeItem(bodyKey(7), w); err != nil || !reflect.DeepEqual(got, whole) {
		t.Errorf("of an older program: got %+v, %v", got, err)
	}
}

func FuzzPackUUID(f *testing.F) {
	f.Add(someUUID)
	f.Add("0123abc-d4567-89ef-0123-456789abcdef")
	f.Fuzz(func(t *testing.T, s string) {
		if b, ok := packUUID(s); ok && unpackUUID(b[:]) != s {
			t.Fatalf("%q becomes %q", s, unpackUUID(b[:]))
		}
		var b [16]byte
		copy(b[:], s)
		if again, ok := packUUID(unpackUUID(b[:])); !ok || !bytes.Equal(again[:], b[:]) {
			t.Fatalf("%x becomes %x, %t", b, again, ok)
		}
	})
}
