package ledger

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/delivery"
	"github.com/openrbm/openrbm/internal/store"
)

// sample is a record of each kind, and how it is read and written again.
type sample struct {
	name   string
	rec    store.Record
	decode func(store.Record) (again []byte, err error)
}

var (
	sampleItem = &Item{
		Ref: Ref{"demo", "m-1"}, Seq: 7, Kind: delivery.Message, Phone: phoneA,
		SendTime: start, ExpireTime: start.Add(time.Hour), Payload: []byte(`{"a":1}`),
	}
	sampleStatus = &Status{
		Ref: sampleItem.Ref, Seq: 1 << 62, Kind: delivery.Event, State: delivery.Unconfirmed, Phone: phoneA,
		ExpireTime: start.Add(time.Hour), ChangeTime: start,
	}
	sampleNotice = &Notice{Agent: "demo", EventID: "e-1", Type: "TEXT", Data: []byte("{}"), Created: start, Due: start.Add(time.Second), Attempts: 3}
)

func samples() []sample {
	return []sample{
		{"item", store.Record{Key: bodyKey(7), Value: sampleItem.encode()}, func(rec store.Record) ([]byte, error) {
			it, err := decodeItem(rec.Key, rec.Value)
			return it.encode(), err
		}},
		{"status", store.Record{Key: idKey(sampleStatus.Ref), Value: sampleStatus.encode()}, func(rec store.Record) ([]byte, error) {
			s, err := decodeStatus(sampleStatus.Ref, rec.Value)
			return s.encode(), err
		}},
		{"waiting", store.Record{Key: mailboxKey(phoneA, 7), Value: encodeWaiting(delivery.Queued)}, func(rec store.Record) ([]byte, error) {
			p, err := decodeWaiting(rec)
			return encodeWaiting(p.state), err
		}},
		{"due", store.Record{Key: dueKey(start, 7), Value: encodeDue(sampleItem)}, func(rec store.Record) ([]byte, error) {
			it, _, err := decodeDue(rec)
			return encodeDue(&Item{Ref: it.Ref, Phone: it.Phone}), err
		}},
		{"notice", store.Record{Key: sampleNotice.key(), Value: sampleNotice.encode()}, func(rec store.Record) ([]byte, error) {
			n, err := decodeNotice(rec, "demo")
			if err != nil {
				return nil, err
			}
			return n.encode(), nil
		}},
		{"upstream", store.Record{Key: upstreamKey(phoneA, Ref{"demo", "u-1"}), Value: encodeUpstream(start)}, func(rec store.Record) ([]byte, error) {
			at, err := decodeUpstream(rec)
			return encodeUpstream(at), err
		}},
	}
}

func TestRecordsRoundTrip(t *testing.T) {
	if it := must(decodeItem(bodyKey(7), sampleItem.encode()))(t); !reflect.DeepEqual(it, sampleItem) {
		t.Errorf("item %+v became %+v", sampleItem, it)
	}
	if s := must(decodeStatus(sampleStatus.Ref, sampleStatus.encode()))(t); !reflect.DeepEqual(s, sampleStatus) {
		t.Errorf("status %+v became %+v", sampleStatus, s)
	}
	if p := must(decodeWaiting(samples()[2].rec))(t); p != (place{7, delivery.Queued}) {
		t.Errorf("mailbox row became %+v", p)
	}
	it, at, err := decodeDue(samples()[3].rec)
	if err != nil || it != (DueItem{sampleItem.Ref, phoneA}) || !at.Equal(start) {
		t.Errorf("due row became %+v at %v, %v", it, at, err)
	}
	if n := must(decodeNotice(samples()[4].rec, "demo"))(t); !reflect.DeepEqual(n, sampleNotice) {
		t.Errorf("notice %+v became %+v", sampleNotice, n)
	}
	if at := must(decodeUpstream(samples()[5].rec))(t); !at.Equal(start) {
		t.Errorf("upstream row became %v", at)
	}
	never := &Item{Kind: delivery.Message, Seq: 7, SendTime: start}
	if it := must(decodeItem(bodyKey(7), never.encode()))(t); !it.ExpireTime.IsZero() {
		t.Errorf("no expireTime became %v", it.ExpireTime)
	}
}

// Whatever is cut off, added or newer is refused, and the error names the key.
func TestDamagedRecordsAreRefused(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			again, err := s.decode(s.rec)
			if err != nil || !bytes.Equal(again, s.rec.Value) {
				t.Fatalf("%x became %x, %v", s.rec.Value, again, err)
			}
			refuse := func(what string, rec store.Record, words string) {
				t.Helper()
				_, err := s.decode(rec)
				if err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), strconv.Quote(string(s.keyOf(rec)))) {
					t.Errorf("%s: %v; want %q and the key", what, err, words)
				}
			}
			open := s.name == "item" || s.name == "notice" // end in what is not measured
			for n := range s.rec.Value {
				if open && n >= len(s.rec.Value)-len(`{"a":1}`) {
					break
				}
				refuse("cut short", store.Record{Key: s.rec.Key, Value: s.rec.Value[:n]}, "damaged record")
			}
			if !open {
				refuse("too long", store.Record{Key: s.rec.Key, Value: append(bytes.Clone(s.rec.Value), 0)}, "bytes too many")
			}
			newer := bytes.Clone(s.rec.Value)
			newer[0] = recordV1 + 1
			refuse("newer", store.Record{Key: s.rec.Key, Value: newer}, "use a newer openrbm")
			newer[0] = 0
			refuse("version 0", store.Record{Key: s.rec.Key, Value: newer}, "damaged record")
			if s.name != "status" && s.name != "upstream" { // their keys are not taken apart
				refuse("short key", store.Record{Key: s.rec.Key[:7], Value: s.rec.Value}, "damaged record")
			}
		})
	}
}

// keyOf is the key that an error names: a status is read under a known one.
func (s sample) keyOf(rec store.Record) store.Key {
	if s.name == "status" {
		return s.rec.Key
	}
	return rec.Key
}

func FuzzDecode(f *testing.F) {
	for i, s := range samples() {
		f.Add(byte(i), []byte(s.rec.Key), s.rec.Value)
		f.Add(byte(i), []byte(s.rec.Key), s.rec.Value[:len(s.rec.Value)/2])
		f.Add(byte(i), []byte{}, []byte{recordV1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	}
	all := samples()
	f.Fuzz(func(t *testing.T, kind byte, k, v []byte) {
		s := all[int(kind)%len(all)]
		rec := store.Record{Key: store.Key(k), Value: v}
		again, err := s.decode(rec)
		if err != nil {
			return
		}
		third, err := s.decode(store.Record{Key: rec.Key, Value: again})
		if err != nil || !bytes.Equal(again, third) {
			t.Errorf("%s: %x was read as %x, and that as %x, %v", s.name, v, again, third, err)
		}
	})
}
