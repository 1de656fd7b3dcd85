package httpapi

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/openrbm/openrbm/internal/auth"
	"github.com/openrbm/openrbm/rbm"
)

// maxBody is the largest request body that is read, before and after
// decompression; messages have their own, smaller limit.
const maxBody = 1 << 20

// call is one request being answered.
type call struct {
	w      http.ResponseWriter
	r      *http.Request
	route  *route
	params []string // the values of the {names} in the path
	query  url.Values
	caller auth.Caller // of messaging routes
	log    *slog.Logger
	status int // of the answer
}

// rawJSON is an answer that is JSON already.
type rawJSON []byte

// systemParameters are taken by every method (facts/rbm-api.md §7.1), also with
// a '$' before them.
var systemParameters = []string{
	".xgafv", "access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser",
	"uploadType", "upload_protocol",
}

// parseQuery reads the query parameters and refuses those that the method does
// not have (facts/rbm-api.md §4.4).
func (c *call) parseQuery() error {
	var err error
	if c.query, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		return rbm.Errorf(rbm.CodeInvalidArgument, "The query string is malformed.")
	}
	if c.route.access == open {
		return nil
	}
	var unknown []string
	for name := range c.query {
		if !slices.Contains(c.route.query, camel(name)) && !slices.Contains(systemParameters, strings.TrimPrefix(name, "$")) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return unknownParameters(unknown)
	}
	for name, v := range c.query {
		if camel(name) != name && c.query.Get(camel(name)) == "" {
			c.query[camel(name)] = v
		}
	}
	return nil
}

func unknownParameters(names []string) error {
	violations := make([]rbm.Violation, len(names))
	for i, name := range names {
		violations[i].Description = fmt.Sprintf(
			"Invalid JSON payload received. Unknown name \"%s\": Cannot bind query parameter. Field '%s' could not be found in request message.", name, name)
	}
	return rbm.InvalidArgument(violations...)
}

// camel is the lowerCamelCase of a snake_case name: both spellings are accepted.
func camel(name string) string {
	if !strings.Contains(name, "_") {
		return name
	}
	var b strings.Builder
	for i, part := range strings.Split(name, "_") {
		if i > 0 && part != "" {
			part = strings.ToUpper(part[:1]) + part[1:]
		}
		b.WriteString(part)
	}
	return b.String()
}

// body reads the request's body, unpacked. A form is not JSON: its fields are
// parameters that no method has (facts/rbm-api.md §7.2).
func (c *call) body() ([]byte, error) {
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
	if t, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")); t == "application/x-www-form-urlencoded" && len(b) > 0 {
		return nil, unknownParameters([]string{string(b[:min(len(b), 1024)])})
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

// pretty says whether the answer is indented: unless the client asks otherwise
// (facts/rbm-api.md §7.1).
func (c *call) pretty() bool {
	for _, name := range []string{"prettyPrint", "$prettyPrint"} {
		if v, err := strconv.ParseBool(c.query.Get(name)); err == nil {
			return v
		}
	}
	return true
}

func (c *call) marshal(v any) ([]byte, error) {
	raw, isRaw := v.(rawJSON)
	switch {
	case isRaw && c.pretty():
		out, err := jsontext.AppendFormat(make([]byte, 0, 2*len(raw)), raw, jsontext.WithIndent("  "))
		return append(out, '\n'), err
	case isRaw:
		return raw, nil
	case c.pretty():
		return rbm.MarshalPretty(v)
	}
	return rbm.Marshal(v)
}

// write sends v as Google does (facts/rbm-api.md §7.5).
func (c *call) write(status int, v any) {
	c.status = status
	b, err := c.marshal(v)
	if err != nil {
		c.log.ErrorContext(c.r.Context(), "answer", "path", c.route.path, "err", err)
		http.Error(c.w, "internal error", http.StatusInternalServerError)
		return
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h.Set("Cache-Control", "private")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(b) // a client that has gone is no fault of ours
}

func (c *call) succeed(v any) {
	if v == nil {
		v = rawJSON("{}")
	}
	if _, written := v.(answered); !written {
		c.write(http.StatusOK, v)
	}
}

// answered is the result of a function that has written its answer itself.
type answered struct{}

// fail sends err in Google's envelope (facts/rbm-api.md §4.1). What is not typed
// is our own fault: it goes whole to the log and without its text to the client.
func (c *call) fail(err error) {
	e := rbm.AsError(err)
	if e.Code == rbm.CodeInternal {
		c.log.ErrorContext(c.r.Context(), "internal error", "method", c.route.method, "path", c.route.path, "err", err)
	}
	if e.Code == rbm.CodeUnauthenticated {
		c.w.Header().Set("WWW-Authenticate", auth.Challenge(e))
	}
	if e.RetryAfter > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	legacy := c.query.Get("$.xgafv") == "1"
	c.write(e.Code.HTTPStatus(), e.Envelope(legacy))
}
