package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/url"
	"strconv"
	"time"
)

// Conn is one kept HTTP/1.1 connection. It does as little as an HTTP client can,
// since it often shares a machine with the server that it measures. One goroutine
// uses it at a time.
type Conn struct {
	conn   net.Conn
	in     *bufio.Reader
	host   string
	out    []byte
	closed bool // the server has said that it hangs up
}

const (
	dialTimeout = 10 * time.Second
	postTimeout = 30 * time.Second
	maxAnswer   = 1 << 20 // bytes; a longer answer is an error
)

// Dial connects to the host of base, an http or https URL.
func Dial(ctx context.Context, base string, config *tls.Config) (*Conn, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var conn net.Conn
	if u.Scheme == "https" {
		conn, err = (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", withPort(u, "443"))
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", withPort(u, "80"))
	}
	if err != nil {
		return nil, err
	}
	return &Conn{conn: conn, in: bufio.NewReaderSize(conn, 8<<10), host: u.Host}, nil
}

func withPort(u *url.URL, port string) string {
	if p := u.Port(); p != "" {
		port = p
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// Close ends the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// Post sends body as JSON under a bearer token and reads the answer, of which the
// body is for those who want to know why the status is not 200. After an error the
// connection is over.
func (c *Conn) Post(path, token string, body []byte) (status int, answer []byte, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(postTimeout)); err != nil {
		return 0, nil, err
	}
	b := append(c.out[:0], "POST "...)
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, c.host...)
	b = append(b, "\r\nAuthorization: Bearer "...)
	b = append(b, token...)
	b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	c.out = append(b, body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, nil, err
	}
	return c.readAnswer()
}

func (c *Conn) readAnswer() (status int, answer []byte, err error) {
	status, length, err := c.readHead()
	if err != nil {
		return 0, nil, err
	}
	answer, err = c.readBody(length, status == 200)
	return status, answer, err
}

// chunked is the length of a body that says its end itself.
const chunked = -1

// readHead reads the status line and what the headers say of the body.
func (c *Conn) readHead() (status, length int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 13 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return 0, 0, fmt.Errorf("not an HTTP answer: %.80q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil || status < 100 {
		return 0, 0, fmt.Errorf("not an HTTP answer: %.80q", line)
	}
	c.closed = line[7] == '0'
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		name, value, ok := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		if !ok {
			return status, length, nil // the empty line
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 || length > maxAnswer {
				return 0, 0, fmt.Errorf("the answer has the Content-Length %.80q", value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = chunked
		case bytes.EqualFold(name, []byte("Connection")):
			c.closed = c.closed || bytes.EqualFold(value, []byte("close"))
		}
	}
}

var errTooLong = errors.New("the answer is too long")

func (c *Conn) readBody(length int, discard bool) ([]byte, error) {
	var body io.Reader = io.LimitReader(c.in, int64(length))
	switch {
	case length != chunked && discard:
		_, err := c.in.Discard(length)
		return nil, err
	case length == chunked:
		body = httputil.NewChunkedReader(c.in)
	}
	answer, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = errTooLong
	}
	if err == nil && len(answer) < length {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && length == chunked {
		err = c.endChunks()
	}
	return answer, err
}

// endChunks reads the trailer, which ends with an empty line.
func (c *Conn) endChunks() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil || len(bytes.TrimRight(line, "\r\n")) == 0 {
			return err
		}
	}
}
