package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/frame"
)

func inputOf(data []byte) *input { return &input{buf: bufio.NewReader(bytes.NewReader(data))} }

// wire is a masked frame.
func wire(head byte, payload string) []byte {
	key := [4]byte{1, 2, 3, 4}
	b := []byte{head, 0x80}
	switch n := len(payload); {
	case n < 126:
		b[1] |= byte(n)
	case n < 1<<16:
		b = append([]byte{head, 0x80 | 126}, byte(n>>8), byte(n))
	default:
		b = append([]byte{head, 0x80 | 127}, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	b = append(b, key[:]...)
	for i := range payload {
		b = append(b, payload[i]^key[i&3])
	}
	return b
}

func TestInput(t *testing.T) {
	long := strings.Repeat("abcdefg", 9000) // 63 kB
	for _, c := range []struct {
		name string
		data []byte
		kind int
		want string
		code int // of the breach
	}{
		{"text", wire(0x81, "hello"), websocket.TextMessage, "hello", 0},
		{"empty", wire(0x81, ""), websocket.TextMessage, "", 0},
		{"binary", wire(0x82, "x"), websocket.BinaryMessage, "x", 0},
		{"two bytes of length", wire(0x81, long[:300]), websocket.TextMessage, long[:300], 0},
		{"long", wire(0x81, long), websocket.TextMessage, long, 0},
		{"fragments with a ping between", bytes.Join([][]byte{wire(0x01, "a"), wire(0x89, "p"), wire(0x00, "b"), wire(0x80, "c")}, nil), websocket.TextMessage, "abc", 0},
		{"ping", wire(0x89, "p"), 0, "", 0},
		{"too large", wire(0x81, long+long[:3000]), 0, "", websocket.CloseMessageTooBig},
		{"too large in fragments", append(wire(0x01, long), wire(0x80, long)...), 0, "", websocket.CloseMessageTooBig},
		{"reserved bits", wire(0xc1, "x"), 0, "", websocket.CloseProtocolError},
		{"not masked", []byte{0x81, 1, 'x'}, 0, "", websocket.CloseProtocolError},
		{"long ping", wire(0x89, long[:126]), 0, "", websocket.CloseProtocolError},
		{"fragmented ping", wire(0x09, "x"), 0, "", websocket.CloseProtocolError},
		{"continuation of nothing", wire(0x80, "x"), 0, "", websocket.CloseProtocolError},
		{"message in a message", append(wire(0x01, "x"), wire(0x81, "x")...), 0, "", websocket.CloseProtocolError},
		{"unknown kind", wire(0x83, "x"), 0, "", websocket.CloseProtocolError},
	} {
		t.Run(c.name, func(t *testing.T) {
			pings := 0
			kind, data, err := inputOf(c.data).message(func(p part) error { pings++; return nil })
			wrong, _ := errors.AsType[*wireError](err)
			if kind != c.kind || string(data) != c.want || (err != nil) != (c.code != 0) || wrong != nil && wrong.code != c.code {
				t.Errorf("got %d, %.20q, %v", kind, data, err)
			}
			if want := bytes.Count([]byte(c.name), []byte("a ping")) + bytes.Count([]byte(c.name+"$"), []byte("ping$")); c.code == 0 && pings != want {
				t.Errorf("%d pings", pings)
			}
		})
	}
	for n := range wire(0x81, long[:300]) {
		if _, _, err := inputOf(wire(0x81, long[:300])[:n]).message(nil); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestCloseCode(t *testing.T) {
	for payload, want := range map[string]int{
		"": websocket.CloseNoStatusReceived, "\x03\xe8": 1000, "\x03\xe8bye": 1000, "\x0f\xa0": 4000,
		"\x03": 0, "\x03\xed": 0, "\x03\xee": 0, "\x00\x01": 0, "\x03\xe8\xff": 0, "\x13\x88": 0,
	} {
		e, err := closeCode([]byte(payload))
		if (err != nil) != (want == 0) || err == nil && e.Code != want {
			t.Errorf("%q: got %v, %v", payload, e, err)
		}
	}
}

func FuzzInput(f *testing.F) {
	f.Add(wire(0x81, `{"type":"hello"}`))
	f.Add(append(wire(0x01, "a"), wire(0x80, "b")...))
	f.Add(append(wire(0x89, "p"), wire(0x88, "\x03\xe8")...))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := inputOf(data)
		for range 10 {
			kind, message, err := in.message(func(p part) error {
				if len(p.payload) > maxControl {
					t.Errorf("a control frame of %d bytes", len(p.payload))
				}
				_, err := closeCode(p.payload)
				return err
			})
			if len(message) > frame.MaxFrameBytes || err == nil && kind == 0 && message != nil {
				t.Errorf("got %d and %d bytes", kind, len(message))
			}
			if err != nil {
				return
			}
		}
	})
}
