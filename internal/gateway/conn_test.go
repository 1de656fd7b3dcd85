package gateway

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"
)

// packets is a network connection that keeps what is written.
type packets struct {
	net.Conn // only what is below is used
	written  [][]byte
	deadline bool
}

func (p *packets) Write(b []byte) (int, error) {
	p.written = append(p.written, bytes.Clone(b))
	return len(b), nil
}

func (p *packets) SetWriteDeadline(time.Time) error { p.deadline = true; return nil }

func TestCorkCollects(t *testing.T) {
	var p packets
	c := &conn{Conn: &p, timeout: time.Second}
	write := func(s string) {
		t.Helper()
		if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	write("before")
	c.cork()
	write("a")
	write("b")
	large := strings.Repeat("x", corkBytes+1)
	write(large)
	write("c")
	if err := c.uncork(); err != nil {
		t.Fatal(err)
	}
	write("after")
	want := []string{"before", "ab", large, "c", "after"}
	if len(p.written) != len(want) || !p.deadline {
		t.Fatalf("%d writes, want %d; a deadline: %v", len(p.written), len(want), p.deadline)
	}
	for i, w := range want {
		if string(p.written[i]) != w {
			t.Errorf("write %d: %.20q, want %.20q", i, p.written[i], w)
		}
	}
	if c.cork(); c.uncork() != nil || len(p.written) != len(want) {
		t.Error("an empty cork writes")
	}
}

func TestLimiter(t *testing.T) {
	var l limiter
	for range unitsAtOnce / commitCost {
		if wait := l.take(commitCost, 0); wait != 0 {
			t.Fatalf("waits %v within the burst", wait)
		}
	}
	if wait := l.take(commitCost, 0); wait != 50*time.Millisecond {
		t.Errorf("beyond the burst: waits %v, want 50 ms", wait)
	}
	if wait := l.take(1, 50*time.Millisecond); wait != 2*time.Millisecond {
		t.Errorf("after that wait: waits %v, want 2 ms", wait)
	}
	if wait := l.take(commitCost, time.Hour); wait != 0 || l.spent != commitCost {
		t.Errorf("after a long pause: waits %v, %v spent", wait, l.spent)
	}
}
