package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/apidoc"
	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/rbm"
)

// maxBody is the largest request body that is read, before and after
// decompression; messages have their own, smaller limit.
const maxBody = 1 << 20

// call is one request being answered.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	route   *route
	params  []string // the values of the {names} in the path
	query   url.Values
	system  system
	answers *apidoc.Type // what the route answers with, or nil
	caller  auth.Caller  // of messaging routes
	log     *slog.Logger
	status  int                              // of the answer
	cut     bool                             // an answer has begun that cannot be finished
	said    struct{ request, answer []byte } // the bodies, unpacked; the answer without its layout
}

// rawJSON is an answer that is JSON already, as rbm.Marshal writes it.
type rawJSON []byte

// body reads the request's body, unpacked. A form is not JSON: its fields are
// parameters that no method has (facts/rbm-api.md §7.2).
func (c *call) body() ([]byte, error) {
	b, err := c.unpacked()
	c.said.request = b
	if err == nil && c.isForm() && len(b) > 0 {
		return nil, unknownParameters([]string{string(b[:min(len(b), 1024)])})
	}
	return b, err
}

func (c *call) isForm() bool {
	t, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	return t == "application/x-www-form-urlencoded"
}

// unpacked reads the request's body, at most maxBody of it before and after
// unpacking.
func (c *call) unpacked() ([]byte, error) {
	limited := http.MaxBytesReader(c.w, c.r.Body, maxBody)
	var from io.Reader = limited
	switch coding := c.r.Header.Get("Content-Encoding"); strings.ToLower(coding) {
	case "", "identity":
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(limited)
		if err != nil {
			return nil, rbm.Errorf(rbm.CodeInvalidArgument, "The request body is not valid gzip.")
		}
		from = unpacked
	default:
		return nil, rbm.Errorf(rbm.CodeInvalidArgument, "The Content-Encoding %q is not supported: use gzip.", coding)
	}
	b, err := readAll(from, c.r.ContentLength)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) || len(b) > maxBody {
		return nil, rbm.Errorf(rbm.CodeInvalidArgument, "Request payload size exceeds the limit: %d bytes.", maxBody)
	}
	if err != nil {
		return nil, rbm.Errorf(rbm.CodeInvalidArgument, "The request body could not be read: it is cut short or damaged.")
	}
	return b, nil
}

// readAll reads one byte more than may be, to see that it is too much.
func readAll(r io.Reader, expect int64) ([]byte, error) {
	if expect <= 0 || expect > maxBody {
		return io.ReadAll(io.LimitReader(r, maxBody+1))
	}
	b := make([]byte, 0, expect+1)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF || len(b) > maxBody {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

// marshal is v as the system parameters want it; a mask is for good answers only.
// It is laid out in buffer.
func (c *call) marshal(buffer *[]byte, v any, fields mask) ([]byte, error) {
	compact, isRaw := v.(rawJSON)
	var err error
	if !isRaw {
		compact, err = rbm.Marshal(v)
	}
	if err == nil && fields != nil {
		compact, err = fields.apply(compact)
	}
	c.said.answer = compact // not what is in buffer, which is used again
	if err != nil || c.system.compact {
		return compact, err
	}
	*buffer = rbm.AppendPretty((*buffer)[:0], compact)
	return *buffer, nil
}

// answers are buffers in which answers are laid out.
var answers = sync.Pool{New: func() any { return new([]byte) }}

// largeAnswer is the size in bytes of a buffer that is not kept for another answer.
const largeAnswer = 64 << 10

// write sends v as Google does (facts/rbm-api.md §7.5).
func (c *call) write(status int, v any, fields mask) {
	c.status = status
	buffer := answers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= largeAnswer {
			answers.Put(buffer)
		}
	}()
	b, err := c.marshal(buffer, v, fields)
	if err != nil {
		c.log.ErrorContext(c.r.Context(), "answer", "path", c.route.path, "err", err)
		http.Error(c.w, "internal error", http.StatusInternalServerError)
		return
	}
	h := c.w.Header()
	maps.Copy(h, always)
	if c.system.callback != "" {
		h.Set("Content-Type", "text/javascript; charset=UTF-8")
		b = script(c.system.callback, b)
	}
	if len(b) >= minGzip && takesGzip(c.r) {
		h.Set("Content-Encoding", "gzip")
		b = packed(b)
	}
	h["Content-Length"] = []string{strconv.Itoa(len(b))}
	c.w.WriteHeader(status)
	_, _ = c.w.Write(b) // a client that has gone is no fault of ours
}

// always are the headers of every answer (facts/rbm-api.md §7.5). All answers share
// them: they are replaced, never changed.
var always = http.Header{
	"Content-Type":           {"application/json; charset=UTF-8"},
	"Cache-Control":          {"private"},
	"X-Content-Type-Options": {"nosniff"},
	"X-Frame-Options":        {"SAMEORIGIN"},
	"Vary":                   {"X-Origin", "Referer", "Origin,Accept-Encoding"},
}

// script is the JSONP of an answer. The comment keeps the callback's name from
// being the first bytes, which other programs than a browser may act upon.
func script(callback string, b []byte) []byte {
	b, err := jsontext.AppendFormat(nil, bytes.TrimSpace(b), jsontext.PreserveRawStrings(false), jsontext.EscapeForJS(true), jsontext.EscapeForHTML(true))
	if err != nil {
		b = []byte("{}") // it is JSON of our own making
	}
	return fmt.Appendf(nil, "/* API callback */\n%s(%s);\n", callback, b)
}

func (c *call) succeed(v any) {
	if v == nil {
		v = rawJSON("{}")
	}
	if _, written := v.(answered); !written {
		c.write(http.StatusOK, v, c.system.fields)
	}
}

// answered is the result of a function that has written its answer itself.
type answered struct{}

// fail sends err in Google's envelope (facts/rbm-api.md §4.1). What is not typed
// is our own fault: it goes whole to the log and without its text to the client.
func (c *call) fail(err error) {
	e := wireError(err)
	if c.cut {
		c.status = e.Code.HTTPStatus()
		return
	}
	if rbm.CodeOf(err) == rbm.CodeInternal {
		c.log.ErrorContext(c.r.Context(), "internal error", "method", c.route.method, "path", c.route.path, "err", err)
	}
	if e.Code == rbm.CodeUnauthenticated {
		c.w.Header().Set("WWW-Authenticate", auth.Challenge(e))
	}
	if e.RetryAfter > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	c.write(e.Code.HTTPStatus(), e.Envelope(c.system.legacy), nil)
}
