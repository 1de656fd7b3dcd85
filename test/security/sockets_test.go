package security

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/openrbm/openrbm/internal/frame"
	"github.com/openrbm/openrbm/servertest"
)

// socketWait bounds every wait at a socket.
const socketWait = 30 * time.Second

// hello says hello over a bare socket and returns the answer.
func hello(t testing.TB, url, number, token string) (*websocket.Conn, string) {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	must(t, err)
	t.Cleanup(func() { ws.Close() })
	must(t, ws.SetReadDeadline(time.Now().Add(socketWait)))
	must(t, ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"hello","protocol":%d,"phoneNumber":%q,"token":%q}`, frame.Protocol, number, token)))
	_, answer, err := ws.ReadMessage()
	must(t, err)
	return ws, string(answer)
}

// ended waits until the server ends the connection, and says how many bytes were
// written before.
func ended(t *testing.T, c net.Conn, next func(i int) []byte, most int) int {
	t.Helper()
	must(t, c.SetDeadline(time.Now().Add(socketWait)))
	gone := make(chan struct{})
	go func() { // what the server says is read, so that it never waits for us
		defer close(gone)
		buf := make([]byte, 4096)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
		}
	}()
	written := 0
	for i := 0; written < most; i++ {
		n, err := c.Write(next(i))
		written += n
		if err != nil {
			break
		}
	}
	<-gone
	return written
}

// masked is a frame of a client, masked with zeroes.
func masked(first byte, payload int) []byte {
	if payload < 126 {
		return append([]byte{first, 0x80 | byte(payload), 0, 0, 0, 0}, make([]byte, payload)...)
	}
	return append([]byte{first, 0x80 | 126, byte(payload >> 8), byte(payload), 0, 0, 0, 0}, make([]byte, payload)...)
}

func TestHostileSockets(t *testing.T) {
	s := servertest.New(t)
	const much = 64 << 20
	for name, next := range map[string]func(i int) []byte{
		"a frame that is too large": func(int) []byte {
			return append([]byte{0x81, 0x80 | 127, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 32<<10)...)
		},
		"a frame of 2^63 bytes":         func(int) []byte { return []byte{0x81, 0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} },
		"fragments without end":         func(i int) []byte { return masked(byte(min(1, max(0, 1-i))), 1000) },
		"empty fragments without end":   func(i int) []byte { return masked(byte(min(1, max(0, 1-i))), 0) },
		"a binary message":              func(int) []byte { return masked(0x82, 10) },
		"reserved bits":                 func(int) []byte { return masked(0xf1, 10) },
		"an unknown opcode":             func(int) []byte { return masked(0x83, 10) },
		"a ping in fragments":           func(int) []byte { return masked(0x09, 10) },
		"a long ping":                   func(int) []byte { return masked(0x89, 1000) },
		"a frame without a mask":        func(int) []byte { return []byte{0x81, 2, '{', '}'} },
		"a continuation of nothing":     func(int) []byte { return masked(0x80, 10) },
		"a close frame with a bad code": func(int) []byte { return masked(0x88, 2) },
		"not text":                      func(int) []byte { return append([]byte{0x81, 0x82, 0, 0, 0, 0}, 0xff, 0xfe) },
		"not JSON":                      func(int) []byte { return append([]byte{0x81, 0x82, 0, 0, 0, 0}, "[["...) },
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			ws, welcome := hello(t, s.Ready.DeviceURL, s.Number(), s.Ready.Phones[0].DeviceToken)
			if !strings.Contains(welcome, "welcome") {
				t.Fatal(welcome)
			}
			if n := ended(t, ws.NetConn(), next, much); n >= much {
				t.Errorf("the server took %d bytes", n)
			}
		})
	}
	if _, welcome := hello(t, s.Ready.DeviceURL, s.Number(), s.Ready.Phones[0].DeviceToken); !strings.Contains(welcome, "welcome") {
		t.Error(welcome)
	}
}

// Pings are answered, and read at the pace of frames: whoever sends ten thousand
// waits, and no other phone does.
func TestPingsArePaced(t *testing.T) {
	s := servertest.New(t)
	ws, _ := hello(t, s.Ready.DeviceURL, s.Number(), s.Ready.Phones[0].DeviceToken)
	pongs, done := 0, make(chan struct{})
	ws.SetPongHandler(func(string) error {
		if pongs++; pongs == 4000 {
			close(done)
		}
		return nil
	})
	begin := time.Now()
	go func() {
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
		}
	}()
	for range 4000 {
		must(t, ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(socketWait)))
	}
	select {
	case <-done:
	case <-time.After(socketWait):
		t.Fatalf("%d pongs", pongs)
	}
	// 2500 at once, then 500 a second.
	if took := time.Since(begin); took < 2*time.Second {
		t.Errorf("4000 pings were answered in %v", took)
	}
}

// A page of another site cannot use the phone that its visitor can reach.
func TestOtherOriginsGetNoSocket(t *testing.T) {
	s := servertest.New(t)
	for origin, want := range map[string]int{"https://evil.example": http.StatusForbidden, "null": http.StatusForbidden, s.Ready.APIURL: http.StatusSwitchingProtocols} {
		ws, resp, err := websocket.DefaultDialer.DialContext(s.Context(), s.Ready.DeviceURL, http.Header{"Origin": {origin}})
		if resp == nil || resp.StatusCode != want {
			t.Errorf("from %s: %v, %v", origin, resp, err)
		}
		if err == nil {
			ws.Close()
		}
	}
}
