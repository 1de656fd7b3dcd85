package ledger

import (
	"bytes"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
)

// What a phone is told of files is kept beside the message, which stays as it is;
// a record from before there were files is read as one without.
func TestItemWithMedia(t *testing.T) {
	plain := Item{
		Ref: Ref{"a", "1"}, Seq: 7, Kind: delivery.Message, Phone: "+12223334444", SendTime: time.Unix(9, 0).UTC(),
		Payload: []byte(`{"contentMessage":{}}`),
	}
	with := plain
	with.Media = []byte(`[{"path":"contentInfo"}]`)
	for _, want := range []Item{plain, with} {
		got, err := decodeItem(bodyKey(want.Seq), want.encode())
		if err != nil || got.Kind != want.Kind || !bytes.Equal(got.Payload, want.Payload) || !bytes.Equal(got.Media, want.Media) || !got.SendTime.Equal(want.SendTime) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	record := with.encode()
	for n := range len(record) - len(with.Payload) {
		if it, err := decodeItem(bodyKey(1), record[:n]); err == nil {
			t.Errorf("cut to %d bytes it is read as %+v", n, it)
		}
	}
	empty := append([]byte{recordV1, byte(delivery.Message) | withMedia, 0}, plain.encode()[2:]...)
	if it, err := decodeItem(bodyKey(1), empty); err == nil {
		t.Errorf("without the media that it says it has it is read as %+v", it)
	}
}
