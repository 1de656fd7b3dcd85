package httpapi

import (
	"bytes"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/openrbm/openrbm/internal/media"
	"github.com/openrbm/openrbm/rbm"
)

func TestParseContentRange(t *testing.T) {
	const unknown = media.Unknown
	for s, want := range map[string]contentRange{
		"bytes 0-1048575/3000000": {0, 1 << 20, 3000000, false},
		"bytes 0-262143/*":        {0, 262144, unknown, false},
		"bytes 5-5/6":             {5, 1, 6, false},
		" bytes 0-0/1 ":           {0, 1, 1, false},
		"bytes */3000000":         {0, 0, 3000000, true},
		"bytes */0":               {0, 0, 0, true},
		"bytes */*":               {0, 0, unknown, true},
	} {
		if got, ok := parseContentRange(s); !ok || got != want {
			t.Errorf("%q: %+v, %t", s, got, ok)
		}
	}
	for _, s := range []string{
		"", "bytes", "bytes ", "bytes 0-1", "bytes 0/1", "bytes 1-0/2", "bytes 0-2/2", "bytes -1-2/3", "bytes 0--1/2", "bytes a-b/c", "bytes 0-1/",
		"items 0-1/2", "bytes 0-1/2/3", "bytes +0-1/2", "bytes 0x0-1/2", "bytes 0-9223372036854775807/*", "bytes */-1", "bytes=0-1/2", "bytes 0 - 1/2",
	} {
		if got, ok := parseContentRange(s); ok {
			t.Errorf("%q: accepted as %+v", s, got)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-1/2", "bytes */2", "bytes 0-1/*", "bytes */*", "bytes 4611686018427387903-4611686018427387903/*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := parseContentRange(s)
		switch {
		case !ok:
		case r.query && (r.first != 0 || r.length != 0):
			t.Errorf("%q: a query with bytes: %+v", s, r)
		case !r.query && (r.first < 0 || r.length < 1 || r.first > math.MaxInt64-r.length):
			t.Errorf("%q: %+v", s, r)
		case r.total < media.Unknown || !r.query && r.total != media.Unknown && r.first+r.length > r.total:
			t.Errorf("%q: beyond the total: %+v", s, r)
		}
	})
}

const relatedType = `multipart/related; boundary="b"`

func related(parts ...string) string {
	var out strings.Builder
	for _, p := range parts {
		out.WriteString("--b\r\n" + p + "\r\n")
	}
	return out.String() + "--b--\r\n"
}

// readParts reads what uploadParts reads.
func readParts(contentType string, body io.Reader) (metadata, content []byte, kind string, err error) {
	p, err := newParts(body, contentType)
	if err != nil {
		return nil, nil, "", err
	}
	first, _, err := p.next()
	if err != nil {
		return nil, nil, "", err
	}
	if metadata, err = io.ReadAll(first); err != nil {
		return nil, nil, "", err
	}
	second, kind, err := p.next()
	if err != nil {
		return nil, nil, "", err
	}
	content, err = io.ReadAll(second)
	return metadata, content, kind, err
}

func TestParts(t *testing.T) {
	const head = "content-type: application/json\r\n\r\n{}"
	packed := string(packed([]byte("file")))
	for name, row := range map[string]struct{ contentType, body, content, wrong string }{
		"plain":          {relatedType, related(head, "content-type: image/png\r\n\r\nfile"), "file", ""},
		"no metadata":    {relatedType, related("\r\n", "content-type: image/png\r\n\r\nfile"), "file", ""},
		"preamble":       {relatedType, "hello\r\n" + related(head, "Content-Type: image/png\r\n\r\nfile"), "file", ""},
		"binary":         {relatedType, related(head, "Content-Transfer-Encoding: binary\r\nContent-Type: image/png\r\n\r\n\r\n--\r\n"), "\r\n--\r\n", ""},
		"base64":         {relatedType, related(head, "Content-Transfer-Encoding: BASE64\r\nContent-Type: image/png\r\n\r\nZmls\r\nZQ=="), "file", ""},
		"packed":         {relatedType, related(head, "Content-Encoding: gzip\r\nContent-Type: image/png\r\n\r\n"+packed), "file", ""},
		"bad base64":     {relatedType, related(head, "Content-Transfer-Encoding: base64\r\nContent-Type: image/png\r\n\r\n!!"), "", "damaged"},
		"bad gzip":       {relatedType, related(head, "Content-Encoding: gzip\r\nContent-Type: image/png\r\n\r\nfile"), "", "gzip"},
		"other coding":   {relatedType, related(head, "Content-Encoding: br\r\nContent-Type: image/png\r\n\r\nfile"), "", "br"},
		"one part":       {relatedType, related(head), "", "a part is missing"},
		"empty":          {relatedType, "", "", "a part"},
		"cut":            {relatedType, "--b\r\n" + head + "\r\n--b\r\ncontent-type: image/png\r\n\r\nfi", "", "cut short"},
		"no boundary":    {"multipart/related", related(head), "", "boundary"},
		"form":           {"multipart/form-data; boundary=b", related(head), "", "multipart/related"},
		"other boundary": {"multipart/related; boundary=c", related(head, head), "", "a part"},
	} {
		metadata, content, kind, err := readParts(row.contentType, strings.NewReader(row.body))
		if row.wrong != "" {
			if rbm.CodeOf(err) != rbm.CodeInvalidArgument || !strings.Contains(err.Error(), row.wrong) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || string(content) != row.content || kind != "image/png" || len(metadata) > 2 {
			t.Errorf("%s: %q, %q, %q, %v", name, metadata, content, kind, err)
		}
	}
}

// Whatever comes, it is read or refused as the client's fault.
func FuzzParts(f *testing.F) {
	f.Add(relatedType, []byte(related("content-type: application/json\r\n\r\n{}", "content-type: image/png\r\n\r\nfile")))
	f.Add(relatedType, []byte(related("\r\n", "Content-Transfer-Encoding: base64\r\n\r\nZg==")))
	f.Add("multipart/related; boundary=b", []byte("--b\r\n\r\n--b--"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		_, content, _, err := readParts(contentType, patient{r: bytes.NewReader(body)})
		if err != nil && rbm.CodeOf(err) != rbm.CodeInvalidArgument {
			t.Errorf("%v", err)
		}
		if len(content) > 1<<20+1100*len(body) { // gzip makes at most 1,032 of one
			t.Errorf("%d bytes of %d", len(content), len(body))
		}
	})
}

func TestUploadProtocol(t *testing.T) {
	for _, row := range []struct{ query, header, contentType, want string }{
		{"", "", "video/mp4", "media"},
		{"uploadType=media", "", "", "media"},
		{"upload_protocol=raw", "", "", "media"},
		{"$uploadType=media", "", "multipart/related; boundary=b", "media"},
		{"uploadType=multipart", "", "", "multipart"},
		{"", "", "multipart/related; boundary=b", "multipart"},
		{"upload_protocol=resumable", "", "", "resumable"},
		{"", "resumable", "", "resumable"},
		{"", "raw", "", "media"},
		{"uploadType=ftp", "", "", ""},
	} {
		query, err := url.ParseQuery(row.query)
		if err != nil {
			t.Fatal(err)
		}
		c := &call{query: query, r: &http.Request{Header: http.Header{
			"X-Goog-Upload-Protocol": {row.header}, "Content-Type": {row.contentType},
		}}}
		if got, err := c.uploadProtocol(); got != row.want || (err == nil) != (row.want != "") {
			t.Errorf("%+v: %q, %v", row, got, err)
		}
	}
}

// Whoever uploads at the slowest pace may go on; whoever trickles may not.
func TestUploadsAreNotTrickled(t *testing.T) {
	begin := time.Now()
	for _, c := range []struct {
		after time.Duration
		bytes int64
		want  time.Duration
	}{
		{0, 0, uploadPatience}, {time.Minute, 1, time.Minute}, {110 * time.Second, 2, 10 * time.Second}, {2 * time.Minute, 2, 0},
		{time.Hour, 3600 << 10, uploadPatience}, {time.Hour, 60, 2*time.Minute - time.Hour},
	} {
		p := pace{begin: begin, bytes: c.bytes}
		if got := p.left(begin.Add(c.after)); got != c.want {
			t.Errorf("after %v and %d bytes: %v, want %v", c.after, c.bytes, got, c.want)
		}
	}
}
