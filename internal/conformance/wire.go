package conformance

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	stepTimeout = 30 * time.Second // connecting, sending, and reading the answer
	maxAnswer   = 4 << 20          // bytes of an answer, unpacked
	chunk       = 64               // bytes of a body that are sent as one chunk
)

// response is an answer with its body read and unpacked.
type response struct {
	status int
	header http.Header
	body   []byte
}

// exchange sends the bytes of a request over a connection of its own and reads
// the answer.
func exchange(ctx context.Context, base *url.URL, request []byte) (*response, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	conn, err := dial(ctx, base)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	_, sent := conn.Write(request) // a server may answer and close before it has read all
	method, _, _ := strings.Cut(string(request), " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", errors.Join(context.Cause(ctx), sent, err))
	}
	body, err := readBody(resp)
	return &response{resp.StatusCode, resp.Header, body}, err
}

func dial(ctx context.Context, base *url.URL) (net.Conn, error) {
	address := net.JoinHostPort(base.Hostname(), cmp.Or(base.Port(), base.Scheme))
	if base.Scheme == "https" {
		return new(tls.Dialer).DialContext(ctx, "tcp", address)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

func readBody(resp *http.Response) ([]byte, error) {
	var from io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(from)
		if err != nil {
			return nil, err
		}
		from = unpacked
	}
	b, err := io.ReadAll(io.LimitReader(from, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = fmt.Errorf("it is longer than %d bytes", maxAnswer)
	}
	return b, err
}

// request is the step as it goes over the wire.
func (t *Target) request(s *Step, v vars, now time.Time) ([]byte, error) {
	text, err := t.expand(s.body, v, now)
	if err != nil {
		return nil, err
	}
	body := encode([]byte(text), s.codings)
	v["LENGTH"] = strconv.Itoa(len(body))
	head, err := t.expand(s.head, v, now)
	return slices.Concat([]byte(strings.ReplaceAll(head, "\n", "\r\n")+"\r\n"), body), err
}

// encode applies the codings of a body. Writing to memory does not fail.
func encode(body []byte, codings string) []byte {
	for coding := range strings.FieldsSeq(codings) {
		if coding == "crlf" {
			body = bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n"))
			continue
		}
		var b bytes.Buffer
		var w io.WriteCloser = gzip.NewWriter(&b)
		if coding == "chunked" {
			w = httputil.NewChunkedWriter(&b)
		}
		for piece := range slices.Chunk(body, chunk) {
			w.Write(piece)
		}
		w.Close()
		if body = b.Bytes(); coding == "chunked" {
			body = append(body, "\r\n"...) // no trailers
		}
	}
	return body
}
