package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func newRun(o Options) *run {
	o.setDefaults()
	r := &run{opts: o, book: newBook(), accept: newLatency(), frame: newLatency(), receipt: newLatency(), fail: func(error) {}}
	token := "t"
	r.token.Store(&token)
	return r
}

// The checks see what they are there to see.
func TestChecks(t *testing.T) {
	r := newRun(Options{Phones: 2, Online: 2, Webhook: "x"})
	r.pace = &closedLoop{book: r.book}
	zero, one := &device{r: r, index: 0, generation: 1}, &device{r: r, index: 1, generation: 1}
	sent := func(n int, begun, acked time.Duration) {
		rec := r.book.at(n)
		rec.begun.Store(int64(begun))
		rec.acked.Store(int64(acked))
		r.count.sent.Add(1)
		r.count.accepted.Add(1)
	}
	for n := range 8 {
		sent(n, time.Duration(10*n+1), time.Duration(10*n+5))
	}
	zero.came(r.book.id(0))
	zero.came(r.book.id(4))
	zero.came(r.book.id(2)) // out of order: accepted before 4 was sent
	zero.came(r.book.id(4)) // twice
	zero.generation++
	zero.came(r.book.id(4)) // a repeat after the break
	one.came(r.book.id(1))
	one.came(r.book.id(6))             // of phone 0
	one.came("an-id-of-somebody-else") // and of no run
	one.came(r.book.prefix + "ffffffffffff")
	r.book.at(1).receipt.Store(true)
	s := r.summary(time.Second)
	want := Checks{Lost: 3, Duplicated: 1, OutOfOrder: 1, Misdelivered: 1, MissingReceipts: 4, Repeated: 1, Foreign: 2}
	if s.Checks != want {
		t.Errorf("got %+v, want %+v", s.Checks, want)
	}
	err := s.Err()
	for _, part := range []string{"3 lost", "1 duplicated", "1 out of order", "1 delivered to another phone", "4 without a receipt"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want %q in it", err, part)
		}
	}
}

// Messages that overlap may come in any order.
func TestSendsThatOverlapHaveNoOrder(t *testing.T) {
	r := newRun(Options{Phones: 1, Online: 1})
	for n, times := range [][2]int64{{1, 9}, {5, 7}} {
		r.book.at(n).begun.Store(times[0])
		r.book.at(n).acked.Store(times[1])
	}
	d := &device{r: r, generation: 1}
	d.came(r.book.id(1))
	d.came(r.book.id(0))
	if r.count.disordered.Load() != 0 {
		t.Error("they count as out of order")
	}
}

// A server that stalls once is charged with everything that was due meanwhile.
func TestNoCoordinatedOmission(t *testing.T) {
	const stall, messages, rate = 200 * time.Millisecond, 40, 100
	var once bool
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if !once {
			once = true
			<-time.After(stall)
		}
	}))
	defer server.Close()
	r := newRun(Options{URL: server.URL, Connections: 1, Rate: rate, Messages: messages})
	r.load(t.Context())
	if n := r.count.accepted.Load(); n != messages {
		t.Fatalf("%d of %d were accepted: %v", n, messages, r.errors.list())
	}
	late := 0
	for n := range messages {
		rec := r.book.at(n)
		if time.Duration(rec.acked.Load()-rec.due.Load()) >= stall/2 {
			late++
		}
	}
	if late < int(rate*stall.Seconds()/2) {
		t.Errorf("only %d messages count as late", late)
	}
	if got := r.accept.sum(); got.Count != messages || got.Max < float64(stall.Milliseconds()) {
		t.Errorf("got %+v", got)
	}
}

// What a server may answer, and what becomes of it.
func TestConn(t *testing.T) {
	for _, c := range []struct {
		answer string
		status int
		body   string
		closed bool
		err    string
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "", false, ""},
		{"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nTrailer: x\r\n\r\n", 200, "{}", false, ""},
		{"HTTP/1.1 429 Too Many\r\ncontent-length:5\r\nConnection: close\r\n\r\nlater", 429, "later", true, ""},
		{"HTTP/1.0 503 No\r\nContent-Length: 0\r\n\r\n", 503, "", true, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", 200, "", false, "EOF"},
		{"HTTP/1.1 400 Bad\r\nContent-Length: 9\r\n\r\n{}", 400, "", false, "EOF"},
		{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, "", false, "Content-Length"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", 0, "", false, "Content-Length"},
		{"SSH-2.0-OpenSSH\r\n", 0, "", false, "not an HTTP answer"},
		{"HTTP/1.1 abc\r\n\r\n", 0, "", false, "not an HTTP answer"},
		{"", 0, "", false, "EOF"},
	} {
		k := &Conn{in: bufio.NewReader(strings.NewReader(c.answer))}
		status, body, err := k.readAnswer()
		if status != c.status || err == nil && string(body) != c.body || k.closed != c.closed ||
			(err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: got %d %q %v, %v", c.answer, status, body, k.closed, err)
		}
	}
}

func TestConnGoesOn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		w.Write(bytes.Repeat(body, 1000)) // chunked
	}))
	defer server.Close()
	c, err := Dial(context.Background(), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 3 {
		if status, _, err := c.Post("/x", "secret", []byte(`{"a":1}`)); status != 200 || err != nil {
			t.Fatalf("got %d, %v", status, err)
		}
		if status, answer, err := c.Post("/x", "wrong", []byte(`{}`)); status != 401 || err != nil || len(answer) != 2000 {
			t.Fatalf("got %d, %d bytes, %v", status, len(answer), err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
	f.Add([]byte("HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &Conn{in: bufio.NewReader(bytes.NewReader(data))}
		status, answer, err := c.readAnswer()
		if err == nil && (status < -99 || status > 999 || len(answer) > maxAnswer) {
			t.Errorf("got %d and %d bytes", status, len(answer))
		}
	})
}
